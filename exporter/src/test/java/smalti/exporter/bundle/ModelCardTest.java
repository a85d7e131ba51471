package smalti.exporter.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.ExportOptions;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.file.NpyArray;

/** Cards of small bundles; that their snippets run is shown where the other languages are at hand. */
final class ModelCardTest {
    @TempDir
    private Path folder;

    @Test
    void aCodecsCardTellsWhatItIs() throws IOException {
        TinyRuns.codec(folder.resolve("run"), 1);
        var manifest =
                BundleExporter.export(folder.resolve("run"), folder.resolve("tiny.smalti"), ExportOptions.defaults());
        var above = NpyArray.of(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 1, 2, 3);
        var below = NpyArray.of(new byte[12], 2, 1, 2, 3);
        var card = ModelCard.of(
                manifest,
                List.of(new ModelCard.Sheet("held-out.png", "Held-out \"pictures\"", List.of(above, below))),
                List.of(new ModelCard.Figure("PSNR of held-out pictures", "21.5 dB")));
        assertThat(card.markdown())
                .contains(
                        "# tiny\n",
                        "one of 16 and stands for 4x4 pixels, which makes 0.25 bits a pixel",
                        "<img src=\"held-out.png\" alt=\"Held-out &quot;pictures&quot;\" width=\"960\">",
                        "| PSNR of held-out pictures | 21.5 dB |",
                        "| `tokenize.onnx` | pixels [N,4*h,4*w,3] uint8 → codes [N,h,w] int64 |",
                        "byte p is the float 0 + 1·p/255",
                        "whose height and width are multiples of 4",
                        manifest.contracts().get(Contract.Codebook.class).exportedFingerprint(),
                        "```java",
                        "```python",
                        "```javascript",
                        "```cpp")
                .doesNotContainPattern("@[A-Z]+@|%[sd]|null");
        // 2 pictures of 2x1 pixels beside one another, two rows, with 2 pixels around each
        var image = ImageIO.read(
                new ByteArrayInputStream(Objects.requireNonNull(card.pictures().get("held-out.png"))));
        assertThat(image.getWidth()).isEqualTo(10);
        assertThat(image.getHeight()).isEqualTo(8);
        assertThat(image.getRGB(2, 2) & 0xFFFFFF).isEqualTo(0x010203);
        assertThat(image.getRGB(3, 2) & 0xFFFFFF).isEqualTo(0x040506);
        assertThat(image.getRGB(4, 2) & 0xFFFFFF).isEqualTo(0xFFFFFF);
        assertThat(image.getRGB(6, 2) & 0xFFFFFF).isEqualTo(0x070809);
        assertThat(image.getRGB(2, 3) & 0xFFFFFF).isEqualTo(0xFFFFFF);
        assertThat(image.getRGB(7, 5) & 0xFFFFFF).isZero();
        assertThat(ModelCard.of(manifest, List.of(), List.of()).pictures()).isEmpty();
    }

    @Test
    void aGeneratorsCardTellsItsClassesAndItsNoise() throws IOException {
        TinyRuns.generator(folder.resolve("run"), 1);
        var manifest =
                BundleExporter.export(folder.resolve("run"), folder.resolve("tiny.smalti"), ExportOptions.defaults());
        var card = ModelCard.of(manifest, List.of(), List.of());
        assertThat(card.markdown())
                .contains(
                        "16x16 RGB pictures out of 6 numbers and a class",
                        "Classes: 0 red, 1 green, 2 blue.",
                        "philox4x32-10/box-muller",
                        "\"class\": np.zeros(4, np.int64)",
                        "byte p is the float -1 + 2·p/255")
                .doesNotContainPattern("@[A-Z]+@|%[sd]|null");
    }

    @Test
    void numbersAreShort() {
        assertThat(ModelCard.number(0.0852933101151287)).isEqualTo("0.08529");
        assertThat(ModelCard.number(1)).isEqualTo("1");
        assertThat(ModelCard.number(0)).isEqualTo("0");
        assertThat(ModelCard.number(-0.5)).isEqualTo("-0.5");
    }

    @Test
    void refusesPicturesOfTwoSizes() {
        var one = NpyArray.of(new byte[3], 1, 1, 1, 3);
        var other = NpyArray.of(new byte[6], 1, 1, 2, 3);
        assertThatThrownBy(() -> new ModelCard.Sheet("a/b.png", "", List.of(one, other)))
                .isInstanceOf(SpecException.class)
                .hasMessageContainingAll("plain name", "one shape");
    }
}
