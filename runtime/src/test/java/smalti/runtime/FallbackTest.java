package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.Checksums;

/** GPU 255 is none, whatever the machine and the jar. */
class FallbackTest {
    private static final Device.Cuda NO_CUDA = Device.cuda(255);

    @TempDir
    Path temporary;

    @Test
    void aDeviceThatIsNamedAndMissingIsRefused() {
        for (var device : List.of(NO_CUDA, noTensorRt())) {
            try (var model = open(Bundles.GENERATOR, device)) {
                assertThatThrownBy(model::generator)
                        .isInstanceOfSatisfying(
                                SpecException.class,
                                e -> assertThat(e.problems())
                                        .hasSize(2)
                                        .first()
                                        .asString()
                                        .startsWith(
                                                Bundles.GENERATOR + ": generator.onnx: ONNX Runtime cannot load it on "
                                                        + device.name() + " (the device failed: "))
                        .hasMessageContaining("where there may be no " + device.name() + ", give Device.firstOf(");
                assertThat(model.devices()).isEmpty();
            }
        }
    }

    @Test
    void aFallbackIsTakenAndReported() {
        Pixels expected;
        try (var model = SmaltiModel.open(Bundles.GENERATOR)) {
            expected = model.generator().generate(5, 3);
            assertThat(model.device(Role.GENERATOR)).isEqualTo(Device.cpu());
        }
        var meters = new SimpleMeterRegistry();
        var options = RuntimeOptions.defaults()
                .withDevice(Device.firstOf(noTensorRt(), NO_CUDA, Device.cpu()))
                .withMeters(meters);
        try (var log = new Warnings();
                var model = SmaltiModel.open(Bundles.GENERATOR, options)) {
            assertThat(model.devices()).isEmpty();
            assertThat(model.generator().generate(5, 3)).isEqualTo(expected);
            assertThat(model.device(Role.GENERATOR)).isEqualTo(Device.cpu());
            assertThat(model.devices()).isEqualTo(Map.of(Role.GENERATOR, Device.cpu()));
            model.generator();
            assertThat(meters.get("smalti.device.fallbacks")
                            .tag("device", "cpu")
                            .counter()
                            .count())
                    .isEqualTo(2);
            assertThat(log.messages).hasSize(2);
            assertThat(log.messages.get(0))
                    .startsWith(Bundles.GENERATOR
                            + "/generator.onnx: runs on cpu, as tensorrt:255 cannot run it: generator.onnx: ONNX"
                            + " Runtime cannot load it on tensorrt:255 (the device failed: ");
            assertThat(log.messages.get(1)).contains("runs on cpu, as cuda:255 cannot run it");
        }
    }

    @Test
    void aFirstChoiceThatHoldsIsNoFallback() {
        try (var log = new Warnings();
                var model = open(Bundles.GENERATOR, Device.firstOf(Device.cpu(), NO_CUDA))) {
            assertThat(model.device(Role.GENERATOR)).isEqualTo(Device.cpu());
            assertThat(log.messages).isEmpty();
        }
    }

    @Test
    void aGraphThatNoDeviceRunsIsRefusedWithEachReason() {
        var copy = Bundles.copy(Bundles.GENERATOR, temporary);
        Bundles.replace(copy, "generator.onnx", Bundles.NO_GRAPH, true);
        try (var log = new Warnings();
                var model = open(copy, Device.firstOf(NO_CUDA, Device.cpu()))) {
            assertThatThrownBy(model::generator)
                    .isInstanceOfSatisfying(
                            SpecException.class, e -> assertThat(e.problems()).hasSize(2))
                    .hasMessageContainingAll(
                            "generator.onnx: ONNX Runtime cannot load it on cuda:255 (",
                            "generator.onnx: ONNX Runtime cannot load it (");
            assertThat(log.messages).as("nothing runs, so nothing fell back").isEmpty();
        }
    }

    @Test
    void aFileThatIsNotItsSha256IsSaidOnce() {
        var copy = Bundles.copy(Bundles.GENERATOR, temporary);
        Bundles.replace(copy, "generator.onnx", new byte[1], false);
        try (var model = open(copy, Device.firstOf(NO_CUDA, Device.cpu()))) {
            assertThatThrownBy(model::generator)
                    .isInstanceOfSatisfying(
                            SpecException.class, e -> assertThat(e.problems()).hasSize(1))
                    .hasMessageContaining("generator.onnx must have SHA-256");
        }
    }

    @Test
    void graphsOfTensorRtHaveFoldersOfTheirOwn() throws Exception {
        try (var model = open(Bundles.CODEC, Device.firstOf(noTensorRt(), Device.cpu()))) {
            model.warm();
        }
        for (var file : List.of("tokenize.onnx", "detokenize.onnx")) {
            var folder = temporary.resolve("engines").resolve(Checksums.sha256(Bundles.read(Bundles.CODEC, file)));
            try (var kinds = Files.list(folder)) {
                assertThat(kinds).singleElement().asString().contains("gpu255-");
            }
        }
    }

    @Test
    void theTrialRunsTheGraphWhereItsSizesAreKnown() {
        var codes = TensorSpec.of("codes", ElementType.INT64, "N h w");
        var onnx = Bundles.read(Bundles.CODEC, "detokenize.onnx");
        var plan = SessionPlan.of(Device.cpu(), 1);
        for (int factor : new int[] {2, 3}) {
            // the graph makes pictures of twice the height; that it is not three times, only a run can tell
            var pixels = TensorSpec.of("pixels", ElementType.UINT8, "N " + factor + "*h 2*w 3");
            var signature = new Signature(List.of(codes), List.of(pixels));
            try (var session = GraphSession.load("detokenize.onnx", signature, onnx, plan)) {
                ThrowingCallable trial = () -> Placement.tryOut(session, signature, Map.of("h", 4L, "w", 4L));
                if (factor == 2) {
                    assertThatCode(trial).doesNotThrowAnyException();
                } else {
                    assertThatThrownBy(trial)
                            .isInstanceOf(RunException.class)
                            .hasMessageContaining("detokenize.onnx: ONNX Runtime failed");
                }
                Placement.tryOut(session, signature, Map.of("h", 4L));
            }
        }
    }

    @Test
    void aGpuIsSharedByTheModelsOfTheProcess() {
        assertThat(Placement.gpu(254)).isSameAs(Placement.gpu(254)).isNotSameAs(Placement.gpu(253));
        assertThat(Placement.gpu(254).threads()).isEqualTo(1);
    }

    private Device.TensorRt noTensorRt() {
        return Device.tensorrt(255).withCache(temporary.resolve("engines"));
    }

    private static SmaltiModel open(Path bundle, Device device) {
        return SmaltiModel.open(bundle, RuntimeOptions.defaults().withDevice(device));
    }

    /** The warnings that are logged until it is closed. */
    private static final class Warnings extends Handler implements AutoCloseable {
        private final List<String> messages = new ArrayList<>();
        private final Logger logger = Logger.getLogger("smalti.runtime");

        Warnings() {
            logger.addHandler(this);
        }

        @Override
        public synchronized void publish(LogRecord entry) {
            if (entry.getLevel().intValue() >= Level.WARNING.intValue()) {
                messages.add(entry.getMessage());
            }
        }

        @Override
        public void flush() {
            // nothing is held back
        }

        @Override
        public void close() {
            logger.removeHandler(this);
        }
    }
}
