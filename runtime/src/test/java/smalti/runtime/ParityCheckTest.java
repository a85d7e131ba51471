package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.file.Checksums;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;

/** A bundle that carries samples is held to them. */
final class ParityCheckTest {
    @TempDir
    Path folder;

    /** What the codec makes of codes 0 to 3 and of a picture of ramps, on another path than the check's. */
    private static Map<String, NpyArray> samples() {
        try (var model = SmaltiModel.open(Bundles.CODEC)) {
            var pixels = new byte[2 * 8 * 8 * 3];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (byte) (5 * i);
            }
            var codec = model.codec();
            var codes = codec.encode(new Pixels(2, 8, 8, 3, ByteBuffer.wrap(pixels)));
            var again = codec.decode(codes).bytes();
            var samples = new LinkedHashMap<String, NpyArray>();
            samples.put("tokenize.pixels", NpyArray.of(pixels, 2, 8, 8, 3));
            samples.put("tokenize.codes", NpyArray.of(codes.values(), 2, codes.height(), codes.width()));
            samples.put("detokenize.codes", NpyArray.of(codes.values(), 2, codes.height(), codes.width()));
            samples.put("detokenize.pixels", NpyArray.of(again, 2, 8, 8, 3));
            return samples;
        }
    }

    private static NpyArray sample(Map<String, NpyArray> samples, String name) {
        return Objects.requireNonNull(samples.get(name));
    }

    private Path bundle(Map<String, NpyArray> samples) throws IOException {
        var file = folder.resolve("samples");
        Npz.write(file, samples);
        return bundle(Files.readAllBytes(file));
    }

    private Path bundle(byte[] samples) throws IOException {
        var copy = Bundles.copy(Bundles.CODEC, Files.createTempDirectory(folder, "bundle"));
        Files.write(copy.resolve(BundleManifest.PARITY_FILE), samples);
        Bundles.edit(
                copy,
                manifest -> manifest.withObjectProperty("files")
                        .put(BundleManifest.PARITY_FILE, Checksums.sha256(samples)));
        return copy;
    }

    private static void check(Path bundle) {
        try (var model = SmaltiModel.open(bundle)) {
            model.checkParity();
        }
    }

    @Test
    void aModelThatDoesAsItDidPasses() throws IOException {
        check(bundle(samples()));
        check(Bundles.CODEC);
    }

    @Test
    void anotherPictureIsAnotherModel() throws IOException {
        var samples = samples();
        var pixels = sample(samples, "detokenize.pixels").bytes();
        for (int i = 0; i < pixels.length; i++) {
            // 4 levels: 36 dB
            pixels[i] = (byte) ((pixels[i] & 0xFF) < 128 ? pixels[i] + 4 : pixels[i] - 4);
        }
        samples.put("detokenize.pixels", NpyArray.of(pixels, 2, 8, 8, 3));
        var bundle = bundle(samples);
        assertThatThrownBy(() -> check(bundle))
                .isInstanceOf(SpecException.class)
                .hasMessage(bundle + ": detokenize.pixels must be within 45 dB of what the trained model makes of the"
                        + " sample, got 36.1 dB");
    }

    @Test
    void otherCodesAreAnotherModel() throws IOException {
        var samples = samples();
        var values = sample(samples, "tokenize.codes").longs();
        values[0] = values[0] == 0 ? 1 : 0;
        samples.put("tokenize.codes", NpyArray.of(values, 2, 4, 4));
        // a near tie
        check(bundle(samples));
        values[1] = values[1] == 0 ? 1 : 0;
        samples.put("tokenize.codes", NpyArray.of(values, 2, 4, 4));
        var bundle = bundle(samples);
        assertThatThrownBy(() -> check(bundle))
                .hasMessageContaining(
                        "tokenize.codes must be what the trained model makes of the sample but for 1 of 32"
                                + " codes, and differs in 2");
    }

    @Test
    void samplesThatFitNothingAreRefused() throws IOException {
        var samples = samples();
        samples.remove("tokenize.codes");
        samples.put("detokenize.codes", NpyArray.of(new float[2], 2));
        var bundle = bundle(samples);
        assertThatThrownBy(() -> check(bundle))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .hasSize(2)
                                .anyMatch(problem -> problem.contains("tokenize.codes must be a sample of codes"))
                                .anyMatch(problem -> problem.contains("got float32 [2]")));
        var noNpz = bundle(new byte[] {1, 2, 3});
        assertThatThrownBy(() -> check(noNpz)).hasMessageContaining("parity.npz: must be a whole .npz file");
    }

    @Test
    void aBundleThatFailsItsSamplesTakesNothingOver() throws IOException {
        var samples = samples();
        samples.put("detokenize.pixels", NpyArray.of(new byte[2 * 8 * 8 * 3], 2, 8, 8, 3));
        var bad = bundle(samples);
        try (var live = LiveModel.open(Bundles.CODEC, RuntimeOptions.defaults())) {
            assertThatThrownBy(() -> live.reload(bad)).hasMessageContaining("detokenize.pixels must be within");
            assertThat(live.health().ready()).isTrue();
            Map<String, String> files = live.call(model -> model.manifest().files());
            assertThat(files).doesNotContainKey(BundleManifest.PARITY_FILE);
        }
    }
}
