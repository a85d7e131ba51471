package smalti.bench;

import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/** Requests that come at random moments, whether or not those before them are served: an open loop. */
final class Arrivals {
    private final double perSecond;
    private final Random random;

    /** @param perSecond on average */
    Arrivals(double perSecond, long seed) {
        this.perSecond = perSecond;
        this.random = new Random(seed);
    }

    /**
     * Calls for each, on this thread, until the time is over; one that is due while another is asked for comes at once
     * after it.
     *
     * @param ask is given when the request was due, by {@link System#nanoTime}
     * @return how many there were
     */
    int during(long nanos, LongConsumer ask) {
        long end = System.nanoTime() + nanos;
        double due = System.nanoTime();
        int count = 0;
        while (true) {
            due -= Math.log(1 - random.nextDouble()) / perSecond * 1e9;
            long next = Math.round(due);
            if (next - end >= 0) {
                return count;
            }
            for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            ask.accept(next);
            count++;
        }
    }
}
