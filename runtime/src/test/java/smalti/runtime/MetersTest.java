package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a service sees of its model. */
@Timeout(60)
final class MetersTest {
    @TempDir
    Path folder;

    @Test
    void requestsAndBatchesAreCounted() {
        var meters = new SimpleMeterRegistry();
        var options = RuntimeOptions.defaults().withMeters(meters).withMaxBatch(4);
        try (var model = SmaltiModel.open(Bundles.GENERATOR, options)) {
            var generator = model.generator();
            generator.generate(3, 1);
            generator.generateAsync(Generation.of(9, 2)).join();
            assertThat(meters.get("smalti.request.time")
                            .tags("model", "tiny-generator", "graph", "generator", "device", "cpu")
                            .timer()
                            .count())
                    .isEqualTo(2);
            assertThat(counted(meters, "smalti.requests", "completed")).isEqualTo(2);
            assertThat(counted(meters, "smalti.items", "completed")).isEqualTo(12);
            var sizes = meters.get("smalti.batch.size").summary();
            assertThat(sizes.totalAmount()).isEqualTo(12);
            assertThat(sizes.max()).isLessThanOrEqualTo(4);
            assertThat(meters.get("smalti.batch.run.time").timer().count()).isEqualTo(sizes.count());
            assertThat(meters.get("smalti.batch.copy.time").timer().count()).isEqualTo(sizes.count());
            assertThat(meters.get("smalti.queue.time").timer().count()).isEqualTo(2);
            assertThat(waiting(meters)).isZero();
        }
        // a model that is gone shows nothing
        assertThat(meters.getMeters()).isEmpty();
    }

    @Test
    void requestsThatAreNotServedAreCountedByWhatBecameOfThem() {
        var meters = new SimpleMeterRegistry();
        var busy = new Busy();
        busy.begin();
        var options = busy.options(meters).withMaxWaiting(8).withDrainTimeout(Duration.ZERO);
        // two models of one name have their meters together: the one that stays shows what became of the other's
        var goes = SmaltiModel.open(Bundles.GENERATOR, options);
        try (var stays = SmaltiModel.open(Bundles.GENERATOR, options)) {
            stays.generator();
            var generator = goes.generator();
            var failed = generator.generateAsync(Generation.of(5, 1));
            var cancelled = generator.generateAsync(Generation.of(2, 1));
            assertThat(waiting(meters)).isEqualTo(7);
            assertThatThrownBy(generator.generateAsync(Generation.of(3, 1))::join)
                    .hasCauseInstanceOf(QueueFullException.class);
            var expired = generator
                    .with(RequestOptions.defaults().withTimeout(Duration.ofMillis(1)))
                    .generateAsync(Generation.of(1, 1));
            assertThatThrownBy(expired::join).hasCauseInstanceOf(DeadlineException.class);
            cancelled.cancel(false);
            goes.close();
            assertThatThrownBy(failed::join).hasCauseInstanceOf(ModelClosedException.class);
            for (var outcome : List.of("failed", "cancelled", "refused", "expired")) {
                assertThat(counted(meters, "smalti.requests", outcome))
                        .as(outcome)
                        .isEqualTo(1);
            }
            assertThat(counted(meters, "smalti.items", "failed")).isEqualTo(5);
            assertThat(counted(meters, "smalti.items", "cancelled")).isEqualTo(2);
            assertThat(counted(meters, "smalti.items", "refused")).isEqualTo(3);
            assertThat(counted(meters, "smalti.items", "expired")).isEqualTo(1);
            assertThat(counted(meters, "smalti.requests", "completed")).isZero();
            assertThat(meters.get("smalti.request.time").timer().count())
                    .as("times of what was not served would hide those of what was")
                    .isZero();
            // one that is refused waits for nothing
            assertThat(meters.get("smalti.queue.time").timer().count()).isEqualTo(3);
            assertThat(waiting(meters)).isZero();
            busy.end();
        }
        assertThat(meters.getMeters()).isEmpty();
    }

    @Test
    void aModelThatTakesOverGoesOnWithTheMeters() throws Exception {
        var meters = new SimpleMeterRegistry();
        var busy = new Busy();
        var damaged = Bundles.copy(Bundles.GENERATOR, folder);
        Bundles.replace(damaged, "generator.onnx", new byte[] {1, 2, 3}, false);
        var check = new AtomicReference<Runnable>(() -> {});
        try (var live = LiveModel.open(
                Bundles.GENERATOR,
                busy.options(meters),
                model -> Objects.requireNonNull(check.get()).run())) {
            var before = ids(meters);
            generate(live).join();
            live.reload(Bundles.copy(Bundles.GENERATOR, folder.resolve("next")));
            generate(live).join();
            assertThatThrownBy(() -> live.reload(damaged)).hasMessageContaining("must have SHA-256");
            check.set(() -> {
                throw new IllegalArgumentException("not these pictures");
            });
            assertThatThrownBy(() -> live.reload(Bundles.GENERATOR)).hasMessage("not these pictures");
            generate(live).join();
            assertThat(ids(meters)).isEqualTo(before);
            assertThat(counted(meters, "smalti.requests", "completed")).isEqualTo(3);
            assertThat(meters.get("smalti.batch.run.time").timer().count()).isEqualTo(3);

            var last = new CompletableFuture<CompletableFuture<Pixels>>();
            // the next model is warm, and both have something that waits
            check.set(() -> {
                busy.begin();
                last.complete(generate(live));
            });
            SmaltiModel former = live.call(model -> model);
            var reload = CompletableFuture.runAsync(() -> live.reload(Bundles.GENERATOR));
            while (live.call(model -> model == former)) {
                Thread.sleep(1);
            }
            var next = generate(live);
            assertThat(waiting(meters)).as("one for each model").isEqualTo(2);
            assertThat(last.join()).isNotDone();
            busy.end();
            CompletableFuture.allOf(last.join(), next, reload).join();
            assertThat(ids(meters)).isEqualTo(before);
        }
        assertThat(meters.getMeters()).isEmpty();
    }

    @Test
    void aBundleOfAnotherNameHasMetersOfItsOwn() {
        var meters = new SimpleMeterRegistry();
        var other = Bundles.copy(Bundles.GENERATOR, folder);
        Bundles.edit(other, manifest -> manifest.put("name", "another"));
        try (var live =
                LiveModel.open(Bundles.GENERATOR, RuntimeOptions.defaults().withMeters(meters))) {
            generate(live).join();
            live.reload(other);
            assertThat(meters.getMeters())
                    .isNotEmpty()
                    .allSatisfy(
                            meter -> assertThat(meter.getId().getTag("model")).isEqualTo("another"));
            assertThat(counted(meters, "smalti.requests", "completed")).isZero();
        }
    }

    @Test
    void prometheusSeesBucketsFromTenMicrosecondsToAMinute() {
        var meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (var model =
                SmaltiModel.open(Bundles.GENERATOR, RuntimeOptions.defaults().withMeters(meters))) {
            model.generator().generate(3, 1);
            for (var timer : List.of("request_time", "queue_time", "batch_copy_time", "batch_run_time")) {
                var bounds = bounds(meters, "smalti_" + timer + "_seconds");
                assertThat(bounds)
                        .as(timer)
                        .startsWith(1e-5, 1.5e-5, 2e-5)
                        .contains(1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7e-3, 0.01)
                        .endsWith(30.0, 60.0, Double.POSITIVE_INFINITY)
                        .isSorted()
                        .hasSizeLessThan(50);
                for (int i = 1; i < bounds.size() - 1; i++) {
                    // so far a quantile may be off
                    assertThat(bounds.get(i) / bounds.get(i - 1)).isBetween(1.3, 2.01);
                }
            }
            assertThat(bounds(meters, "smalti_batch_size"))
                    .startsWith(1.0, 2.0, 4.0)
                    .endsWith(2048.0, 4096.0, Double.POSITIVE_INFINITY)
                    .hasSize(14);
        }
    }

    private static List<Double> bounds(PrometheusMeterRegistry meters, String name) {
        return meters.scrape()
                .lines()
                .filter(line -> line.startsWith(name + "_bucket{"))
                .map(line -> line.replaceAll(".*le=\"([^\"]*)\".*", "$1"))
                .map(bound -> bound.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bound))
                .toList();
    }

    private static CompletableFuture<Pixels> generate(LiveModel live) {
        return live.callAsync(model -> model.generator().generateAsync(Generation.of(1, 1)));
    }

    private static Set<Meter.Id> ids(MeterRegistry meters) {
        return meters.getMeters().stream().map(Meter::getId).collect(Collectors.toSet());
    }

    private static double counted(MeterRegistry meters, String name, String outcome) {
        return meters.get(name).tag("outcome", outcome).counter().count();
    }

    private static double waiting(MeterRegistry meters) {
        return meters.get("smalti.queue.depth").gauge().value();
    }

    @Test
    void requestsAreObserved() {
        var seen = new Contexts();
        var registry = seen.registry();
        var model = SmaltiModel.open(Bundles.CODEC, RuntimeOptions.defaults().withObservations(registry));
        var codec = model.codec();
        var pixels = new Pixels(1, 8, 8, 3, ByteBuffer.allocate(192));
        codec.reconstruct(pixels);
        codec.reconstructAsync(pixels).join();
        model.close();
        assertThatThrownBy(() -> codec.encode(pixels)).isInstanceOf(ModelClosedException.class);
        assertThat(seen.stopped).extracting(Observation.Context::getName).containsOnly("smalti.request");
        assertThat(seen.stopped)
                .extracting(context -> context.getLowCardinalityKeyValues().stream()
                        .map(pair -> pair.getValue())
                        .toList())
                .contains(List.of("cpu", "tokenize", "tiny-codec"), List.of("cpu", "detokenize", "tiny-codec"));
        assertThat(seen.stopped).hasSize(5);
        assertThat(seen.stopped.get(4).getError()).isInstanceOf(ModelClosedException.class);
    }

    @Test
    void requestsAreAPartOfWhatTheirCallerDoes() {
        var seen = new Contexts();
        var registry = seen.registry();
        var pixels = new Pixels(1, 8, 8, 3, ByteBuffer.allocate(192));
        try (var model =
                SmaltiModel.open(Bundles.CODEC, RuntimeOptions.defaults().withObservations(registry))) {
            var codec = model.codec();
            var call = Observation.start("call", registry);
            call.scoped(() -> codec.reconstruct(pixels));
            // another thread asks for the second half of it
            call.scoped(() -> codec.reconstructAsync(pixels)).join();
            assertThat(seen.stopped)
                    .hasSize(4)
                    .allSatisfy(context ->
                            assertThat(context.getParentObservation()).isSameAs(call));
            call.stop();
        }
    }

    /** What was observed to its end. */
    private static final class Contexts implements ObservationHandler<Observation.Context> {
        private final List<Observation.Context> stopped = new CopyOnWriteArrayList<>();

        ObservationRegistry registry() {
            var registry = ObservationRegistry.create();
            registry.observationConfig().observationHandler(this);
            return registry;
        }

        @Override
        public void onStop(Observation.Context context) {
            stopped.add(context);
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }
    }

    /** Something else that has the only thread at times. */
    private static final class Busy {
        private final ThreadBudget budget = ThreadBudget.of(1);
        private final ThreadBudget.Claim claim = new ThreadBudget.Claim(1, () -> {});

        void begin() {
            assertThat(budget.tryTake(1)).isTrue();
        }

        void end() {
            budget.give(claim, 1, 0);
        }

        RuntimeOptions options(MeterRegistry meters) {
            return RuntimeOptions.defaults().withBudget(budget).withMeters(meters);
        }
    }
}
