package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;

/** Bundles that were damaged or made to do harm: refused with a clear error, or the same pictures. */
final class HostileBundlesTest {
    private static final int MUTATIONS = Boolean.getBoolean("smalti.full") ? 10_000 : 300;

    @TempDir
    Path folder;

    @Test
    void everyMutationOfAZipIsRefusedOrChangesNothing() throws IOException {
        var original = Files.readAllBytes(Bundles.zip(Bundles.GENERATOR, "", folder.resolve("whole.zip")));
        Pixels expected;
        try (var model = SmaltiModel.open(Bundles.GENERATOR)) {
            expected = model.generator().generate(2, 1);
        }
        var options = RuntimeOptions.defaults().withMaxFileBytes(1 << 20);
        int refused = 0;
        for (int seed = 0; seed < MUTATIONS; seed++) {
            var mutated = mutated(original, new Random(seed));
            try (var model = SmaltiModel.open(new ByteArrayInputStream(mutated), options)) {
                model.verify();
                assertThat(model.generator().generate(2, 1)).as("seed %s", seed).isEqualTo(expected);
            } catch (SpecException e) {
                assertThat(e.problems())
                        .as("seed %s", seed)
                        .isNotEmpty()
                        .allSatisfy(problem -> assertThat(problem).isNotBlank());
                refused++;
            } catch (RuntimeException | Error e) {
                fail("seed " + seed + ": a mutated bundle must be refused by a SpecException", e);
            }
        }
        assertThat(refused).isGreaterThan(MUTATIONS / 2);
    }

    @Test
    void everyMutationOfAFileIsFound() throws IOException {
        var files = List.of("bundle.json", "generator.onnx");
        for (int seed = 0; seed < MUTATIONS / 3; seed++) {
            var random = new Random(seed);
            var copy = Bundles.copy(Bundles.GENERATOR, Files.createDirectories(folder.resolve("copy-" + seed)));
            var file = files.get(random.nextInt(files.size()));
            var original = Bundles.read(copy, file);
            var mutated = mutated(original, random);
            if (Arrays.equals(original, mutated)) {
                continue;
            }
            Bundles.replace(copy, file, mutated, false);
            int number = seed;
            assertThatThrownBy(() -> {
                        try (var model = SmaltiModel.open(copy)) {
                            model.generator().generate(1, 1);
                        }
                    })
                    .as("seed %s: %s", number, file)
                    .isInstanceOf(SpecException.class);
        }
    }

    @Test
    void aZipBombIsRefusedBeforeItIsUnpacked() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            for (var file : List.of("bundle.json", "generator-float.onnx")) {
                zip.putNextEntry(new ZipEntry(file));
                zip.write(Bundles.read(Bundles.GENERATOR, file));
            }
            zip.putNextEntry(new ZipEntry("generator.onnx"));
            var zeros = new byte[1 << 20];
            for (int i = 0; i < 512; i++) {
                zip.write(zeros);
            }
        }
        var bomb = Files.write(folder.resolve("bomb.zip"), bytes.toByteArray());
        assertThat(bytes.size()).isLessThan(1 << 20);
        var options = RuntimeOptions.defaults().withMaxFileBytes(1 << 22);
        assertThatThrownBy(() -> SmaltiModel.open(new ByteArrayInputStream(bytes.toByteArray()), options))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("maxFileBytes");
        assertThatThrownBy(() -> {
                    try (var model = SmaltiModel.open(bomb, options)) {
                        model.generator();
                    }
                })
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("maxFileBytes");
    }

    @Test
    void manyFilesAreRefused() throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            for (int i = 0; i < 5000; i++) {
                zip.putNextEntry(new ZipEntry("file-" + i));
            }
        }
        assertThatThrownBy(() ->
                        SmaltiModel.open(new ByteArrayInputStream(bytes.toByteArray()), RuntimeOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("at most 1000 files");
    }

    /** Bits turned, bytes drawn anew, pieces cut out, doubled or cut off. */
    private static byte[] mutated(byte[] original, Random random) {
        var bytes = original.clone();
        int at = random.nextInt(bytes.length);
        int length = Math.min(1 + random.nextInt(64), bytes.length - at);
        switch (random.nextInt(5)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> {
                for (int i = at; i < at + length; i++) {
                    bytes[i] = (byte) random.nextInt();
                }
            }
            case 2 -> bytes = Arrays.copyOf(bytes, at);
            case 3 -> {
                System.arraycopy(original, at + length, bytes, at, bytes.length - at - length);
                bytes = Arrays.copyOf(bytes, bytes.length - length);
            }
            default -> {
                bytes = Arrays.copyOf(bytes, bytes.length + length);
                System.arraycopy(original, at, bytes, at + length, original.length - at);
            }
        }
        return bytes;
    }
}
