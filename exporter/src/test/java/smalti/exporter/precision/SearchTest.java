package smalti.exporter.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/** Calibration, quality, and the search for the layers that stay in float. */
final class SearchTest {
    private static Model identity() {
        return new Nets()
                .input("x", ValueType.FLOAT32, -1, 50)
                .output("y", ValueType.FLOAT32, -1, 50)
                .node("Neg", "y", "x")
                .model();
    }

    @Test
    void averagedIsTheMeanOfTheBatchesExtremes() {
        List<Map<String, Item>> batches = List.of(
                Map.of("x", new Item.Array(Tensor.of(extremes(-1, 3), 1, 50))),
                Map.of("x", new Item.Array(Tensor.of(extremes(-3, 5), 1, 50))));
        var ranges = Calibration.AVERAGED.ranges(identity(), Set.of("x", "y"), batches);
        assertThat(ranges.get("x")).isEqualTo(new ValueRange(-2, 4));
        assertThat(ranges.get("y")).isEqualTo(new ValueRange(-4, 2));
        var all = Calibration.MIN_MAX.ranges(identity(), Set.of("x"), batches);
        assertThat(all.get("x")).isEqualTo(new ValueRange(-3, 5));
    }

    private static float[] extremes(float least, float greatest) {
        var numbers = new float[50];
        numbers[7] = least;
        numbers[30] = greatest;
        return numbers;
    }

    /** Against the sorted numbers: a bin is the 2,048th part of the whole range. */
    @Test
    void percentileLeavesTheOutermostOut() {
        int batches = 80;
        var samples = Nets.floats(batches, 11, 1, 100, 50);
        var all = new ArrayList<Double>();
        samples.forEach(sample -> {
            var tensor = Nets.tensor(sample, "x");
            for (int i = 0; i < tensor.count(); i++) {
                all.add(tensor.number(i));
            }
        });
        all.sort(Double::compare);
        int outside = (int) (1e-5 * all.size());
        var range = Objects.requireNonNull(
                Calibration.PERCENTILE.ranges(identity(), Set.of("x"), samples).get("x"));
        double bin = (all.get(all.size() - 1) - all.get(0)) / 2048;
        assertThat(outside).isEqualTo(4);
        assertThat(range.least()).isCloseTo(all.get(outside), within(bin));
        assertThat(range.greatest()).isCloseTo(all.get(all.size() - 1 - outside), within(bin));
    }

    /** Of the columns, over samples of 30 and of 20 rows. */
    @Test
    void meansAreOfTheChannels() {
        var samples = new ArrayList<>(Nets.floats(1, 3, 1, 30, 50));
        samples.addAll(Nets.floats(1, 4, 1, 20, 50));
        var sums = new double[50];
        for (var sample : samples) {
            var x = Nets.tensor(sample, "x");
            for (int i = 0; i < x.count(); i++) {
                sums[i % 50] += x.number(i);
            }
        }
        var means = Observations.of(identity(), Set.of(), Map.of("y", -1), Set.of(), samples, "m")
                .means();
        var got = Objects.requireNonNull(means.get("y"));
        for (int i = 0; i < 50; i++) {
            assertThat(got[i]).isCloseTo(-sums[i] / 50, within(1e-9));
        }
    }

    @Test
    void numbersThatAreNotFiniteGiveNoRange() {
        var numbers = extremes(-1, 1);
        numbers[3] = Float.NaN;
        List<Map<String, Item>> batches = List.of(Map.of("x", new Item.Array(Tensor.of(numbers, 1, 50))));
        for (var way : Calibration.values()) {
            assertThat(way.ranges(identity(), Set.of("x", "y"), batches)).isEmpty();
        }
    }

    @Test
    void qualityIsOfTheWorstOutput() {
        List<Map<String, Item>> one = List.of(Map.of(
                "a", new Item.Array(Tensor.of(new float[] {0, 10, 5, 5}, 4)),
                "b", new Item.Array(Tensor.of(new float[] {0, 1, 0, 1}, 4)),
                "c", new Item.Array(Tensor.of(new long[] {1, 2, 3, 4}, 4))));
        List<Map<String, Item>> other = List.of(Map.of(
                "a", new Item.Array(Tensor.of(new float[] {0, 10, 5, 6}, 4)),
                "b", new Item.Array(Tensor.of(new float[] {0, 1, 0, 1}, 4)),
                "c", new Item.Array(Tensor.of(new long[] {1, 2, 3, 5}, 4))));
        var quality = Quality.of(one, other);
        assertThat(quality.psnr()).isCloseTo(10 * Math.log10(100 / 0.25), within(1e-9));
        assertThat(quality.agreement()).isEqualTo(0.75);
        assertThat(quality.isAtLeast(new Quality(26, 0.75))).isTrue();
        assertThat(quality.isAtLeast(new Quality(27, 0.75))).isFalse();
        assertThat(quality.isAtLeast(new Quality(26, 0.76))).isFalse();
        assertThat(Quality.of(one, one))
                .isEqualTo(new Quality(Double.POSITIVE_INFINITY, 1, Double.POSITIVE_INFINITY, 0));
        assertThat(quality.sqnr()).isCloseTo(10 * Math.log10(150), within(1e-9));
        assertThat(Quality.of(one, List.of(Map.of())).psnr()).isEqualTo(Double.NEGATIVE_INFINITY);
    }

    /** A loss or a score has no range of its own: its peak is its magnitude. */
    @Test
    void qualityOfOneNumberIsOfItsMagnitude() {
        assertThat(Quality.of(outputs(-4), outputs(-4.04f)).psnr()).isCloseTo(40, within(1e-3));
        assertThat(Quality.of(outputs(2, 2, 2), outputs(2, 2, 2.2f)).psnr())
                .isCloseTo(10 * Math.log10(4 / (0.04 / 3)), within(1e-3));
    }

    @Test
    void whatIsNotFiniteInBothAlikeIsNoLoss() {
        float nan = Float.NaN;
        float infinite = Float.POSITIVE_INFINITY;
        var one = outputs(nan, infinite, -infinite, 10, 0);
        var same = Quality.of(one, outputs(nan, infinite, -infinite, 9, 0));
        assertThat(same.psnr()).isCloseTo(10 * Math.log10(100 / (1.0 / 2)), within(1e-9));
        assertThat(same.lost()).isZero();
        var worse = Quality.of(one, outputs(0, infinite, infinite, nan, 0));
        assertThat(worse.lost()).isEqualTo(3);
        assertThat(worse.psnr()).isEqualTo(Double.NEGATIVE_INFINITY);
    }

    /** In FP32 it goes through; in INT8 nothing is infinite, and every layer would seem to lose all. */
    @Test
    void heldOutSamplesThatAreNoNumbersAreNamed() {
        var net = new Nets()
                .input("x", ValueType.FLOAT32, -1, 12)
                .output("y", ValueType.FLOAT32, -1, 8)
                .weights("w", 0.3, 12, 8)
                .node("MatMul", "y", "x", "w");
        var numbers = new float[4 * 12];
        numbers[30] = Float.POSITIVE_INFINITY;
        List<Map<String, Item>> heldOut = List.of(Map.of("x", new Item.Array(Tensor.of(numbers, 4, 12))));
        assertThatThrownBy(() -> Int8Search.search(
                        net.model(), Nets.floats(4, 3, 1, 4, 12), heldOut, Int8Options.defaults(), "net"))
                .isInstanceOf(SpecException.class)
                .hasMessage("net: held-out batch 0: the input x must hold finite numbers, got 1 infinite in sample 2"
                        + " (counted from 0)");
    }

    private static List<Map<String, Item>> outputs(float... numbers) {
        return List.of(Map.of("y", new Item.Array(Tensor.of(numbers, numbers.length))));
    }

    /** One model takes 3 ms in each round but one, the other 6 ms; then both take the same. */
    @Test
    void aSpeedSaysNoMoreThanItsSpreadAllows() {
        var fast = new Speed(List.of(Collections.nCopies(40, 3.0)));
        var slow = new Speed(List.of(Collections.nCopies(40, 6.0)));
        var ratio = fast.comparedWith(slow);
        assertThat(ratio.median()).isCloseTo(2, within(1e-12));
        assertThat(ratio.isFaster()).isTrue();
        assertThat(ratio.text()).isEqualTo("2.00 times as fast as FP32 (2.00 to 2.00 with 95% confidence, 40 rounds)");
        var noisy = new ArrayList<Double>();
        for (int round = 0; round < 40; round++) {
            noisy.add(round % 2 == 0 ? 2.0 : 4.0);
        }
        var unclear = new Speed(List.of(noisy)).comparedWith(fast);
        assertThat(unclear.low()).isCloseTo(0.75, within(1e-12));
        assertThat(unclear.high()).isCloseTo(1.5, within(1e-12));
        assertThat(unclear.isFaster() || unclear.isSlower()).isFalse();
        assertThat(unclear.text())
                .startsWith("neither faster nor slower than FP32, as far as can be told (0.75 to 1.50");
    }

    @Test
    void allLayersAreInt8WhereTheGateAllowsIt() {
        var result = Int8Search.search(
                Nets.autoencoder(), Nets.pixels(6, 1), Nets.pixels(3, 2), Int8Options.defaults(), "net");
        assertThat(result.quantized()).isEqualTo(3);
        assertThat(result.quality().psnr()).isGreaterThanOrEqualTo(35);
        assertThat(result.layers())
                .allSatisfy(layer -> assertThat(layer.alone().psnr()).isGreaterThan(35));
    }

    @Test
    void theCostliestLayersStayInFloat() {
        var all = Int8Search.search(
                Nets.autoencoder(), Nets.pixels(6, 1), Nets.pixels(3, 2), Int8Options.defaults(), "net");
        var gate = Int8Options.defaults().withGate(all.quality().psnr() + 1, 0.97);
        var some = Int8Search.search(Nets.autoencoder(), Nets.pixels(6, 1), Nets.pixels(3, 2), gate, "net");
        assertThat(some.quantized()).isBetween(1L, 2L);
        assertThat(some.quality().psnr()).isGreaterThan(all.quality().psnr() + 1);
        double worst = all.layers().stream()
                .mapToDouble(layer -> layer.alone().psnr())
                .min()
                .orElseThrow();
        assertThat(some.layers())
                .filteredOn(layer -> layer.alone().psnr() == worst)
                .isNotEmpty()
                .allMatch(layer -> !layer.quantized());
    }

    /** An output that rebuilds the input loses what its PSNR against the input does; another what its noise takes. */
    @Test
    void theDropIsAgainstTheOriginalWhereThereIsOne() {
        var input = numbers(0, 10, 5, 5);
        var rebuilt = numbers(1, 9, 5, 5);
        var worse = numbers(1, 9, 6, 5);
        double before = 10 * Math.log10(100 / (2.0 / 4));
        double after = 10 * Math.log10(100 / (3.0 / 4));
        assertThat(Drop.of(named("x", input), named("y", rebuilt), named("y", worse)))
                .isCloseTo(before - after, within(1e-9));
        assertThat(Drop.of(named("x", numbers(9, 0, 1)), named("y", rebuilt), named("y", worse)))
                .isCloseTo(10 * Math.log10(1 + 1.0 / (1 + 81 + 25 + 25)), within(1e-9));
        assertThat(Drop.of(named("x", input), named("y", rebuilt), named("y", rebuilt)))
                .isZero();
    }

    private static Tensor numbers(float... numbers) {
        return Tensor.of(numbers, numbers.length);
    }

    private static List<Map<String, Item>> named(String name, Tensor tensor) {
        return List.of(Map.of(name, new Item.Array(tensor)));
    }

    @Test
    void layersGoBackUntilTheDropHolds() {
        var free = Int8Search.search(
                Nets.autoencoder(), Nets.pixels(6, 1), Nets.pixels(3, 2), Int8Options.defaults(), "net");
        assertThat(free.drop()).isPositive();
        var bound = Int8Options.defaults().withMostDrop(free.drop() / 2);
        var held = Int8Search.search(Nets.autoencoder(), Nets.pixels(6, 1), Nets.pixels(3, 2), bound, "net");
        assertThat(held.drop()).isLessThanOrEqualTo(free.drop() / 2);
        assertThat(held.quantized()).isLessThan(free.quantized());
    }

    @Test
    void whereNothingHoldsAllStaysInFloat() {
        var gate = Int8Options.defaults().withGate(300, 1);
        var result = Int8Search.search(Nets.autoencoder(), Nets.pixels(2, 1), Nets.pixels(2, 2), gate, "net");
        assertThat(result.quantized()).isZero();
        assertThat(Nets.ops(result.model())).doesNotContain("QuantizeLinear").contains("ConvTranspose");
    }

    @Test
    void twoSearchesGiveTheSameBytes() {
        var bytes = new byte[2][];
        for (int i = 0; i < 2; i++) {
            bytes[i] = OnnxWriter.bytes(Int8Search.search(
                            Nets.autoencoder(), Nets.pixels(4, 1), Nets.pixels(2, 2), Int8Options.defaults(), "net")
                    .model());
        }
        assertThat(Arrays.equals(bytes[0], bytes[1])).isTrue();
    }

    @Test
    void modelsWithoutLayersAndRunsWithoutSamplesAreRefused() {
        assertThatThrownBy(() -> Int8Search.search(
                        identity(),
                        Nets.floats(1, 1, 1, 1, 50),
                        Nets.floats(1, 1, 1, 1, 50),
                        Int8Options.defaults(),
                        "net"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining(
                        "net: INT8 asks for a Conv, ConvTranspose, Gemm or MatMul with constant float32 weights");
        assertThatThrownBy(() ->
                        Int8Search.search(Nets.autoencoder(), List.of(), List.of(), Int8Options.defaults(), "net"))
                .hasMessageContaining("samples to calibrate on and to judge by, got 0 and 0");
    }
}
