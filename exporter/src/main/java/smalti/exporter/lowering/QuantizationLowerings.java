package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.Map;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Numbers rounded to the steps of a quantized type, as floats. */
final class QuantizationLowerings {
    private QuantizationLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("fake_quant_with_min_max_args", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(rounded(f, new double[] {f.real(0)}, new double[] {f.real(1)}));
                }),
                entry("fake_quant_with_min_max_vars", QuantizationLowerings::given),
                entry("fake_quant_with_min_max_vars_per_channel", QuantizationLowerings::given));
    }

    private static void given(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        f.give(rounded(f, numbers(f, 1), numbers(f, 2)));
    }

    private static double[] numbers(Formula f, int input) {
        var tensor = f.to().constant(f.op(), input, "the range");
        var numbers = new double[tensor.count()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = tensor.number(i);
        }
        return numbers;
    }

    /** The range is moved so that 0 is one of the steps; arguments: bits, whether the lowest step is left out. */
    private static Piece rounded(Formula f, double[] lows, double[] highs) {
        long bits = f.op().ints().isEmpty() ? 8 : f.integer(0);
        boolean narrow = !f.op().flags().isEmpty() && f.op().flags().get(0);
        int count = lows.length;
        var low = new double[count];
        var high = new double[count];
        var step = new double[count];
        for (int i = 0; i < count; i++) {
            double least = narrow ? 1 : 0;
            double most = (1L << bits) - 1;
            step[i] = (highs[i] - lows[i]) / (most - least);
            double zero = Math.floor(Math.max(least, Math.min(most, least - lows[i] / step[i])) + 0.5);
            low[i] = (least - zero) * step[i];
            high[i] = (most - zero) * step[i];
        }
        var x = f.in(0);
        var sizes = count == 1 ? new long[0] : new long[] {count};
        var from = f.constant(x, low, sizes);
        var clipped = f.apply("Min", f.apply("Max", x, from), f.constant(x, high, sizes));
        var steps = f.apply("Floor", f.add(f.div(f.sub(clipped, from), f.constant(x, step, sizes)), 0.5));
        return f.add(f.mul(steps, f.constant(x, step, sizes)), from);
    }
}
