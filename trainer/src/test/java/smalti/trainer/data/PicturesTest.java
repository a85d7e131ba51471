package smalti.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;

class PicturesTest {
    /** Three pictures of 2x2 RGB: pixel byte k of picture n is 20n + k. */
    private static Pictures three() {
        var pixels = new byte[3 * 12];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 12 * 20 + i % 12);
        }
        return Pictures.of(2, 2, 3, pixels, new int[] {1, 0, 1}, List.of("cat", "dog"));
    }

    @Test
    void aBatchHasItsChannelsFirst() {
        var batch = new float[2 * 12];
        three().fillNchw(new int[] {2, 0}, 0, 255, batch);
        assertThat(batch)
                .containsExactly(40, 43, 46, 49, 41, 44, 47, 50, 42, 45, 48, 51, 0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11);
    }

    @Test
    void aMirroredPictureHasItsRowsTurnedAround() {
        var batch = new float[2 * 12];
        three().fillNchw(new int[] {0, 0}, 0, 255, new boolean[] {true, false}, batch);
        assertThat(batch).containsExactly(3, 0, 9, 6, 4, 1, 10, 7, 5, 2, 11, 8, 0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11);
    }

    @Test
    void levelsAreMappedToTheRange() {
        var pictures = Pictures.of(1, 3, 1, new byte[] {0, 51, (byte) 255});
        var batch = new float[3];
        pictures.fillNchw(new int[] {0}, -0.5, 0.5, batch);
        assertThat(batch).containsExactly(-0.5f, -0.3f, 0.5f);
        pictures.fillNchw(new int[] {0}, -1, 1, batch);
        assertThat(batch).containsExactly(-1f, -0.6f, 1f);
    }

    @Test
    void subsetsKeepLabelsAndClasses() {
        var subset = three().subset(2, 1);
        assertThat(subset.count()).isEqualTo(2);
        assertThat(subset.label(0)).isEqualTo(1);
        assertThat(subset.label(1)).isZero();
        assertThat(subset.classes()).containsExactly("cat", "dog");
        assertThat(subset.picture(0).at(1, 1, 2)).isEqualTo(51);
        assertThat(subset.subset(1).picture(0).at(0, 0, 0)).isEqualTo(20);
        assertThat(subset.pixels()).startsWith(40, 41).endsWith(30, 31);
        assertThat(three().take(2).count()).isEqualTo(2);
        assertThat(three().take(9).count()).isEqualTo(3);
    }

    @Test
    void varianceIsThatOfAllPixels() {
        // 0 and 255 in equal parts: 1/4
        assertThat(Pictures.of(1, 2, 1, new byte[] {0, (byte) 255}).variance()).isEqualTo(0.25);
        // levels 1, 2, 3, 6 have the mean 3 and the variance (4 + 1 + 0 + 9)/4
        assertThat(Pictures.of(2, 2, 1, new byte[] {1, 2, 3, 6}).variance()).isCloseTo(3.5 / 255 / 255, within(1e-15));
        // NumPy 2: np.var of Fixtures.pattern(16, 20, 3) / 255
        var pattern = Fixtures.pattern(16, 20, 3, 0);
        assertThat(Pictures.of(16, 20, 3, pattern.pixels()).variance()).isCloseTo(0.08324743873550237, within(1e-13));
    }

    /** Two pictures of 1×2 RGB by hand: pixels (0, 51, 102), (153, 204, 255) and (102, 51, 0), (51, 0, 153). */
    @Test
    void theMeanPictureIsByChannel() {
        var bytes = new byte[] {0, 51, 102, (byte) 153, (byte) 204, (byte) 255, 102, 51, 0, 51, 0, (byte) 153};
        assertThat(Pictures.of(1, 2, 3, bytes).meanNchw(0, 1)).containsExactly(0.2f, 0.4f, 0.2f, 0.4f, 0.2f, 0.8f);
        assertThat(Pictures.of(1, 2, 3, bytes).meanNchw(-1, 1)[5]).isEqualTo(0.6f);
    }

    @Test
    void wrongArgumentsAreReportedTogether() {
        assertThatThrownBy(() -> Pictures.of(2, 2, 1, new byte[9], new int[] {3}, List.of("cat")))
                .isInstanceOfSatisfying(
                        SpecException.class, e -> assertThat(e.problems()).hasSize(3));
        assertThatThrownBy(() -> three().fillNchw(new int[] {0}, 0, 1, new boolean[2], new float[3]))
                .isInstanceOfSatisfying(
                        SpecException.class, e -> assertThat(e.problems()).hasSize(2));
        assertThatThrownBy(() -> Pictures.of(1, 1, 1, new byte[1]).label(0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatCannotFitIsRefusedBeforeItIsRead() {
        assertThatThrownBy(() -> Pictures.requireFit("data", 700_000, 32, 32, 3))
                .isInstanceOf(SpecException.class)
                .hasMessage("data: pictures must fit into 2147483631 bytes together, that is 699050 of 32x32x3;"
                        + " got 700000");
    }
}
