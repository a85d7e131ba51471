package smalti.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import smalti.spec.Checksums;
import smalti.spec.SpecException;

class ProceduralPicturesTest {
    @Test
    void everyMachineDrawsTheSameBytes() {
        // pinned: a change here changes every demo model
        assertThat(Checksums.sha256(ProceduralPictures.draw(100, 32, 1).pixels()))
                .isEqualTo("8eada1887ac5747ef7ab36e21d1b2faf5f15a41089f62d922afeb305147247c2");
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
