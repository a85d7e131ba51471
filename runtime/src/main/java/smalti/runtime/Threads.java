package smalti.runtime;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The threads of this runtime: daemons, made when they are needed and gone when they are not, at once where no model is
 * open, so that they hold nothing of an application that ended. They inherit nothing from the thread that asks first.
 */
final class Threads {
    /** Runs batches. */
    static final ThreadPoolExecutor SERVERS = servers();

    /** Wakes up for deadlines. */
    static final ScheduledThreadPoolExecutor CLOCK = clock();

    private static final Duration SERVERS_IDLE = Duration.ofSeconds(60);
    private static final Duration CLOCK_IDLE = Duration.ofSeconds(10);
    private static final Duration AT_ONCE = Duration.ofMillis(1);
    private static final AtomicInteger NUMBERS = new AtomicInteger();
    private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

    private static int models;

    private Threads() {}

    /** A model was opened: idle threads wait for more to do. */
    static synchronized void opened() {
        models++;
        if (models == 1) {
            keep(SERVERS_IDLE, CLOCK_IDLE);
        }
    }

    /** A model was closed, and nothing of it runs any more. */
    static synchronized void closed() {
        models--;
        if (models == 0) {
            keep(AT_ONCE, AT_ONCE);
        }
    }

    private static void keep(Duration servers, Duration clock) {
        SERVERS.setKeepAliveTime(servers.toNanos(), TimeUnit.NANOSECONDS);
        CLOCK.setKeepAliveTime(clock.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Whether a run would hold up other virtual threads: native calls pin the thread that carries them. */
    static boolean currentIsVirtual() {
        if (IS_VIRTUAL == null) {
            return false;
        }
        try {
            return (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread());
        } catch (Throwable e) {
            throw new IllegalStateException("Thread.isVirtual throws nothing", e);
        }
    }

    private static ThreadPoolExecutor servers() {
        return new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                1,
                TimeUnit.MILLISECONDS,
                new SynchronousQueue<>(),
                task -> daemon("smalti-run-", task));
    }

    private static ScheduledThreadPoolExecutor clock() {
        var clock = new ScheduledThreadPoolExecutor(1, task -> daemon("smalti-clock-", task));
        clock.setRemoveOnCancelPolicy(true);
        clock.setKeepAliveTime(1, TimeUnit.MILLISECONDS);
        clock.allowCoreThreadTimeOut(true);
        return clock;
    }

    private static Thread daemon(String name, Runnable task) {
        var thread = new Thread(null, task, name + NUMBERS.incrementAndGet(), 0, false);
        prepare(thread);
        return thread;
    }

    /** Before it starts. */
    static void prepare(Thread thread) {
        thread.setDaemon(true);
        thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
    }

    /** There since Java 21. */
    private static @Nullable MethodHandle isVirtual() {
        try {
            return MethodHandles.publicLookup()
                    .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }
}
