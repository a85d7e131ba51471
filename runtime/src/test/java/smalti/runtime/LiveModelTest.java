package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;

/** Models that take over from one another. */
@Timeout(60)
final class LiveModelTest {
    private static final RuntimeOptions OPTIONS = RuntimeOptions.defaults().withReadyWhenWarm(true);

    @TempDir
    Path folder;

    @Test
    void aModelIsReadyOnceItIsWarm() {
        var model = SmaltiModel.open(Bundles.CODEC, OPTIONS);
        assertThat(model.health()).hasToString("live, not ready: not warm yet");
        model.warm();
        assertThat(model.health()).hasToString("ready");
        model.close();
        assertThat(model.health()).hasToString("closed");
        assertThatThrownBy(model::warm).isInstanceOf(ModelClosedException.class);
    }

    @Test
    void noRequestFailsWhenAnotherModelTakesOver() throws Exception {
        var stop = new AtomicBoolean();
        var threads = Executors.newFixedThreadPool(4);
        try (var live = LiveModel.open(Bundles.GENERATOR, OPTIONS)) {
            var expected = live.call(model -> model.generator().generate(2, 5));
            Callable<Integer> load = () -> {
                int served = 0;
                while (!stop.get()) {
                    Pixels again = live.call(model -> model.generator().generate(2, 5));
                    assertThat(again).isEqualTo(expected);
                    assertThat(live.callAsync(model -> model.generator().generateAsync(Generation.of(2, 5)))
                                    .join())
                            .isEqualTo(expected);
                    served++;
                }
                return served;
            };
            var running = new ArrayList<Future<Integer>>();
            for (int i = 0; i < 4; i++) {
                running.add(threads.submit(load));
            }
            for (int i = 0; i < 10; i++) {
                live.reload(Bundles.copy(Bundles.GENERATOR, folder.resolve("copy-" + i)));
            }
            stop.set(true);
            for (var one : running) {
                assertThat(one.get()).isPositive();
            }
        } finally {
            stop.set(true);
            threads.shutdown();
        }
    }

    @Test
    void aModelThatMustNotServeTakesNothingOver() {
        var damaged = Bundles.copy(Bundles.GENERATOR, folder);
        Bundles.replace(damaged, "generator.onnx", new byte[] {1, 2, 3}, false);
        var refuses = new AtomicBoolean();
        try (var live = LiveModel.open(Bundles.GENERATOR, OPTIONS, model -> {
            if (refuses.get()) {
                throw new IllegalArgumentException("not these pictures");
            }
        })) {
            var expected = live.call(model -> model.generator().generate(1, 1));
            assertThatThrownBy(() -> live.reload(damaged))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("must have SHA-256");
            assertThatThrownBy(() -> live.reload(folder.resolve("none"))).isInstanceOf(SpecException.class);
            refuses.set(true);
            assertThatThrownBy(() -> live.reload(Bundles.GENERATOR)).hasMessage("not these pictures");
            assertThat(live.health().ready()).isTrue();
            Pixels again = live.call(model -> model.generator().generate(1, 1));
            assertThat(again).isEqualTo(expected);
        }
    }

    @Test
    void aModelThatCannotBeAskedForTheSameTakesNothingOver() {
        try (var live = LiveModel.open(Bundles.CODEC, OPTIONS)) {
            assertThatThrownBy(() -> live.reload(Bundles.GENERATOR))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("must have a graph tokenize to take over")
                    .hasMessageContaining("must have a graph detokenize to take over");
            assertThatThrownBy(() -> live.reload(Bundles.GREY))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("detokenize must have");
            assertThat(live.health().ready()).isTrue();
        }
        try (var live = LiveModel.open(Bundles.CONDITIONAL, OPTIONS)) {
            assertThatThrownBy(() -> live.reload(Bundles.GENERATOR))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("classes must begin with");
        }
    }

    @Test
    void whatWouldWaitForItselfIsRefused() {
        try (var live = LiveModel.open(Bundles.GENERATOR, OPTIONS)) {
            assertThatThrownBy(() -> live.call(model -> {
                        live.reload(Bundles.GENERATOR);
                        return "reloaded";
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a reload within a call would wait for that call");
            assertThatThrownBy(() -> live.callAsync(model -> null))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessageContaining("must give a future");
            // neither holds the model
            live.reload(Bundles.GENERATOR);
        }
    }

    @Test
    void whoDrainsLivesAndIsNotReady() {
        var live = LiveModel.open(Bundles.GENERATOR, OPTIONS);
        var open = new CompletableFuture<String>();
        var waiting = live.callAsync(model -> open);
        var closing = CompletableFuture.runAsync(live::close);
        while (live.health().ready()) {
            Thread.onSpinWait();
        }
        assertThat(live.health()).hasToString("live, not ready: " + ModelHealth.CLOSING);
        open.complete("done");
        assertThat(waiting.join()).isEqualTo("done");
        closing.join();
        assertThat(live.health().live()).isFalse();
    }

    @Test
    void aGraphThatCannotBeLoadedIsInTheHealth() {
        var damaged = Bundles.copy(Bundles.GENERATOR, folder);
        Bundles.replace(damaged, "generator.onnx", new byte[] {1, 2, 3}, false);
        try (var model = SmaltiModel.open(damaged)) {
            assertThat(model.health().ready()).isTrue();
            assertThatThrownBy(model::generator).isInstanceOf(SpecException.class);
            assertThat(model.health().ready()).isFalse();
            assertThat(model.health().reasons()).singleElement().asString().contains("must have SHA-256");
        }
    }

    /** A probe asks just then, and a load may take minutes. */
    @Test
    void healthDoesNotWaitForALoad() {
        var loads = new CountDownLatch(1);
        var goesOn = new CountDownLatch(1);
        var meters = new SimpleMeterRegistry();
        meters.config().meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                loads.countDown();
                assertThat(waited(goesOn)).isTrue();
                return id;
            }
        });
        try (var model = SmaltiModel.open(Bundles.GENERATOR, OPTIONS.withMeters(meters))) {
            var warming = CompletableFuture.runAsync(model::warm);
            assertThat(waited(loads)).isTrue();
            assertThat(model.health()).hasToString("live, not ready: not warm yet");
            goesOn.countDown();
            warming.join();
            assertThat(model.health().ready()).isTrue();
        }
    }

    private static boolean waited(CountDownLatch latch) {
        try {
            return latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aClosedOneSaysSo() {
        var live = LiveModel.open(Bundles.GENERATOR, OPTIONS);
        var open = new CompletableFuture<String>();
        var waiting = live.callAsync(model -> open);
        var closing = CompletableFuture.runAsync(live::close);
        open.complete("done");
        assertThat(waiting.join()).isEqualTo("done");
        closing.join();
        live.close();
        assertThatThrownBy(() -> live.call(SmaltiModel::manifest))
                .isInstanceOf(ModelClosedException.class)
                .hasMessageContaining("is closed");
        assertThatThrownBy(() -> live.reload(Bundles.GENERATOR)).isInstanceOf(ModelClosedException.class);
        assertThat(live.health().live()).isFalse();
    }
}
