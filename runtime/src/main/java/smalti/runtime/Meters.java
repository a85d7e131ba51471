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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntSupplier;

/** One graph's meters; docs/guide/metrics.md has their meaning. Closing takes them out of the registry. */
final class Meters implements BatchListener, AutoCloseable {
    private static final Duration SHORTEST = Duration.ofNanos(50_000);
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final MeterRegistry registry;
    private final Tags tags;
    private final List<Meter> all = new ArrayList<>();
    private final Timer queue;
    private final Timer copy;
    private final Timer run;
    private final DistributionSummary sizes;
    private final Map<Outcome, Timer> requests = new EnumMap<>(Outcome.class);
    private final Map<Outcome, Counter> items = new EnumMap<>(Outcome.class);

    /**
     * @param model its name
     * @param graph such as detokenize
     * @param device that it runs on
     */
    Meters(MeterRegistry registry, String model, String graph, String device) {
        this.registry = registry;
        this.tags = Tags.of("model", model, "graph", graph, "device", device);
        this.queue = timer("smalti.queue.time", "From a request's arrival until its first item is dispatched", tags);
        this.copy = timer("smalti.batch.copy.time", "Bringing a batch together and its answers back", tags);
        this.run = timer("smalti.batch.run.time", "A batch in ONNX Runtime", tags);
        this.sizes = added(DistributionSummary.builder("smalti.batch.size")
                .description("Items of a batch")
                .tags(tags)
                .serviceLevelObjectives(1, 2, 4, 8, 16, 32, 64, 128, 256)
                .register(registry));
        for (var outcome : Outcome.values()) {
            var of = tags.and("outcome", outcome.name().toLowerCase(Locale.ROOT));
            requests.put(outcome, timer("smalti.request.time", "From a request's arrival until its end", of));
            items.put(
                    outcome,
                    added(Counter.builder("smalti.items")
                            .description("Items of the requests that ended")
                            .tags(of)
                            .register(registry)));
        }
    }

    /** Shows how many items wait. */
    void depth(IntSupplier depth) {
        added(Gauge.builder("smalti.queue.depth", depth, IntSupplier::getAsInt)
                .description("Items that wait")
                .tags(tags)
                .strongReference(true)
                .register(registry));
    }

    /** Counts devices that were passed over for this one. */
    void fallbacks(int count) {
        added(Counter.builder("smalti.device.fallbacks")
                        .description("Devices that come before this one in the choice and cannot run the graph")
                        .tags(tags)
                        .register(registry))
                .increment(count);
    }

    @Override
    public void batch(int items, long copyNanos, long runNanos) {
        sizes.record(items);
        copy.record(Duration.ofNanos(copyNanos));
        run.record(Duration.ofNanos(runNanos));
    }

    @Override
    public void request(Outcome outcome, int count, long queuedNanos, long totalNanos) {
        if (outcome != Outcome.REFUSED) {
            queue.record(Duration.ofNanos(queuedNanos));
        }
        of(requests, outcome).record(Duration.ofNanos(totalNanos));
        of(items, outcome).increment(count);
    }

    @Override
    public void close() {
        all.forEach(registry::remove);
    }

    private Timer timer(String name, String description, Tags tags) {
        return added(Timer.builder(name)
                .description(description)
                .tags(tags)
                .publishPercentileHistogram()
                .minimumExpectedValue(SHORTEST)
                .maximumExpectedValue(LONGEST)
                .register(registry));
    }

    private <M extends Meter> M added(M meter) {
        all.add(meter);
        return meter;
    }

    private static <M> M of(Map<BatchListener.Outcome, M> meters, Outcome outcome) {
        var meter = meters.get(outcome);
        if (meter == null) {
            throw new IllegalStateException("every outcome has its meters");
        }
        return meter;
    }
}
