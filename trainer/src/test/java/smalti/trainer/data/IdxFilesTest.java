package smalti.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;
import smalti.spec.model.ImageSpec;

class IdxFilesTest {
    private static final int IMAGES = 0x803;
    private static final int LABELS = 0x801;
    private static final ImageSpec GREY_8 = new ImageSpec(8, 8, 1);

    @TempDir
    private Path folder;

    /** Picture n of 8x8 has all pixels 10n. */
    private static byte[] pictures(int count) {
        var pixels = new byte[count * 64];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 64 * 10);
        }
        return Fixtures.idx(IMAGES, count, new int[] {8, 8}, pixels);
    }

    private static byte[] labels(int... labels) {
        var bytes = new byte[labels.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) labels[i];
        }
        return Fixtures.idx(LABELS, labels.length, new int[0], bytes);
    }

    private static Map<String, byte[]> whole() {
        var files = new LinkedHashMap<String, byte[]>();
        files.put("train-images-idx3-ubyte.gz", Fixtures.gzip(pictures(4)));
        files.put("train-labels-idx1-ubyte.gz", Fixtures.gzip(labels(2, 0, 1, 2)));
        files.put("t10k-images-idx3-ubyte", pictures(2));
        files.put("t10k-labels-idx1-ubyte", labels(0, 3));
        return files;
    }

    private Dataset open(Path path, ImageSpec image) {
        return Dataset.open(path, image, Fixtures.STRICT, 1, LoadListener.none());
    }

    @Test
    void trainAndTestPartsAreReadGzippedOrNotInAFolderOrAZip() throws IOException {
        for (var path : new Path[] {
            Fixtures.folder(folder.resolve("f"), whole()),
            Fixtures.zip(folder.resolve("z.zip"), whole()),
            Fixtures.folder(
                    folder.resolve("g"),
                    Map.of(
                            "MNIST/raw/train-images-idx3-ubyte",
                            pictures(4),
                            "MNIST/raw/t10k-images-idx3-ubyte",
                            pictures(2))),
        }) {
            var dataset = open(path, GREY_8);
            assertThat(dataset.train().count()).isEqualTo(4);
            assertThat(dataset.heldOut().count()).isEqualTo(2);
            assertThat(dataset.train().picture(3).at(7, 7, 0)).isEqualTo(30);
            if (dataset.train().isLabelled()) {
                assertThat(dataset.train().label(3)).isEqualTo(2);
                assertThat(dataset.heldOut().label(1)).isEqualTo(3);
                assertThat(dataset.train().classes()).containsExactly("0", "1", "2", "3");
                assertThat(dataset.heldOut().classes()).containsExactly("0", "1", "2", "3");
            }
        }
    }

    @Test
    void oneFileFindsItsLabelsAndHoldsAShareOut() throws IOException {
        var path = Fixtures.folder(folder, whole()).resolve("train-images-idx3-ubyte.gz");
        var dataset = open(path, GREY_8);
        assertThat(dataset.train().count()).isEqualTo(3);
        assertThat(dataset.heldOut().count()).isEqualTo(1);
        assertThat(dataset.train().classes()).hasSize(3);
    }

    @Test
    void picturesAreFittedAndReplicated() throws IOException {
        var dataset = open(Fixtures.folder(folder, whole()), new ImageSpec(16, 12, 3));
        assertThat(dataset.train().pictureBytes()).isEqualTo(16 * 12 * 3);
        assertThat(dataset.train().picture(2).pixels()).containsOnly((byte) 20);
    }

    @Test
    void everyFaultOfAFileIsNamedAtOnce() throws IOException {
        var files = whole();
        files.put("train-images-idx3-ubyte.gz", Fixtures.gzip(Arrays.copyOf(pictures(4), 200)));
        files.put("train-labels-idx1-ubyte.gz", Fixtures.gzip(pictures(4)));
        files.put("t10k-labels-idx1-ubyte", labels(0, 1, 2));
        var path = Fixtures.folder(folder, files);
        assertThatThrownBy(() -> open(path, GREY_8))
                .isInstanceOf(SpecException.class)
                .hasMessage(path.resolve("train-images-idx3-ubyte.gz")
                        + ": must hold 256 bytes of pictures after its header, got 184\n"
                        + path.resolve("train-labels-idx1-ubyte.gz")
                        + ": an IDX file of labels must begin with 00000801, got 00000803\n"
                        + path.resolve("t10k-labels-idx1-ubyte") + ": must hold as many labels as "
                        + path.resolve("t10k-images-idx3-ubyte") + " holds pictures, 2; got 3");
    }

    @Test
    void brokenHeadersAreRefused() throws IOException {
        assertFails("train-images-idx3-ubyte", new byte[0], "must be a whole IDX file of pictures, but ends too early");
        assertFails(
                "train-images-idx3-ubyte",
                new byte[] {1, 2, 3, 4},
                "an IDX file of pictures must begin with 00000803, got 01020304");
        assertFails(
                "train-images-idx3-ubyte",
                Fixtures.idx(IMAGES, -1, new int[] {8, 8}, new byte[0]),
                "pictures must fit into 2147483631 bytes together, that is 33554431 of 8x8x1; got 4294967295");
        assertFails(
                "train-images-idx3-ubyte",
                Fixtures.idx(IMAGES, 4, new int[] {0, 8}, new byte[0]),
                "pictures must have from 1 to 67108864 pixels, got 0x8");
        assertFails(
                "train-images-idx3-ubyte",
                Arrays.copyOf(pictures(4), 300),
                "must end after the pictures that its header counts, but goes on");
        assertFails(
                "train-images-idx3-ubyte",
                Arrays.copyOf(Fixtures.gzip(pictures(4)), 40),
                "must be a whole IDX file of pictures, but ends too early");
    }

    @Test
    void tooFewAndATestPartAloneAreErrors() throws IOException {
        assertThatThrownBy(() -> open(
                        Fixtures.folder(folder.resolve("a"), Map.of("train-images-idx3-ubyte", pictures(2))), GREY_8))
                .hasMessage(folder.resolve("a") + ": must hold at least 3 pictures to train on and to hold out, got 2");
        assertThatThrownBy(() -> open(
                        Fixtures.folder(folder.resolve("b"), Map.of("t10k-images-idx3-ubyte", pictures(2))), GREY_8))
                .hasMessage(folder.resolve("b") + ": must hold train-images-idx3-ubyte, got only a test part");
    }

    private void assertFails(String name, byte[] bytes, String problem) throws IOException {
        Files.write(folder.resolve(name), bytes);
        assertThatThrownBy(() -> open(folder.resolve(name), GREY_8))
                .isInstanceOf(SpecException.class)
                .hasMessage(folder.resolve(name) + ": " + problem);
    }
}
