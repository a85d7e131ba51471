package smalti.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;
import smalti.trainer.data.Pictures;
import smalti.trainer.data.ProceduralPictures;

class SlicedWassersteinTest {
    @Test
    void onALineItIsScipysWassersteinDistance() {
        // scipy.stats.wasserstein_distance 1.17.1
        assertThat(SlicedWasserstein.wasserstein(new double[] {0.5, -1.25, 3, 2}, new double[] {1, 0.25, -2}))
                .isCloseTo(1.3125, within(1e-12));
        assertThat(SlicedWasserstein.wasserstein(new double[] {1, 1, 2}, new double[] {1, 2, 2, 5.5}))
                .isCloseTo(1.2916666666666665, within(1e-12));
        assertThat(SlicedWasserstein.wasserstein(new double[] {3}, new double[] {1.5}))
                .isEqualTo(1.5);
    }

    @Test
    void picturesOfOnePixelHaveOnlyOneDirection() {
        // 0 and 1 against 1 and 1: half of the mass moves by 1, whatever the direction's sign
        var pictures = Pictures.of(1, 1, 1, new byte[] {0, (byte) 255});
        var others = Pictures.of(1, 1, 1, new byte[] {(byte) 255, (byte) 255});
        assertThat(new SlicedWasserstein(1, 3).distance(pictures, others)).isCloseTo(0.5, within(1e-12));
        assertThat(new SlicedWasserstein(7, 4).distance(pictures, others)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void oneDirectionOfTwoPixelsCanBeFollowedByHand() {
        var direction = new float[2];
        new CounterRandom(11, SlicedWasserstein.STREAM).normals(0, direction, 0, 2);
        double norm = Math.hypot(direction[0], direction[1]);
        // one picture (1, 0) against one picture (0, 1)
        var distance = new SlicedWasserstein(1, 11)
                .distance(
                        Pictures.of(1, 2, 1, new byte[] {(byte) 255, 0}),
                        Pictures.of(1, 2, 1, new byte[] {0, (byte) 255}));
        assertThat(distance).isCloseTo(Math.abs(direction[0] - direction[1]) / norm, within(1e-12));
    }

    @Test
    void theSameDistributionIsNearerThanAnother() {
        var pictures = ProceduralPictures.draw(400, 8, 1);
        var same = ProceduralPictures.draw(400, 8, 2);
        var inverted = same.pixels();
        for (int i = 0; i < inverted.length; i++) {
            inverted[i] = (byte) (inverted[i] >> 1 & 0x7F);
        }
        var metric = new SlicedWasserstein(32, 1);
        assertThat(metric.distance(pictures, pictures)).isZero();
        assertThat(metric.distance(pictures, same))
                .isLessThan(metric.distance(pictures, Pictures.of(8, 8, 3, inverted)) / 3);
        assertThat(metric.distance(pictures, same)).isEqualTo(metric.distance(same, pictures));
    }

    @Test
    void wrongArgumentsAreErrors() {
        assertThatThrownBy(() -> new SlicedWasserstein(0, 1)).isInstanceOf(SpecException.class);
        assertThatThrownBy(() -> new SlicedWasserstein(1, 1)
                        .distance(Pictures.of(1, 1, 1, new byte[0]), Pictures.of(1, 2, 1, new byte[2])))
                .isInstanceOfSatisfying(
                        SpecException.class, e -> assertThat(e.problems()).hasSize(2));
    }
}
