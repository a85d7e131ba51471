package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A model that nobody has any more and nobody closed is freed, and the log says where it was opened. */
@Timeout(120)
// that nobody closes them is what is tried
@SuppressWarnings({"try", "resource", "MustBeClosedChecker"})
final class AbandonedModelTest {
    private static final Logger LOGGER = Logger.getLogger("smalti.runtime");

    private final LinkedBlockingQueue<LogRecord> warnings = new LinkedBlockingQueue<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord logged) {
            if (logged.getMessage().contains("never closed")) {
                warnings.add(logged);
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        LOGGER.addHandler(handler);
    }

    @AfterEach
    void listenNoMore() {
        LOGGER.removeHandler(handler);
    }

    @Test
    void aBundle() throws Exception {
        isFreed(AbandonedModelTest::abandonBundle, "abandonBundle", Bundles.GENERATOR.toString());
    }

    private static ThreadBudget abandonBundle() {
        var budget = ThreadBudget.of(1);
        var model =
                SmaltiModel.open(Bundles.GENERATOR, RuntimeOptions.defaults().withBudget(budget));
        model.warm();
        assertThat(model.generator().generate(1, 1).count()).isEqualTo(1);
        assertThat(model.generator().generateAsync(Generation.of(1, 1)).join().count())
                .isEqualTo(1);
        return budget;
    }

    @Test
    void aLiveModel() throws Exception {
        isFreed(AbandonedModelTest::abandonLive, "abandonLive", Bundles.GENERATOR.toString());
    }

    private static ThreadBudget abandonLive() {
        var budget = ThreadBudget.of(1);
        var live = LiveModel.open(Bundles.GENERATOR, RuntimeOptions.defaults().withBudget(budget));
        assertThat(live.callAsync(model -> model.generator().generateAsync(Generation.of(1, 1)))
                        .join()
                        .count())
                .isEqualTo(1);
        return budget;
    }

    @Test
    void anOnnxFile() throws Exception {
        isFreed(AbandonedModelTest::abandonOnnx, "abandonOnnx", "generator.onnx");
    }

    private static ThreadBudget abandonOnnx() {
        var budget = ThreadBudget.of(1);
        var model = OnnxModel.open(
                Bundles.GENERATOR.resolve("generator.onnx"),
                OnnxModel.Requests.INDEPENDENT_ROWS,
                RuntimeOptions.defaults().withBudget(budget));
        var input = model.inputs().get(0);
        long length = input.shape().get(1).factor();
        var noise = Map.of(input.name(), Tensor.of(new float[(int) length], 1, length));
        assertThat(model.with(RequestOptions.defaults()).runAsync(noise).join()).hasSize(1);
        return budget;
    }

    /** Its codec and its generator have the model. */
    @Test
    void notWhileSomethingOfItIsHeld() throws Exception {
        var generator = SmaltiModel.open(Bundles.GENERATOR).generator();
        for (int i = 0; i < 5; i++) {
            assertThat(warned(20)).isNull();
            assertThat(generator.generate(1, i).count()).isEqualTo(1);
        }
    }

    /** What it was asked for is done first. */
    @Test
    void notBeforeItsRequestsAreDone() throws Exception {
        var budget = ThreadBudget.of(1);
        var options = RuntimeOptions.defaults().withBudget(budget);
        assertThat(budget.tryTake(1)).isTrue();
        var waiting = asked(options);
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        assertThat(waiting).isNotDone();
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
        assertThat(waiting.join().count()).isEqualTo(1);
        assertThat(warned(30_000)).isNotNull();
    }

    private static CompletableFuture<Pixels> asked(RuntimeOptions options) {
        return SmaltiModel.open(Bundles.GENERATOR, options).generator().generateAsync(Generation.of(1, 1));
    }

    @Test
    void aModelThatIsClosedIsNotSpokenOf() throws Exception {
        closed();
        for (int i = 0; i < 5; i++) {
            assertThat(warned(20)).isNull();
        }
    }

    private static void closed() {
        try (var model = SmaltiModel.open(Bundles.GENERATOR)) {
            model.warm();
        }
        OnnxModel.open(Bundles.GENERATOR.resolve("generator.onnx")).close();
        LiveModel.open(Bundles.GENERATOR, RuntimeOptions.defaults()).close();
    }

    private void isFreed(Supplier<ThreadBudget> abandon, String method, String place) throws Exception {
        var unused = abandon.get();
        var warning = Objects.requireNonNull(warned(30_000), "a warning");
        assertThat(warning.getMessage()).contains(place).contains("was never closed and is freed now");
        var trace = new StringWriter();
        warning.getThrown().printStackTrace(new PrintWriter(trace));
        assertThat(trace.toString()).contains("AbandonedModelTest." + method + "(");
    }

    /** @return null where nothing was said for so long */
    private @Nullable LogRecord warned(long millis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        LogRecord warning = null;
        while (warning == null && System.nanoTime() < end) {
            System.gc();
            warning = warnings.poll(10, TimeUnit.MILLISECONDS);
        }
        return warning;
    }
}
