package smalti.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import smalti.runtime.DeadlineException;
import smalti.runtime.Generation;
import smalti.runtime.QueueFullException;
import smalti.runtime.RequestOptions;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;

/**
 * What becomes of three times as many requests as can be served, each with a deadline. In turns within one run: a
 * closed loop of some callers says what can be served, then requests come at random moments at three times that rate.
 * Prints medians over rounds, with their 95% intervals.
 *
 * <p>Times run from when a request was due. The requests are made on the same machine, and cost it something.
 */
public final class OverloadRun {
    private static final int ROUNDS = 6;
    private static final long ROUND_NANOS = 4_000_000_000L;
    private static final int CALLERS = 32;
    private static final int TIMES = 3;

    /** A deadline is what so many requests take. */
    private static final int REQUESTS_OF_DEADLINE = 60;

    private static final long LEAST_DEADLINE_MILLIS = 50;

    private final Function<RequestOptions, CompletableFuture<?>> ask;

    private OverloadRun(Function<RequestOptions, CompletableFuture<?>> ask) {
        this.ask = ask;
    }

    /** @param args a bundle, and for a codec how many codes a picture has on each side */
    public static void main(String[] args) throws InterruptedException {
        if (args.length < 1 || args.length > 2) {
            throw new SpecException("usage: bench/overload BUNDLE [SIDE]");
        }
        boolean holds;
        try (var model = SmaltiModel.open(Path.of(args[0]), RuntimeOptions.defaults())) {
            model.warm();
            var run = new OverloadRun(asker(model, args.length == 2 ? Integer.parseInt(args[1]) : 16));
            holds = run.rounds();
        }
        System.exit(holds ? 0 : 1);
    }

    private static Function<RequestOptions, CompletableFuture<?>> asker(SmaltiModel model, int side) {
        if (model.hasCodec()) {
            var codec = model.codec();
            var one = Timing.codes(model, side, 1);
            return options -> codec.with(options).decodeAsync(one);
        }
        var generator = model.generator();
        var one = model.manifest().contracts().classes().isEmpty()
                ? Generation.of(1, 7)
                : Generation.of(1, 7).ofClass(0);
        return options -> generator.with(options).generateAsync(one);
    }

    private boolean rounds() throws InterruptedException {
        var capacities = new ArrayList<Double>();
        var goodputs = new ArrayList<Double>();
        var ratios = new ArrayList<Double>();
        var waits = new ArrayList<Double>();
        var lasts = new ArrayList<Double>();
        var refusals = new ArrayList<Double>();
        var lateRefusals = new ArrayList<Double>();
        var parts = new ArrayList<Double>();
        for (int round = -1; round < ROUNDS; round++) {
            double capacity = capacity();
            var deadline = Duration.ofMillis(
                    Math.max(LEAST_DEADLINE_MILLIS, Math.round(1000 * REQUESTS_OF_DEADLINE / capacity)));
            var ends = overload(TIMES * capacity, deadline, round);
            double again = capacity();
            if (round >= 0) {
                double mean = (capacity + again) / 2;
                System.out.printf(
                        Locale.ROOT,
                        "round %d: %.0f a second can be served, then %.0f; deadline %d ms; %s%n",
                        round + 1,
                        capacity,
                        again,
                        deadline.toMillis(),
                        ends);
                capacities.add(mean);
                goodputs.add(ends.goodput());
                ratios.add(ends.goodput() / mean);
                waits.add(percentile(ends.accepted, 0.5) / deadline.toNanos());
                lasts.add(percentile(ends.accepted, 0.99) / deadline.toNanos());
                refusals.add(percentile(ends.refusals, 0.5) / 1000);
                lateRefusals.add(percentile(ends.refusals, 0.99) / 1000);
                parts.add((double) ends.refusals.size() / ends.asked);
            }
        }
        Timing.print("can be served, a second", capacities);
        Timing.print("served in time at three times that, a second", goodputs);
        Timing.print("served in time / can be served", ratios);
        Timing.print("let in: 50% end within, of the deadline", waits);
        Timing.print("let in: 99% end within, of the deadline", lasts);
        Timing.print("refused, of all", parts);
        Timing.print("refusing: 50% within, µs", refusals);
        Timing.print("refusing: 99% within, µs", lateRefusals);
        boolean holds = Timing.median(ratios) >= 0.95 && Timing.median(lasts) <= 1;
        System.out.println((holds ? "holds" : "does not hold")
                + ": 95% of what can be served is, and 99% of what is let in in time");
        return holds;
    }

    /** Requests a second of callers that each wait for their own. */
    private double capacity() throws InterruptedException {
        var done = new LongAdder();
        var stop = new AtomicBoolean();
        var callers = new CountDownLatch(CALLERS);
        for (int i = 0; i < CALLERS; i++) {
            again(done, stop, callers);
        }
        Thread.sleep(ROUND_NANOS / 8_000_000);
        long before = done.sum();
        long start = System.nanoTime();
        Thread.sleep(ROUND_NANOS / 2_000_000);
        double rate = (done.sum() - before) * 1e9 / (System.nanoTime() - start);
        stop.set(true);
        callers.await();
        return rate;
    }

    private void again(LongAdder done, AtomicBoolean stop, CountDownLatch callers) {
        var unused = ask.apply(RequestOptions.defaults()).whenComplete((answer, failure) -> {
            done.increment();
            if (stop.get() || failure != null) {
                callers.countDown();
            } else {
                again(done, stop, callers);
            }
        });
    }

    private Ends overload(double perSecond, Duration deadline, int seed) {
        var ends = new Ends(deadline);
        var options = RequestOptions.defaults().withTimeout(deadline);
        var open = new Phaser(1);
        long start = System.nanoTime();
        ends.asked = new Arrivals(perSecond, seed).during(ROUND_NANOS, due -> {
            long asked = System.nanoTime();
            var future = ask.apply(options);
            if (future.isCompletedExceptionally() && failure(future) instanceof QueueFullException) {
                ends.refusals.add(System.nanoTime() - asked);
            } else {
                open.register();
                var unused = future.whenComplete((answer, failure) -> {
                    ends.add(System.nanoTime() - due, failure);
                    open.arriveAndDeregister();
                });
            }
        });
        ends.nanos = System.nanoTime() - start;
        open.arriveAndAwaitAdvance();
        return ends;
    }

    private static @Nullable Throwable failure(CompletableFuture<?> future) {
        return future.handle((answer, failure) -> cause(failure)).join();
    }

    private static @Nullable Throwable cause(@Nullable Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** How the requests of a round ended. */
    private static final class Ends {
        private final Duration deadline;
        /** Nanoseconds from when each was due. */
        private final ConcurrentLinkedQueue<Long> accepted = new ConcurrentLinkedQueue<>();

        private final LongAdder inTime = new LongAdder();
        private final LongAdder late = new LongAdder();
        private final LongAdder expired = new LongAdder();
        private final LongAdder failed = new LongAdder();
        private final List<Long> refusals = new ArrayList<>();
        private int asked;
        private long nanos;

        Ends(Duration deadline) {
            this.deadline = deadline;
        }

        void add(long nanos, @Nullable Throwable failure) {
            accepted.add(nanos);
            if (failure == null) {
                (nanos <= deadline.toNanos() ? inTime : late).increment();
            } else {
                (cause(failure) instanceof DeadlineException ? expired : failed).increment();
            }
        }

        double goodput() {
            return inTime.sum() * 1e9 / nanos;
        }

        @Override
        public String toString() {
            return asked + " asked: " + refusals.size() + " refused, " + inTime + " in time, " + late + " late, "
                    + expired + " expired, " + failed + " failed";
        }
    }

    private static double percentile(Iterable<Long> values, double part) {
        var all = new ArrayList<Long>();
        values.forEach(all::add);
        var sorted = all.stream().mapToLong(Long::longValue).sorted().toArray();
        return sorted.length == 0 ? 0 : sorted[(int) Math.ceil(part * sorted.length) - 1];
    }
}
