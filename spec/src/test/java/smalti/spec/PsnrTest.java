package smalti.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PsnrTest {
    @Test
    void byTheFormula() {
        // a hundredth of the peak's square is 20 dB, of bytes and of numbers from 0 to 1
        assertThat(Psnr.of(650.25, 255)).isCloseTo(20, within(1e-12));
        assertThat(Psnr.of(1e-4, 1)).isCloseTo(40, within(1e-12));
    }

    @Test
    void noErrorIsInfinitelyGoodAndNaNStaysNaN() {
        assertThat(Psnr.of(0, 255)).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(Psnr.of(Double.NaN, 255)).isNaN();
    }
}
