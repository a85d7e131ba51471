package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** What a service sees of its model. */
final class MetersTest {
    @Test
    void requestsBatchesAndWhatWaitsAreCounted() {
        var meters = new SimpleMeterRegistry();
        var options = RuntimeOptions.defaults().withMeters(meters).withMaxBatch(4);
        try (var model = SmaltiModel.open(Bundles.GENERATOR, options)) {
            var generator = model.generator();
            generator.generate(3, 1);
            generator.generateAsync(Generation.of(9, 2)).join();
            var found = meters.find("smalti.request.time")
                    .tags("graph", "generator", "outcome", "completed", "device", "cpu");
            assertThat(found.timer())
                    .satisfies(timer -> assertThat(timer.count()).isEqualTo(2));
            assertThat(meters.get("smalti.items")
                            .tag("outcome", "completed")
                            .counter()
                            .count())
                    .isEqualTo(12);
            var sizes = meters.get("smalti.batch.size").summary();
            assertThat(sizes.totalAmount()).isEqualTo(12);
            assertThat(sizes.max()).isLessThanOrEqualTo(4);
            assertThat(meters.get("smalti.batch.run.time").timer().count()).isEqualTo(sizes.count());
            assertThat(meters.get("smalti.batch.copy.time").timer().count()).isEqualTo(sizes.count());
            assertThat(meters.get("smalti.queue.time").timer().count()).isEqualTo(2);
            assertThat(meters.get("smalti.queue.depth").gauge().value()).isZero();
        }
        // a model that is gone shows nothing
        assertThat(meters.getMeters()).isEmpty();
    }

    @Test
    void requestsAreObserved() {
        var seen = new CopyOnWriteArrayList<Observation.Context>();
        var registry = ObservationRegistry.create();
        registry.observationConfig().observationHandler(new ObservationHandler<>() {
            @Override
            public void onStop(Observation.Context context) {
                seen.add(context);
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return true;
            }
        });
        var model = SmaltiModel.open(Bundles.CODEC, RuntimeOptions.defaults().withObservations(registry));
        var codec = model.codec();
        var pixels = new Pixels(1, 8, 8, 3, java.nio.ByteBuffer.allocate(192));
        codec.reconstruct(pixels);
        codec.reconstructAsync(pixels).join();
        model.close();
        assertThatThrownBy(() -> codec.encode(pixels)).isInstanceOf(IllegalStateException.class);
        assertThat(seen).extracting(Observation.Context::getName).containsOnly("smalti.request");
        assertThat(seen)
                .extracting(context -> context.getLowCardinalityKeyValues().stream()
                        .map(pair -> pair.getValue())
                        .toList())
                .contains(List.of("cpu", "tokenize", "tiny-codec"), List.of("cpu", "detokenize", "tiny-codec"));
        assertThat(seen).hasSize(5);
        assertThat(seen.get(4).getError()).isInstanceOf(IllegalStateException.class);
    }
}
