package smalti.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import smalti.pictures.Picture;
import smalti.spec.SpecException;
import smalti.spec.file.Checksums;

class ProceduralPicturesTest {
    @Test
    void everyMachineDrawsTheSameBytes() {
        // pinned: a change here changes every demo model
        assertThat(Checksums.sha256(ProceduralPictures.draw(100, 32, 1).pixels()))
                .isEqualTo("1130c7bd1e4d701061789e805e015a3d4f673eb24f9f984a84d40c981182768b");
    }

    @Test
    void aPictureDependsOnTheSeedAndItsNumberAlone() {
        var few = ProceduralPictures.draw(13, 32, 5);
        var many = ProceduralPictures.draw(40, 32, 5);
        assertThat(many.take(13).pixels()).isEqualTo(few.pixels());
        assertThat(ProceduralPictures.draw(13, 32, 6).pixels()).isNotEqualTo(few.pixels());
        assertThat(many.picture(3).pixels()).isNotEqualTo(many.picture(13).pixels());
    }

    @Test
    void classesAreBalancedAndSorted() {
        var pictures = ProceduralPictures.draw(50, 16, 5);
        assertThat(pictures.classes()).hasSize(10).isSorted().doesNotHaveDuplicates();
        var counts = new int[10];
        for (int i = 0; i < pictures.count(); i++) {
            assertThat(pictures.label(i)).isEqualTo(i % 10);
            counts[pictures.label(i)]++;
        }
        assertThat(counts).containsOnly(5);
    }

    @Test
    void wavesAreUnlikeStripes() {
        // how much changes from left to right, as a share of what changes from top to bottom
        var pictures = ProceduralPictures.draw(2000, 32, 5);
        int stripes = ProceduralPictures.CLASSES.indexOf("stripes");
        int waves = ProceduralPictures.CLASSES.indexOf("waves");
        for (int i = 0; i < pictures.count(); i++) {
            if (pictures.label(i) == stripes) {
                assertThat(steepness(pictures.picture(i)))
                        .as("stripes, picture %s", i)
                        .isLessThan(0.45);
            } else if (pictures.label(i) == waves) {
                assertThat(steepness(pictures.picture(i)))
                        .as("waves, picture %s", i)
                        .isGreaterThan(0.75);
            }
        }
    }

    private static double steepness(Picture picture) {
        double across = 0;
        double down = 0;
        for (int y = 0; y + 1 < picture.height(); y++) {
            for (int x = 0; x + 1 < picture.width(); x++) {
                across += Math.abs(picture.at(y, x + 1, 0) - picture.at(y, x, 0));
                down += Math.abs(picture.at(y + 1, x, 0) - picture.at(y, x, 0));
            }
        }
        return across / down;
    }

    @Test
    void anotherSizeShowsTheSameScene() {
        // the mean of each 2x2 block of the large picture is near the small picture's pixel: soft edges differ a little
        var small = ProceduralPictures.draw(20, 32, 5);
        var large = ProceduralPictures.draw(20, 64, 5);
        for (int i = 0; i < small.count(); i++) {
            double error = 0;
            for (int at = 0; at < 32 * 32; at++) {
                int y = at / 32;
                int x = at % 32;
                var l = large.picture(i);
                int mean = (l.at(2 * y, 2 * x, 0)
                                + l.at(2 * y, 2 * x + 1, 0)
                                + l.at(2 * y + 1, 2 * x, 0)
                                + l.at(2 * y + 1, 2 * x + 1, 0))
                        / 4;
                error += Math.abs(mean - small.picture(i).at(y, x, 0)) / 1024.0;
            }
            assertThat(error).as("picture %s", i).isLessThan(8);
        }
    }

    @Test
    void wrongSizesAreReportedTogether() {
        assertThatThrownBy(() -> ProceduralPictures.draw(0, 7, 1))
                .isInstanceOf(SpecException.class)
                .hasMessage("count must be at least 1, got 0\nsize must be from 8 to 1024, got 7");
    }
}
