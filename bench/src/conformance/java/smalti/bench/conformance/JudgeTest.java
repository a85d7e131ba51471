package smalti.bench.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import smalti.spec.file.NpyArray;

/** What the judge lets pass and what it does not. */
final class JudgeTest {
    @Test
    void pixelsMayDifferByALevel() {
        var expected = Map.of("pixels", NpyArray.of(new byte[] {0, (byte) 200}, 1, 2));
        assertThat(Judge.wrong(expected, Map.of("pixels", NpyArray.of(new byte[] {1, (byte) 199}, 1, 2))))
                .isEmpty();
        // as a consumer without types gives it
        assertThat(Judge.wrong(expected, Map.of("pixels", NpyArray.of(new float[] {0, 200}, 1, 2))))
                .isEmpty();
        assertThat(Judge.wrong(expected, Map.of("pixels", NpyArray.of(new byte[] {2, (byte) 200}, 1, 2))))
                .hasValue("wrong values: 1 of 2 of pixels differ, by up to 2.0");
    }

    @Test
    void codesMayNot() {
        var expected = Map.of("codes", NpyArray.of(new long[] {3, 5}, 2));
        assertThat(Judge.wrong(expected, expected)).isEmpty();
        assertThat(Judge.wrong(expected, Map.of("codes", NpyArray.of(new long[] {3, 4}, 2))))
                .isPresent();
    }

    @Test
    void floatsMayByAShareOfTheirRange() {
        var expected = Map.of("image", NpyArray.of(new float[] {-1, 1}, 2));
        assertThat(Judge.wrong(expected, Map.of("image", NpyArray.of(new float[] {-1.0001f, 1}, 2))))
                .isEmpty();
        assertThat(Judge.wrong(expected, Map.of("image", NpyArray.of(new float[] {-1.001f, 1}, 2))))
                .isPresent();
        assertThat(Judge.wrong(expected, Map.of("image", NpyArray.of(new float[] {Float.NaN, 1}, 2))))
                .isPresent();
    }

    @Test
    void floatsInFewerBitsMayByAHundredthOfTheirRangeOnAverage() {
        var expected = Map.of("mean", NpyArray.of(new float[] {-1, 1}, 2));
        // the range is 2: 0.02 on average
        assertThat(Judge.wrongInFewerBits(expected, Map.of("mean", NpyArray.of(new float[] {-1.038f, 1}, 2))))
                .isEmpty();
        assertThat(Judge.wrongInFewerBits(expected, Map.of("mean", NpyArray.of(new float[] {-1.042f, 1}, 2))))
                .isPresent();
        assertThat(Judge.wrongInFewerBits(expected, Map.of("mean", NpyArray.of(new float[] {Float.NaN, 1}, 2))))
                .isPresent();
    }

    @Test
    void shapesAndNamesAreHeldTo() {
        var expected = Map.of("image", NpyArray.of(new float[] {-1, 1}, 2));
        assertThat(Judge.wrong(expected, Map.of("image", NpyArray.of(new float[] {-1, 1}, 1, 2))))
                .hasValue("shape of image is [1, 2] instead of [2]");
        assertThat(Judge.wrong(expected, Map.of("picture", NpyArray.of(new float[] {-1, 1}, 2))))
                .isPresent();
    }
}
