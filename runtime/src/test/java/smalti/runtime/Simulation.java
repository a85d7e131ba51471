package smalti.runtime;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A clock and threads of a world of their own, for code that waits, run and expire by a {@link Ticker}: one thread runs
 * at a time, and time passes only while each waits for it. So a day takes a second, and the same one each time.
 *
 * <p>Tasks of {@link #execute} spend time by {@link #pass}; what comes from outside is told by {@link #at}.
 */
final class Simulation implements Ticker, Executor, AutoCloseable {
    private final java.util.concurrent.ExecutorService pool = Executors.newCachedThreadPool();
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::time).thenComparing(Event::number));
    private final Semaphore isOver = new Semaphore(0);
    private final List<Throwable> failures = new ArrayList<>();
    private long now;
    private long number;

    private record Event(long time, long number, Runnable what) {}

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public Future<?> after(long nanos, Runnable task) {
        var due = new CompletableFuture<Void>();
        at(now + Math.max(0, nanos), () -> {
            if (due.complete(null)) {
                task.run();
            }
        });
        return due;
    }

    /** Something that happens at a time, on the thread of {@link #run}; it must not wait. */
    void at(long time, Runnable what) {
        events.add(new Event(time, number++, what));
    }

    @Override
    public void execute(Runnable task) {
        at(
                now,
                () -> resume(() -> pool.execute(() -> {
                    try {
                        task.run();
                    } catch (RuntimeException | Error e) {
                        failures.add(e);
                    } finally {
                        isOver.release();
                    }
                })));
    }

    /** Lets time pass for the task that calls it. */
    void pass(long nanos) {
        var turn = new Semaphore(0);
        at(now + nanos, () -> resume(turn::release));
        isOver.release();
        turn.acquireUninterruptibly();
    }

    /** Lets a task go on until it waits or ends. */
    private void resume(Runnable start) {
        start.run();
        isOver.acquireUninterruptibly();
    }

    /** Lives until nothing is left to happen. */
    void run() {
        for (var event = events.poll(); event != null; event = events.poll()) {
            now = event.time;
            event.what.run();
        }
        if (!failures.isEmpty()) {
            throw new AssertionError("a task failed", failures.get(0));
        }
    }

    static long millis(double millis) {
        return Math.round(millis * TimeUnit.MILLISECONDS.toNanos(1));
    }

    @Override
    public void close() {
        pool.shutdown();
    }
}
