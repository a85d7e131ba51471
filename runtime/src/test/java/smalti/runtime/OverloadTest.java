package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.StringJoiner;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.runtime.BatchListener.Outcome;
import smalti.runtime.Ticket.Slice;

/** More comes than can be served, by a simulated clock: what is let in is served in time, and nothing is run in vain. */
@Timeout(120)
final class OverloadTest {
    private static final int SEEDS = Boolean.getBoolean("smalti.full") ? 30 : 1;
    private static final double RUN_MILLIS = 4;

    /**
     * Three times what can be served, each with a deadline: ends within it make up at least 95% of what can be served,
     * and who is not served is told at once. Of those that are let in, 99 of 100 end within it over many services whose
     * runs vary by a third or by a half.
     *
     * @param spread the standard deviation of the logarithm of a run's time
     */
    @ParameterizedTest
    @CsvSource({"1, 0.3", "2, 0.3", "4, 0.3", "1, 0.5", "2, 0.5", "8, 0.5"})
    void threeTimesTheCapacity(int lanes, double spread) {
        double millis = 0;
        long inTime = 0;
        long late = 0;
        long expired = 0;
        long admitted = 0;
        var places = new StringJoiner("\n");
        for (int seed = 0; seed < SEEDS; seed++) {
            try (var service = new Service(lanes, 16, seed, items -> RUN_MILLIS * items, spread)) {
                service.arrivals(3 * lanes / RUN_MILLIS, 2000, Duration.ofMillis(100));
                service.run();
                assertThat(service.refusedLater).as(service.toString()).isZero();
                millis += service.millis();
                inTime += service.inTime(100);
                late += service.count(Outcome.COMPLETED) - service.inTime(100);
                expired += service.count(Outcome.EXPIRED);
                admitted += service.admitted();
                places.add(service.toString());
            }
        }
        var all = places.toString();
        assertThat(inTime / millis).as(all).isGreaterThan(0.95 * lanes / RUN_MILLIS);
        assertThat((double) late / admitted).as(all).isLessThanOrEqualTo(0.01);
        assertThat((double) expired / admitted).as(all).isLessThanOrEqualTo(0.01);
    }

    /** A GPU of one's own: sixteen items cost little more than one, and runs vary by a tenth. */
    @Test
    void threeTimesTheCapacityOfADeviceThatBatches() {
        double capacity = 16 / 7.0;
        for (int seed = 0; seed < SEEDS; seed++) {
            try (var service = new Service(1, 16, seed, items -> 3 + 0.25 * items, 0.1)) {
                service.arrivals(3 * capacity, 1000, Duration.ofMillis(60));
                service.run();
                var place = service.toString();
                assertThat(service.inTime(60) / service.millis()).as(place).isGreaterThan(0.95 * capacity);
                assertThat(service.percentile(0.99)).as(place).isLessThanOrEqualTo(60);
            }
        }
    }

    /** Where all can be served, all are. */
    @ParameterizedTest
    @ValueSource(doubles = {0.3, 0.6, 0.8})
    void belowTheCapacityNobodyIsRefused(double load) {
        try (var service = new Service(2, 16, 11, items -> RUN_MILLIS * items, 0.3)) {
            service.arrivals(load * 2 / RUN_MILLIS, 2000, Duration.ofMillis(100));
            service.run();
            assertThat(service.count(Outcome.COMPLETED)).as("%s", service).isEqualTo(service.asked);
        }
    }

    /** The machine becomes five times slower and recovers: what was learnt is learnt anew. */
    @Test
    void aMachineThatIsSlowForAWhileServesAgain() {
        try (var service = new Service(2, 16, 3, items -> RUN_MILLIS * items, 0.3)) {
            service.at(1000, () -> service.slowness = 5);
            service.at(2000, () -> service.slowness = 1);
            service.arrivals(0.6 * 2 / RUN_MILLIS, 5000, Duration.ofMillis(100));
            service.run();
            assertThat(service.completedBetween(3000, 5000)).as("%s", service).isGreaterThan((int)
                    (0.97 * service.askedBetween(3000, 5000)));
        }
    }

    /** Urgent requests are let in and served however many others wait. */
    @Test
    void urgentRequestsAreServedInAnyOverload() {
        try (var service = new Service(2, 16, 9, items -> RUN_MILLIS * items, 0.3)) {
            service.arrivals(3 * 2 / RUN_MILLIS, 3000, Duration.ofMillis(200));
            var urgent = new ArrayList<CompletableFuture<String>>();
            for (int millis = 500; millis < 2500; millis += 20) {
                service.at(
                        millis,
                        () -> urgent.add(service.ask(RequestOptions.defaults()
                                .withTimeout(Duration.ofMillis(60))
                                .withPriority(Priority.HIGH))));
            }
            service.run();
            assertThat(urgent)
                    .hasSize(100)
                    .allSatisfy(future -> assertThat(future.join()).isEqualTo("done"));
        }
    }

    /** One who asks for little is not refused for the sake of one who asks for much. */
    @Test
    void aModestCallerIsLetInBesideAGreedyOne() {
        try (var service = new Service(2, 4, 9, items -> RUN_MILLIS * items, 0.3)) {
            var greedy = RequestOptions.defaults().withCaller("greedy");
            for (int i = 0; i < 900; i++) {
                service.at(0, () -> service.tell(greedy));
            }
            var modest = new ArrayList<CompletableFuture<String>>();
            for (int millis = 100; millis < 1600; millis += 25) {
                service.at(
                        millis,
                        () -> modest.add(service.ask(RequestOptions.defaults()
                                .withTimeout(Duration.ofMillis(100))
                                .withCaller("modest"))));
            }
            service.run();
            assertThat(modest)
                    .hasSize(60)
                    .allSatisfy(future -> assertThat(future.join()).isEqualTo("done"));
        }
    }

    /** What cannot be done in time where something waits is refused with the reason, and what could be is not. */
    @Test
    void aRefusalSaysHowLongItWouldTake() {
        try (var service = new Service(1, 1, 1, items -> 10 * items, 0)) {
            for (int i = 0; i < 30; i++) {
                service.at(i * 20, () -> service.tell(RequestOptions.defaults()));
            }
            var hurried = new ArrayList<CompletableFuture<String>>();
            service.at(1000, () -> {
                for (int i = 0; i < 20; i++) {
                    service.tell(RequestOptions.defaults());
                }
                hurried.add(service.ask(RequestOptions.defaults().withTimeout(Duration.ofMillis(100))));
                hurried.add(service.ask(RequestOptions.defaults().withTimeout(Duration.ofMillis(300))));
            });
            service.run();
            assertThat(hurried.get(0))
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOfSatisfying(QueueFullException.class, e -> {
                        assertThat(e.depth()).isEqualTo(20);
                        // what is done in 100 ms may stay
                        assertThat(e.estimate()).isBetween(Duration.ofMillis(100), Duration.ofMillis(180));
                    })
                    .withMessageContaining("1 more cannot be done in 100 ms where 20 wait already");
            assertThat(hurried.get(1).join()).isEqualTo("done");
        }
    }

    /**
     * Whoever comes again after what the refusal says is let in, where nothing else came: of requests of all sizes,
     * refused as the queue is full or as they would be late.
     */
    @ParameterizedTest
    @CsvSource({"1, 0.1", "1, 0.5", "2, 0.3", "4, 0.5"})
    void whoComesAgainWhenARefusalSaysIsLetIn(int lanes, double spread) {
        int refused = 0;
        int again = 0;
        for (int seed = 0; seed < 3 * SEEDS; seed++) {
            try (var service = new Service(lanes, 16, 48, seed, items -> RUN_MILLIS * items, spread)) {
                var random = new Random(seed);
                var late = new ArrayList<CompletableFuture<String>>();
                var refusals = new ArrayList<QueueFullException>();
                for (int burst = 0; burst < 60; burst++) {
                    int items = 1 + random.nextInt(burst % 3 == 0 ? 40 : 6);
                    var options = burst % 2 == 0
                            ? RequestOptions.defaults()
                            : RequestOptions.defaults().withTimeout(Duration.ofMillis(20 + random.nextInt(60)));
                    service.at(burst * 2000.0, () -> {
                        while (service.batcher.depth() < 47) {
                            service.tell(RequestOptions.defaults());
                        }
                        var first = service.ask(items, options);
                        if (first.isCompletedExceptionally()) {
                            var refusal = (QueueFullException)
                                    first.handle((done, failure) -> failure).join();
                            refusals.add(refusal);
                            service.in(refusal.estimate(), () -> late.add(service.ask(items, options)));
                        }
                    });
                }
                service.run();
                refused += refusals.size();
                again += (int) late.stream()
                        .filter(future -> !future.isCompletedExceptionally()
                                || !(future.handle((done, failure) -> failure).join() instanceof QueueFullException))
                        .count();
                assertThat(refusals)
                        .allSatisfy(refusal -> assertThat(refusal.estimate())
                                .isBetween(
                                        Duration.ofMillis(1),
                                        Duration.ofNanos(Simulation.millis(
                                                RUN_MILLIS * (2.5 * refusal.depth() / lanes + 2 * 16)))));
            }
        }
        assertThat(refused).isGreaterThan(100);
        assertThat(again).as("of %s", refused).isGreaterThanOrEqualTo((int) Math.ceil(0.95 * refused));
    }

    /** Before the first batch ended nothing is known but for how long it is run. */
    @Test
    void aRefusalSaysSomethingBeforeTheFirstBatchEnded() {
        try (var service = new Service(1, 4, 8, 1, items -> 1000, 0)) {
            var other = Demand.of("unseen", 1);
            var refusals = new ArrayList<QueueFullException>();
            service.at(0, () -> {
                for (int i = 0; i < 8; i++) {
                    service.tell(other);
                }
            });
            // in the place of the first four, which are run
            service.at(1, () -> {
                for (int i = 0; i < 4; i++) {
                    service.tell(other);
                }
            });
            service.at(600, () -> service.refused(other).ifPresent(refusals::add));
            service.run();
            assertThat(refusals)
                    .singleElement()
                    .satisfies(refusal ->
                            assertThat(refusal.estimate()).isBetween(Duration.ofMillis(600), Duration.ofSeconds(3)));
        }
    }

    /**
     * How a request ended that was let in.
     *
     * @param nanos since its arrival
     */
    private record End(long time, long nanos, Outcome outcome) {}

    /** A batcher in a simulated world: its runs take their time there. */
    private static final class Service implements AutoCloseable {
        private final Simulation world = new Simulation();
        private final Random random;
        private final ToDoubleFunction<Integer> runMillis;
        private final double spread;
        private final String place;
        private final Batcher<String> batcher;
        private final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
        private final List<End> ends = new ArrayList<>();
        private final List<Long> arrivals = new ArrayList<>();
        private final long start;
        private double slowness = 1;
        private int asked;
        private int refusedLater;
        private boolean isAsking;

        /**
         * @param spread of the times of runs: the standard deviation of their logarithm
         */
        Service(int lanes, int maxBatch, long seed, ToDoubleFunction<Integer> runMillis, double spread) {
            this(lanes, maxBatch, 1024, seed, runMillis, spread);
        }

        Service(
                int lanes,
                int maxBatch,
                int maxWaiting,
                long seed,
                ToDoubleFunction<Integer> runMillis,
                double spread) {
            this.random = new Random(seed);
            this.runMillis = runMillis;
            this.spread = spread;
            this.place = lanes + " lanes, seed " + seed;
            this.batcher = new Batcher<>(
                    "simulated",
                    (batch, alone, stop) -> {
                        int items = batch.stream().mapToInt(Slice::count).sum();
                        double noise = Math.exp(spread * random.nextGaussian() - spread * spread / 2);
                        world.pass(Simulation.millis(runMillis.applyAsDouble(items) * noise * slowness));
                        return 0;
                    },
                    new BatchSettings(maxBatch, maxWaiting, ThreadBudget.of(lanes), 1, 1),
                    new Ends(),
                    world,
                    world);
            world.execute(() -> {
                for (int items = 1; items <= maxBatch; items *= 2) {
                    batcher.warm("request", Demand.of("kind", items));
                }
            });
            world.run();
            this.start = world.nanos();
        }

        /** @param millis from when the service is warm */
        void at(double millis, Runnable what) {
            world.at(start + Simulation.millis(millis), what);
        }

        /** Requests at random moments. */
        void arrivals(double perMilli, double untilMillis, Duration timeout) {
            double millis = 0;
            while (true) {
                millis -= Math.log(1 - random.nextDouble()) / perMilli;
                if (millis > untilMillis) {
                    return;
                }
                at(millis, () -> tell(RequestOptions.defaults().withTimeout(timeout)));
            }
        }

        /** Whose end the listener is told. */
        void tell(RequestOptions options) {
            var unused = ask(options);
        }

        void in(Duration time, Runnable what) {
            world.at(world.nanos() + time.toNanos(), what);
        }

        void tell(Demand demand) {
            var unused = ask(demand, RequestOptions.defaults());
        }

        Optional<QueueFullException> refused(Demand demand) {
            var failure = ask(demand, RequestOptions.defaults())
                    .handle((done, thrown) -> thrown)
                    .getNow(null);
            return failure instanceof QueueFullException refusal ? Optional.of(refusal) : Optional.empty();
        }

        CompletableFuture<String> ask(RequestOptions options) {
            return ask(1, options);
        }

        CompletableFuture<String> ask(int items, RequestOptions options) {
            return ask(Demand.of("kind", items), options);
        }

        private CompletableFuture<String> ask(Demand demand, RequestOptions options) {
            asked++;
            arrivals.add(world.nanos());
            isAsking = true;
            var future = batcher.submit("request", demand, options, () -> "done");
            isAsking = false;
            return future;
        }

        void run() {
            world.run();
            assertThat(outcomes.values().stream().mapToInt(Integer::intValue).sum())
                    .as("%s ended", place)
                    .isEqualTo(asked);
            assertThat(batcher.depth()).isZero();
        }

        double millis() {
            return (world.nanos() - start) / 1e6;
        }

        int count(Outcome outcome) {
            return outcomes.getOrDefault(outcome, 0);
        }

        int admitted() {
            return asked - count(Outcome.REFUSED);
        }

        /** Milliseconds from the arrival to the end of those that were let in. */
        double percentile(double part) {
            var sorted = ends.stream().mapToLong(End::nanos).sorted().toArray();
            return sorted[(int) Math.ceil(part * sorted.length) - 1] / 1e6;
        }

        /** How many were completed within their time. */
        long inTime(double millis) {
            return ends.stream()
                    .filter(end -> end.outcome == Outcome.COMPLETED && end.nanos <= millis * 1e6)
                    .count();
        }

        int completedBetween(double from, double to) {
            return (int) ends.stream()
                    .filter(end -> end.outcome == Outcome.COMPLETED)
                    .filter(end -> isBetween(end.time - end.nanos, from, to))
                    .count();
        }

        int askedBetween(double from, double to) {
            return (int)
                    arrivals.stream().filter(time -> isBetween(time, from, to)).count();
        }

        private boolean isBetween(long time, double from, double to) {
            double millis = (time - start) / 1e6;
            return millis >= from && millis < to;
        }

        @Override
        public String toString() {
            return place + ", runs of " + runMillis.applyAsDouble(1) + " ms ± " + spread + ": " + asked + " asked, "
                    + outcomes + ", 99% in " + percentile(0.99) + " ms, " + millis() + " ms in all";
        }

        @Override
        public void close() {
            world.close();
        }

        private final class Ends implements BatchListener {
            @Override
            public void batch(int items, long copyNanos, long runNanos) {}

            @Override
            public void request(Outcome outcome, int items, long queuedNanos, long totalNanos) {
                outcomes.merge(outcome, 1, Integer::sum);
                if (outcome == Outcome.REFUSED) {
                    refusedLater += isAsking ? 0 : 1;
                } else {
                    ends.add(new End(world.nanos(), totalNanos, outcome));
                }
            }
        }
    }
}
