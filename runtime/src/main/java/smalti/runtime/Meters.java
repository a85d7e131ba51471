package smalti.runtime;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.stream.Stream;

/**
 * What a graph tells its meters; docs/guide/metrics.md has their meaning.
 *
 * <p>Graphs of the same names in one registry, as while one model takes over from another, have their meters together.
 * They leave the registry when the last of the graphs is closed.
 */
final class Meters implements BatchListener, AutoCloseable {
    private static final Map<Names, Shared> SHARED = new HashMap<>();

    private final Names names;
    private final Shared shared;
    private volatile IntSupplier depth = () -> 0;

    /**
     * @param model its name
     * @param graph such as detokenize
     * @param device that it runs on
     */
    Meters(MeterRegistry registry, String model, String graph, String device) {
        this.names = new Names(registry, model, graph, device);
        synchronized (SHARED) {
            this.shared = SHARED.computeIfAbsent(names, Shared::new);
            shared.users.add(this);
        }
    }

    /** Shows how many items wait. */
    void depth(IntSupplier depth) {
        this.depth = depth;
    }

    /** Counts devices that were passed over for this one. */
    void fallbacks(int count) {
        shared.fallbacks.increment(count);
    }

    @Override
    public void batch(int items, long copyNanos, long runNanos) {
        shared.sizes.record(items);
        shared.copy.record(copyNanos, TimeUnit.NANOSECONDS);
        shared.run.record(runNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void request(Outcome outcome, int items, long queuedNanos, long totalNanos) {
        if (outcome != Outcome.REFUSED) {
            shared.queue.record(queuedNanos, TimeUnit.NANOSECONDS);
        }
        if (outcome == Outcome.COMPLETED) {
            shared.time.record(totalNanos, TimeUnit.NANOSECONDS);
        }
        of(shared.requests, outcome).increment();
        of(shared.items, outcome).increment(items);
    }

    /** Again, it does nothing. */
    @Override
    public void close() {
        synchronized (SHARED) {
            if (shared.users.remove(this) && shared.users.isEmpty()) {
                SHARED.remove(names);
                shared.all.forEach(names.registry::remove);
            }
        }
    }

    private static Counter of(Map<Outcome, Counter> counters, Outcome outcome) {
        var counter = counters.get(outcome);
        if (counter == null) {
            throw new IllegalStateException("every outcome has its counter");
        }
        return counter;
    }

    private record Names(MeterRegistry registry, String model, String graph, String device) {
        Tags tags() {
            return Tags.of("model", model, "graph", graph, "device", device);
        }
    }

    /** The meters of some names. */
    private static final class Shared {
        /**
         * From 10 microseconds to a minute, at most a factor of 2 apart, so that a quantile between two of them is off
         * by less. Micrometer's own buckets would be more than twice as many.
         */
        private static final Duration[] TIMES = Stream.concat(
                        Stream.of(1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7)
                                .flatMap(micros ->
                                        Stream.of(1.0, 1.5, 2.0, 3.0, 5.0, 7.0).map(step -> step * micros))
                                .filter(micros -> micros <= 3e7),
                        Stream.of(6e7))
                .map(micros -> Duration.ofNanos(Math.round(micros * 1000)))
                .toArray(Duration[]::new);

        /** Up to the largest {@link RuntimeOptions#maxBatch}. */
        private static final double[] SIZES = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

        private final MeterRegistry registry;
        private final Tags tags;
        private final Set<Meters> users = ConcurrentHashMap.newKeySet();
        private final List<Meter> all = new ArrayList<>();
        private final Map<Outcome, Counter> requests = new EnumMap<>(Outcome.class);
        private final Map<Outcome, Counter> items = new EnumMap<>(Outcome.class);
        private final Timer time;
        private final Timer queue;
        private final Timer copy;
        private final Timer run;
        private final DistributionSummary sizes;
        private final Counter fallbacks;

        Shared(Names names) {
            this.registry = names.registry;
            this.tags = names.tags();
            // all of them from the start: what has never been 0 cannot be seen to grow
            for (var outcome : Outcome.values()) {
                var of = tags.and("outcome", outcome.name().toLowerCase(Locale.ROOT));
                requests.put(outcome, counter("smalti.requests", "Requests that ended", of));
                items.put(outcome, counter("smalti.items", "Items of the requests that ended", of));
            }
            this.time = timer("smalti.request.time", "From a completed request's arrival until its end");
            this.queue = timer("smalti.queue.time", "From a request's arrival until its first item is dispatched");
            this.copy = timer("smalti.batch.copy.time", "Bringing a batch together and its answers back");
            this.run = timer("smalti.batch.run.time", "A batch in ONNX Runtime");
            this.sizes = added(DistributionSummary.builder("smalti.batch.size")
                    .description("Items of a batch")
                    .tags(tags)
                    .serviceLevelObjectives(SIZES)
                    .register(registry));
            this.fallbacks = counter(
                    "smalti.device.fallbacks",
                    "Devices that come before this one in the choice and cannot run the graph",
                    tags);
            added(Gauge.builder("smalti.queue.depth", users, Shared::depth)
                    .description("Items that wait")
                    .tags(tags)
                    .strongReference(true)
                    .register(registry));
        }

        private static double depth(Set<Meters> users) {
            return users.stream().mapToInt(user -> user.depth.getAsInt()).sum();
        }

        private Counter counter(String name, String description, Tags tags) {
            return added(
                    Counter.builder(name).description(description).tags(tags).register(registry));
        }

        private Timer timer(String name, String description) {
            return added(Timer.builder(name)
                    .description(description)
                    .tags(tags)
                    .serviceLevelObjectives(TIMES)
                    .register(registry));
        }

        private <M extends Meter> M added(M meter) {
            all.add(meter);
            return meter;
        }
    }
}
