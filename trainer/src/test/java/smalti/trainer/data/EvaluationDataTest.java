package smalti.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;

class EvaluationDataTest {
    private static final long SEED = 7;

    @TempDir
    private Path folder;

    private static EvaluationData evaluated(Path path) {
        return EvaluationData.open(path, Fixtures.RGB_8, Fixtures.STRICT, SEED, LoadListener.none());
    }

    private static Dataset trained(Path path) {
        return Dataset.open(path, Fixtures.RGB_8, Fixtures.STRICT, SEED, LoadListener.none());
    }

    private static List<String> names(Pictures pictures) {
        return IntStream.range(0, pictures.count()).mapToObj(pictures::name).toList();
    }

    /** Whatever form the pictures lie in, an evaluation finds those that the training held out. */
    @Test
    void theSplitIsTheTrainings() throws IOException {
        var classes = new LinkedHashMap<String, byte[]>();
        var flat = new LinkedHashMap<String, byte[]>();
        var parted = new LinkedHashMap<String, byte[]>();
        for (int i = 0; i < 6; i++) {
            classes.put("dog/" + i + ".png", Fixtures.png(100 + i));
            classes.put("cat/" + i + ".png", Fixtures.png(i));
            flat.put(i + ".png", Fixtures.png(i));
            parted.put((i < 4 ? "train/" : "test/") + "cat/" + i + ".png", Fixtures.png(i));
        }
        parted.put("unused/9.png", Fixtures.png(9));
        for (var files : List.<Map<String, byte[]>>of(classes, flat, parted)) {
            var place = Files.createTempDirectory(folder, "form");
            for (var path :
                    List.of(Fixtures.folder(place.resolve("a"), files), Fixtures.zip(place.resolve("a.zip"), files))) {
                var evaluated = evaluated(path);
                var trained = trained(path);
                assertThat(names(evaluated.heldOut())).isEqualTo(names(trained.heldOut()));
                assertThat(names(evaluated.train())).isEqualTo(names(trained.train()));
                assertThat(evaluated.heldOut().pixels())
                        .isEqualTo(trained.heldOut().pixels());
                assertThat(Pictures.sha256(evaluated.all()))
                        .isEqualTo(Pictures.sha256(trained.train(), trained.heldOut()));
            }
        }
    }

    @Test
    void ofIdxFilesEachPartWillDo() throws IOException {
        var pixels = new byte[5 * 64];
        IntStream.range(0, pixels.length).forEach(i -> pixels[i] = (byte) (i * 7));
        var train = Fixtures.idx(0x803, 5, new int[] {8, 8}, pixels);
        var test = Fixtures.idx(0x803, 1, new int[] {8, 8}, new byte[64]);
        var both = Fixtures.folder(
                folder.resolve("both"), Map.of("train-images-idx3-ubyte", train, "t10k-images-idx3-ubyte", test));
        assertThat(evaluated(both).all().count()).isEqualTo(6);
        assertThat(evaluated(both).heldOut().pixels())
                .isEqualTo(trained(both).heldOut().pixels());
        assertThat(Pictures.sha256(evaluated(both).all()))
                .isEqualTo(Pictures.sha256(trained(both).train(), trained(both).heldOut()));
        var tests = Fixtures.folder(folder.resolve("tests"), Map.of("t10k-images-idx3-ubyte", test));
        assertThat(evaluated(tests).all().count()).isEqualTo(1);
        assertThat(evaluated(tests).heldOut().count()).isZero();
        assertThat(evaluated(both.resolve("train-images-idx3-ubyte")).all().count())
                .isEqualTo(5);
        assertThat(evaluated(both).all().isLabelled()).isFalse();
        var labelled = Fixtures.folder(
                folder.resolve("labelled"),
                Map.of(
                        "train-images-idx3-ubyte",
                        train,
                        "train-labels-idx1-ubyte",
                        Fixtures.idx(0x801, 5, new int[0], new byte[] {2, 0, 1, 1, 0}),
                        "t10k-images-idx3-ubyte",
                        test,
                        "t10k-labels-idx1-ubyte",
                        Fixtures.idx(0x801, 1, new int[0], new byte[] {3})));
        var all = evaluated(labelled).all();
        assertThat(IntStream.range(0, 6).map(all::label)).containsExactly(2, 0, 1, 1, 0, 3);
        assertThat(all.classes()).containsExactly("0", "1", "2", "3");
    }

    /** SHA-256 of the sorted SHA-256 of each picture, in hexadecimal. */
    @Test
    void theFingerprintIsOfThePixelsAlone() throws NoSuchAlgorithmException {
        var sha = MessageDigest.getInstance("SHA-256");
        var each = new ArrayList<String>();
        var pixels = new byte[3 * 64];
        for (int i = 0; i < 3; i++) {
            var one = new byte[64];
            java.util.Arrays.fill(one, (byte) (10 * i));
            System.arraycopy(one, 0, pixels, i * 64, 64);
            each.add(HexFormat.of().formatHex(sha.digest(one)));
        }
        java.util.Collections.sort(each);
        var expected = HexFormat.of().formatHex(sha.digest(String.join("", each).getBytes(StandardCharsets.US_ASCII)));
        var pictures = Pictures.of(8, 8, 1, pixels);
        assertThat(Pictures.sha256(pictures)).isEqualTo(expected);
        assertThat(Pictures.sha256(pictures.subset(2), pictures.subset(1, 0))).isEqualTo(expected);
        assertThat(Pictures.sha256(pictures.subset(0, 1))).isNotEqualTo(expected);
    }

    @Test
    void noPicturesAreAnError() throws IOException {
        var empty = Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> evaluated(empty))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("empty: must hold pictures");
    }
}
