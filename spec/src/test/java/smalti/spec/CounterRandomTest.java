package smalti.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Golden values: Random123's known answers, and a second implementation in Python with its own {@code math}. */
class CounterRandomTest {
    @Test
    void blocksAreRandom123sKnownAnswers() {
        assertThat(words(new CounterRandom(0, 0).block(0, 0))).isEqualTo("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
        assertThat(words(new CounterRandom(-1, -1).block(-1, -1))).isEqualTo("408f276d 41c83b0e a20bc7c6 6d5451fd");
        // counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0
        assertThat(words(new CounterRandom(0x299f31d0a4093822L, 0x85a308d3).block(0x0370734413198a2eL, 0x243f6a88)))
                .isEqualTo("d16cfe09 94fdcceb 5001e420 24126ea1");
    }

    @Test
    void normalsAreThoseOfAnotherLanguage() {
        // rounded to float from doubles whose last digit may differ between mathematical libraries
        assertNormals(
                new CounterRandom(42, CounterRandom.GENERATION),
                0,
                -0.9701898097991943,
                0.19401895999908447,
                -1.2356207370758057,
                1.9239267110824585,
                -0.07318150997161865,
                0.13913749158382416);
        assertNormals(
                new CounterRandom(42, CounterRandom.GENERATION),
                1,
                2.1276910305023193,
                2.1613738536834717,
                -0.40827083587646484);
        assertNormals(
                new CounterRandom(0xDEADBEEFCAFEF00DL, 7),
                (1L << 33) + 5,
                0.731939435005188,
                -0.34480753540992737,
                1.2959860563278198,
                -1.0161174535751343);
    }

    private static void assertNormals(CounterRandom random, long index, double... expected) {
        var normals = new float[expected.length + 2];
        random.normals(index, normals, 1, expected.length);
        assertThat(normals[0]).isZero();
        assertThat(normals[expected.length + 1]).isZero();
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) normals[i + 1]).isCloseTo(expected[i], within(2e-7 * Math.abs(expected[i])));
        }
    }

    @Test
    void aShorterRequestIsTheBeginningOfALongerOne() {
        var random = new CounterRandom(3, 1);
        var longer = new float[101];
        random.normals(9, longer, 0, 101);
        for (int length = 0; length < 9; length++) {
            var shorter = new float[length];
            random.normals(9, shorter, 0, length);
            assertThat(shorter).isEqualTo(Arrays.copyOf(longer, length));
        }
    }

    @Test
    void normalsHaveTheMomentsOfTheNormalDistribution() {
        int count = 200_000;
        var normals = new float[count];
        new CounterRandom(1, 0).normals(0, normals, 0, count);
        var moments = new double[5];
        int beyondTwo = 0;
        for (float x : normals) {
            assertThat(Float.isFinite(x)).isTrue();
            for (int k = 1; k < 5; k++) {
                moments[k] += Math.pow(x, k) / count;
            }
            beyondTwo += Math.abs(x) > 2 ? 1 : 0;
        }
        // five standard errors of each: √(var(xᵏ)/count) with var 1, 2, 15, 96
        double error = 5 / Math.sqrt(count);
        assertThat(moments[1]).isCloseTo(0, within(error));
        assertThat(moments[2]).isCloseTo(1, within(error * Math.sqrt(2)));
        assertThat(moments[3]).isCloseTo(0, within(error * Math.sqrt(15)));
        assertThat(moments[4]).isCloseTo(3, within(error * Math.sqrt(96)));
        assertThat(beyondTwo / (double) count).isCloseTo(0.0455, within(error * 0.2085));
    }

    @Test
    void uniformsAreThoseOfAnotherLanguage() {
        var random = new CounterRandom(42, 3);
        var expected = new double[] {
            0.09419849421828985, 0.17643208685331047, 0.6910079633817077, 0.9161154327448457, 0.32865160098299384
        };
        for (int position = 0; position < expected.length; position++) {
            // words over 2³²: exact in double
            assertThat(random.uniform(9, position)).isEqualTo(expected[position]);
        }
    }

    @Test
    void permutationsHoldEachNumberOnce() {
        assertThat(new CounterRandom(42, 5).permutation(0, 10)).containsExactly(7, 3, 6, 2, 5, 0, 4, 9, 1, 8);
        var random = new CounterRandom(8, 5);
        for (int count : new int[] {0, 1, 2, 1000}) {
            var order = random.permutation(3, count);
            Arrays.sort(order);
            for (int i = 0; i < count; i++) {
                assertThat(order[i]).isEqualTo(i);
            }
        }
        assertThat(random.permutation(3, 100))
                .isEqualTo(random.permutation(3, 100))
                .isNotEqualTo(random.permutation(4, 100));
    }

    @Test
    void permutationsOfThreeAreEquallyLikely() {
        var counts = new int[27];
        int draws = 12_000;
        for (int i = 0; i < draws; i++) {
            var order = new CounterRandom(2, 9).permutation(i, 3);
            counts[order[0] * 9 + order[1] * 3 + order[2]]++;
        }
        // five standard errors around draws/6
        double error = 5 * Math.sqrt(draws / 6.0 * 5 / 6);
        assertThat(Arrays.stream(counts).filter(count -> count > 0).toArray()).hasSize(6);
        Arrays.stream(counts)
                .filter(count -> count > 0)
                .forEach(count -> assertThat((double) count).isCloseTo(draws / 6.0, within(error)));
    }

    @Test
    void seedsStreamsAndIndicesAreKeptApart() {
        var here = words(new CounterRandom(1, 2).block(3, 4));
        assertThat(words(new CounterRandom(2, 2).block(3, 4))).isNotEqualTo(here);
        assertThat(words(new CounterRandom(1L << 32 | 1, 2).block(3, 4))).isNotEqualTo(here);
        assertThat(words(new CounterRandom(1, 3).block(3, 4))).isNotEqualTo(here);
        assertThat(words(new CounterRandom(1, 2).block(4, 4))).isNotEqualTo(here);
        assertThat(words(new CounterRandom(1, 2).block(1L << 32 | 3, 4))).isNotEqualTo(here);
        assertThat(words(new CounterRandom(1, 2).block(3, 5))).isNotEqualTo(here);
    }

    @Test
    void manyUniformNumbersAreThoseOfEachPosition() {
        var random = new CounterRandom(7, 3);
        var many = random.uniforms(9, 11); // ends within a block
        assertThat(many).hasSize(11);
        for (int position = 0; position < many.length; position++) {
            assertThat(many[position]).isEqualTo(random.uniform(9, position));
        }
    }

    private static String words(int... words) {
        return String.format("%08x %08x %08x %08x", words[0], words[1], words[2], words[3]);
    }

    @Test
    void rowsAreThoseOfTheirIndices() {
        var random = new CounterRandom(9, 4);
        var rows = random.normals(6, 3, 5);
        assertThat(rows).hasSize(15);
        for (int row = 0; row < 3; row++) {
            var alone = new float[5];
            random.normals(6 + row, alone, 0, 5);
            assertThat(Arrays.copyOfRange(rows, 5 * row, 5 * row + 5)).isEqualTo(alone);
        }
    }
}
