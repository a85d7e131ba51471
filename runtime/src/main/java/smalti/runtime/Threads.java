package smalti.runtime;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The threads of this runtime: daemons, made when they are needed and gone when they are not. */
final class Threads {
    /** Runs batches. */
    static final Executor SERVERS = Executors.newCachedThreadPool(task -> daemon("smalti-run-", task));

    /** Wakes up for deadlines. */
    static final ScheduledThreadPoolExecutor CLOCK = clock();

    private static final AtomicInteger NUMBERS = new AtomicInteger();
    private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

    private Threads() {}

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

    private static ScheduledThreadPoolExecutor clock() {
        var clock = new ScheduledThreadPoolExecutor(1, task -> daemon("smalti-clock-", task));
        clock.setRemoveOnCancelPolicy(true);
        clock.setKeepAliveTime(10, TimeUnit.SECONDS);
        clock.allowCoreThreadTimeOut(true);
        return clock;
    }

    private static Thread daemon(String name, Runnable task) {
        var thread = new Thread(task, name + NUMBERS.incrementAndGet());
        thread.setDaemon(true);
        return thread;
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
