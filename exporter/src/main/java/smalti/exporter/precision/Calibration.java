package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/** What numbers the values inside a model take while ONNX Runtime runs it on samples. */
public enum Calibration {
    /** The mean over the batches of each batch's least and greatest number. */
    MIN_MAX,

    /** The least and the greatest number of all. */
    EXTREMES,

    /**
     * The part of the numbers that remains without the outermost 0.001% on either side, from a histogram of 2,048 bins.
     */
    PERCENTILE;

    private static final int BINS = 2048;
    private static final double OUTSIDE = 1e-5;

    /**
     * Runs the model once, for PERCENTILE twice, over all samples.
     *
     * @param values names of float32 values
     * @param batches the inputs of each run
     * @return a range for each value that took finite numbers alone, and any
     */
    Map<String, Range> ranges(Model model, Set<String> values, List<Map<String, Item>> batches) {
        try (var session = ModelSession.open(OnnxWriter.bytes(watched(model, values)), "calibration")) {
            var seen = new LinkedHashMap<String, Extremes>();
            each(
                    session,
                    values,
                    batches,
                    (name, numbers) ->
                            seen.computeIfAbsent(name, unseen -> new Extremes()).add(numbers));
            var ranges = new LinkedHashMap<String, Range>();
            if (this != PERCENTILE) {
                seen.forEach((name, extremes) -> {
                    if (extremes.isFinite()) {
                        ranges.put(
                                name, this == MIN_MAX ? extremes.mean() : new Range(extremes.least, extremes.greatest));
                    }
                });
                return ranges;
            }
            var histograms = new LinkedHashMap<String, Histogram>();
            seen.forEach((name, extremes) -> {
                if (extremes.isFinite()) {
                    histograms.put(name, new Histogram(extremes.least, extremes.greatest));
                }
            });
            each(session, histograms.keySet(), batches, (name, numbers) -> {
                var histogram = histograms.get(name);
                if (histogram != null) {
                    histogram.add(numbers);
                }
            });
            histograms.forEach((name, histogram) -> ranges.put(name, histogram.range()));
            return ranges;
        }
    }

    private interface Visitor {
        void visit(String name, float[] numbers);
    }

    private static void each(
            ModelSession session, Set<String> values, List<Map<String, Item>> batches, Visitor visitor) {
        for (var batch : batches) {
            var numbers = new LinkedHashMap<>(batch);
            numbers.putAll(session.run(batch));
            numbers.forEach((name, item) -> {
                if (values.contains(name)
                        && item instanceof Item.Array array
                        && array.tensor().type() == ValueType.FLOAT32
                        && array.tensor().count() > 0) {
                    visitor.visit(name, array.tensor().floats());
                }
            });
        }
    }

    /** The inputs of layers, with the axis of their channels. */
    static Map<String, Integer> layerInputs(Model model) {
        var inputs = new LinkedHashMap<String, Integer>();
        for (var node : model.graph().nodes()) {
            if (node.is("Conv")) {
                inputs.put(node.input(0), 1);
            } else if (node.is("Gemm") || node.is("MatMul")) {
                inputs.put(node.input(0), -1);
            }
        }
        inputs.keySet().removeAll(model.graph().initializers().keySet());
        var shapes = Shapes.of(model);
        inputs.keySet().removeIf(value -> !shapes.element(value).equals(Optional.of(ValueType.FLOAT32)));
        return inputs;
    }

    /**
     * The mean number of each channel of the layers' inputs.
     *
     * @param axes of the channels, by value: 1 of pictures; −1 is the last
     * @return by value; none of values whose number of channels varies, or whose numbers are not all finite
     */
    static Map<String, double[]> means(Model model, Map<String, Integer> axes, List<Map<String, Item>> batches) {
        var sums = new LinkedHashMap<String, ChannelSums>();
        try (var session = ModelSession.open(OnnxWriter.bytes(watched(model, axes.keySet())), "calibration")) {
            for (var batch : batches) {
                var values = new LinkedHashMap<>(batch);
                values.putAll(session.run(batch));
                axes.forEach((name, axis) -> {
                    if (values.get(name) instanceof Item.Array array
                            && array.tensor().type() == ValueType.FLOAT32) {
                        sums.computeIfAbsent(name, unseen -> new ChannelSums()).add(array.tensor(), axis);
                    }
                });
            }
        }
        var means = new LinkedHashMap<String, double[]>();
        sums.forEach((name, channels) -> channels.means().ifPresent(mean -> means.put(name, mean)));
        return means;
    }

    private static final class ChannelSums {
        private double[] sums = {};
        private long count;
        private boolean sound = true;

        void add(Tensor tensor, int axis) {
            int at = axis < 0 ? tensor.rank() + axis : axis;
            if (!sound || at < 0 || at >= tensor.rank()) {
                sound = false;
                return;
            }
            int channels = Math.toIntExact(tensor.dims().get(at));
            if (count == 0) {
                sums = new double[channels];
            } else if (sums.length != channels) {
                sound = false;
                return;
            }
            int inner = 1;
            for (int i = at + 1; i < tensor.rank(); i++) {
                inner *= Math.toIntExact(tensor.dims().get(i));
            }
            var numbers = tensor.floats();
            for (int i = 0; i < numbers.length; i++) {
                sums[i / inner % channels] += numbers[i];
            }
            count += channels == 0 ? 0 : numbers.length / channels;
        }

        Optional<double[]> means() {
            var means = Arrays.stream(sums).map(sum -> sum / count).toArray();
            return sound && count > 0 && Arrays.stream(means).allMatch(Double::isFinite)
                    ? Optional.of(means)
                    : Optional.empty();
        }
    }

    /** The model with more of its values as outputs. */
    static Model watched(Model model, Set<String> values) {
        var graph = model.graph();
        var outputs = new ArrayList<>(graph.outputs());
        var there = new HashSet<String>();
        outputs.forEach(output -> there.add(output.name()));
        graph.inputs().forEach(input -> there.add(input.name()));
        for (var value : values) {
            if (there.add(value)) {
                outputs.add(new Value(value, ValueType.FLOAT32, null, Value.Layout.PLAIN));
            }
        }
        return model.with(new Graph(
                graph.name(),
                graph.inputs(),
                outputs,
                graph.initializers(),
                graph.nodes(),
                graph.values(),
                graph.rest()));
    }

    private static final class Extremes {
        private double least = Double.POSITIVE_INFINITY;
        private double greatest = Double.NEGATIVE_INFINITY;
        private double sumOfLeast;
        private double sumOfGreatest;
        private int batches;
        private boolean finite = true;

        void add(float[] numbers) {
            float low = Float.POSITIVE_INFINITY;
            float high = Float.NEGATIVE_INFINITY;
            for (float number : numbers) {
                finite &= Float.isFinite(number);
                low = Math.min(low, number);
                high = Math.max(high, number);
            }
            least = Math.min(least, low);
            greatest = Math.max(greatest, high);
            sumOfLeast += low;
            sumOfGreatest += high;
            batches++;
        }

        boolean isFinite() {
            return finite && batches > 0;
        }

        Range mean() {
            return new Range(sumOfLeast / batches, sumOfGreatest / batches);
        }
    }

    private static final class Histogram {
        private final double least;
        private final double width;
        private final long[] bins = new long[BINS];
        private long count;

        Histogram(double least, double greatest) {
            this.least = least;
            this.width = (greatest - least) / BINS;
        }

        void add(float[] numbers) {
            for (float number : numbers) {
                int bin = width > 0 ? (int) ((number - least) / width) : 0;
                // a model that draws random numbers gives others the second time
                bins[Math.max(0, Math.min(BINS - 1, bin))]++;
            }
            count += numbers.length;
        }

        Range range() {
            double outside = OUTSIDE * count;
            int first = 0;
            for (double below = bins[0]; below <= outside && first < BINS - 1; below += bins[first]) {
                first++;
            }
            int last = BINS - 1;
            for (double above = bins[last]; above <= outside && last > first; above += bins[last]) {
                last--;
            }
            return new Range(least + first * width, least + (last + 1) * width);
        }
    }
}
