package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;

/** What every device holds; one subclass for each device and precision. */
abstract class DeviceContract {
    private static final long SEED = 20240229;
    /** Of the pictures that the codec's bundle was trained on, the one size that every device takes. */
    private static final int SIDE = 8;

    private static final int MAX_BATCH = 12;

    private final Device device;
    private final int levels;
    private final double distance;

    /**
     * @param levels of 255 by which a sample may differ from the processor's, and from itself in another batch
     * @param distance squared, by which a code may be farther than the nearest one
     */
    DeviceContract(Device device, int levels, double distance) {
        this.device = device;
        this.levels = levels;
        this.distance = distance;
    }

    @Test
    void theModelRunsOnIt() {
        try (var model = open(Bundles.CODEC)) {
            assertThat(model.codec()).isNotNull();
            assertThat(model.device(Role.TOKENIZE)).isEqualTo(device);
            assertThat(model.device(Role.DETOKENIZE)).isEqualTo(device);
        }
    }

    @Test
    void picturesAreThoseOfTheProcessor() {
        try (var model = open(Bundles.CONDITIONAL);
                var processor = SmaltiModel.open(Bundles.CONDITIONAL)) {
            var classes = new int[40];
            Arrays.setAll(classes, i -> i % TinyNets.CLASSES);
            var pictures = model.generator().generate(SEED, classes);
            assertNear(pictures, processor.generator().generate(SEED, classes));
            for (int i = 0; i < classes.length; i++) {
                var levelsOfPicture = TinyNets.generate(model.generator().noise(SEED, i), classes[i]);
                assertNear(pictures.range(i, 1), levelsOfPicture);
            }
        }
    }

    @Test
    void codesAreTheNearestOnes() {
        try (var model = open(Bundles.CODEC)) {
            var pixels = pixels(1, 40);
            var codes = model.codec().encode(pixels);
            for (int n = 0; n < codes.count(); n++) {
                for (int y = 0; y < codes.height(); y++) {
                    for (int x = 0; x < codes.width(); x++) {
                        var distances = TinyNets.CODEC.distances(pixels, n, y, x);
                        double least = Arrays.stream(distances).min().orElseThrow();
                        assertThat(distances[(int) codes.at(n, y, x)]).isLessThan(least + distance);
                    }
                }
            }
        }
    }

    @Test
    void decodedPicturesAreThoseOfTheNetwork() {
        try (var model = open(Bundles.CODEC)) {
            var codes = codes(model, 2, 21);
            var pixels = model.codec().decode(codes);
            int factor = TinyNets.CODEC.factor();
            var data = pixels.data();
            for (int n = 0; n < pixels.count(); n++) {
                for (int y = 0; y < SIDE; y++) {
                    for (int x = 0; x < SIDE; x++) {
                        for (int c = 0; c < 3; c++) {
                            int sample = TinyNets.CODEC.sample(
                                    codes.at(n, y / factor, x / factor), y % factor, x % factor, c);
                            assertThat(Math.abs((data.get() & 0xFF) - sample)).isLessThanOrEqualTo(levels);
                        }
                    }
                }
            }
        }
    }

    @Test
    void oneSeedGivesOnePictureWhateverBatchItRodeIn() {
        Pixels together;
        try (var model = open(Bundles.GENERATOR)) {
            var generator = model.generator();
            together = generator.generate(40, SEED);
            for (int count : new int[] {1, 2, 3, 5, 12, 13}) {
                assertNear(generator.generate(count, SEED), together.range(0, count));
            }
            for (int i = 0; i < 40; i++) {
                assertNear(generator.generate(generator.noise(SEED, i)), together.range(i, 1));
            }
        }
        for (int maxBatch : new int[] {1, 3, 64}) {
            try (var other = SmaltiModel.open(Bundles.GENERATOR, options().withMaxBatch(maxBatch))) {
                assertNear(other.generator().generate(40, SEED), together);
            }
        }
    }

    @Test
    void callersTogetherGetTheirOwnResults() throws Exception {
        try (var model = open(Bundles.CODEC)) {
            var codec = model.codec();
            runAll(Duration.ofMillis(500), thread -> {
                var codes = codes(model, thread, 1 + thread);
                var expected = codec.decode(codes);
                return () -> {
                    assertNear(codec.decode(codes), expected);
                    return true;
                };
            });
        }
    }

    @Test
    void directBuffersGiveWhatOthersGive() {
        try (var model = open(Bundles.CODEC)) {
            for (int count : new int[] {1, 3, 4}) {
                var codes = codes(model, 3, count);
                var into = ByteBuffer.allocateDirect(2 + count * SIDE * SIDE * 3 + 2);
                into.position(2).limit(into.capacity() - 2);
                var decoded = model.codec().decode(codes, into);
                assertNear(decoded, model.codec().decode(codes));
                into.clear();
                for (int outside : new int[] {0, 1, into.limit() - 2, into.limit() - 1}) {
                    assertThat(into.get(outside)).as("byte %s", outside).isZero();
                }
            }
        }
    }

    @Test
    void whatIsRefusedHarmsNobody() {
        try (var model = open(Bundles.CODEC)) {
            var codec = model.codec();
            var codes = codes(model, 4, 3);
            var expected = codec.decode(codes);
            var fingerprint = codes.fingerprint();
            assertThatThrownBy(() -> codec.decode(new Codes(1, 4, 4, new long[16], "other")))
                    .isInstanceOf(SpecException.class);
            var outside = new long[16];
            outside[7] = TinyNets.CODEC.codes();
            assertThatThrownBy(() -> codec.decode(new Codes(1, 4, 4, outside, fingerprint)))
                    .isInstanceOf(SpecException.class)
                    .hasMessage("codes[0][1][3] must be in [0, 6), got 6");
            assertThatThrownBy(() -> codec.encode(new Pixels(1, 3, 5, 3, ByteBuffer.allocate(45))))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("axis 1 must be a multiple of 2, got 3");
            assertThat(codec.with(RequestOptions.defaults().withTimeout(Duration.ofNanos(1)))
                            .decodeAsync(codes))
                    .failsWithin(Duration.ofSeconds(10))
                    .withThrowableThat()
                    .withCauseInstanceOf(DeadlineException.class);
            assertNear(codec.decode(codes), expected);
        }
    }

    @Test
    void closingWaitsForRunningCalls() throws Exception {
        for (int round = 0; round < 3; round++) {
            var model = open(Bundles.GENERATOR);
            var generator = model.generator();
            var expected = generator.generate(16, SEED);
            var closer = Executors.newSingleThreadScheduledExecutor();
            var closing = closer.schedule(model::close, 30 + 20L * round, TimeUnit.MILLISECONDS);
            runAll(Duration.ofSeconds(20), thread -> () -> {
                try {
                    assertNear(generator.generate(16, SEED), expected);
                    return true;
                } catch (ModelClosedException e) {
                    assertThat(e).hasMessageContaining("is closed");
                    return false;
                }
            });
            closing.get();
            closer.shutdown();
            model.close();
            assertThatThrownBy(() -> generator.generate(1, SEED))
                    .isInstanceOf(ModelClosedException.class)
                    .hasMessageContaining("is closed");
        }
    }

    private RuntimeOptions options() {
        return RuntimeOptions.defaults().withDevice(device).withMaxBatch(MAX_BATCH);
    }

    /** Skips where the device cannot be: without a GPU, or without NVIDIA's libraries for it. */
    private SmaltiModel open(Path bundle) {
        if (device instanceof Device.Cuda) {
            assumeGpu(OrtProvider.CUDA);
        } else if (device instanceof Device.TensorRt) {
            assumeGpu(OrtProvider.TENSOR_RT);
        }
        var model = SmaltiModel.open(bundle, options());
        try {
            assertThat(model.device(model.hasCodec() ? Role.TOKENIZE : Role.GENERATOR))
                    .isEqualTo(device);
            return model;
        } catch (SpecException e) {
            model.close();
            Assumptions.assumeFalse(isLibraryMissing(e), e::getMessage);
            throw e;
        }
    }

    private boolean isLibraryMissing(SpecException refusal) {
        var reason = String.valueOf(refusal.getMessage());
        return !(device instanceof Device.Cpu)
                && (reason.contains("Failed to load library") || reason.contains("LoadLibrary failed"));
    }

    private static void assumeGpu(OrtProvider provider) {
        Assumptions.assumeTrue(
                OrtEnvironment.getAvailableProviders().contains(provider),
                "ONNX Runtime's jar on the class path has no " + provider + "; -Pgpu brings it");
        Assumptions.assumeTrue(
                Files.exists(Path.of("/dev/nvidia0")) || Files.exists(Path.of("/dev/dxg")),
                "there is no /dev/nvidia0 and no /dev/dxg, so no GPU of NVIDIA's");
    }

    private void assertNear(Pixels pixels, Pixels expected) {
        if (levels == 0) {
            assertThat(pixels).isEqualTo(expected);
            return;
        }
        var data = pixels.data();
        var expectedData = expected.data();
        assertThat(data.remaining()).isEqualTo(expectedData.remaining());
        while (data.hasRemaining()) {
            assertThat(Math.abs((data.get() & 0xFF) - (expectedData.get() & 0xFF)))
                    .isLessThanOrEqualTo(levels);
        }
    }

    private void assertNear(Pixels pixels, double[][][] expected) {
        var data = pixels.data();
        for (var row : expected) {
            for (var sample : row) {
                for (double level : sample) {
                    // half a level is the rounding; float32 adds less than a thousandth
                    assertThat(Math.abs((data.get() & 0xFF) - level)).isLessThan(levels + 0.501);
                }
            }
        }
    }

    private interface Work {
        /** What thread {@code thread} repeats until it returns false or the time is over. */
        Callable<Boolean> of(int thread);
    }

    private static void runAll(Duration time, Work work) throws Exception {
        var threads = Executors.newFixedThreadPool(6);
        try {
            long end = System.nanoTime() + time.toNanos();
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < 6; thread++) {
                int number = thread;
                running.add(threads.submit(() -> {
                    var step = work.of(number);
                    while (System.nanoTime() < end && step.call()) {
                        // again
                    }
                    return null;
                }));
            }
            for (var one : running) {
                one.get();
            }
        } finally {
            threads.shutdown();
        }
    }

    private static Pixels pixels(long seed, int count) {
        var bytes = new byte[count * SIDE * SIDE * 3];
        new Random(seed).nextBytes(bytes);
        return new Pixels(count, SIDE, SIDE, 3, ByteBuffer.wrap(bytes));
    }

    private static Codes codes(SmaltiModel model, long seed, int count) {
        int side = SIDE / TinyNets.CODEC.factor();
        var values = new Random(seed)
                .longs((long) count * side * side, 0, TinyNets.CODEC.codes())
                .toArray();
        var fingerprint =
                model.manifest().contracts().get(Contract.Codebook.class).exportedFingerprint();
        return new Codes(count, side, side, values, fingerprint);
    }
}
