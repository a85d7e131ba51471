package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/**
 * What numbers the values inside a model were while ONNX Runtime ran it on samples. One run over them shows extremes and
 * means, a second one histograms between the extremes: that does for every way to calibrate.
 */
final class Observations {
    private final Map<String, Extremes> extremes = new LinkedHashMap<>();
    private final Map<String, ChannelSums> sums = new LinkedHashMap<>();
    private final Map<String, ValueHistogram> histograms = new LinkedHashMap<>();

    private final Set<Calibration> ways;

    private Observations(Collection<Calibration> ways) {
        this.ways = Set.copyOf(ways);
    }

    /**
     * @param values whose ranges will be asked for, of {@link #observable} ones
     * @param channelAxes of the values whose means will be asked for: 1 of pictures; −1 is the last
     * @param ways to calibrate that will be asked for; without one that needs histograms the model runs once
     * @param batches the inputs of each run
     * @param place of the model, in errors
     */
    static Observations of(
            Model model,
            Set<String> values,
            Map<String, Integer> channelAxes,
            Collection<Calibration> ways,
            List<Map<String, Item>> batches,
            String place) {
        var observations = new Observations(ways);
        var exposed = new LinkedHashSet<>(values);
        exposed.addAll(channelAxes.keySet());
        try (var session = ModelSession.open(exposing(model, exposed), place)) {
            each(
                    session,
                    exposed,
                    batches,
                    (name, tensor) -> observations.add(name, tensor, values.contains(name), channelAxes.get(name)));
            if (ways.stream().anyMatch(Calibration::needsHistograms)) {
                observations.fillHistograms(session, batches);
            }
        }
        return observations;
    }

    private void add(String name, Tensor tensor, boolean hasRange, @Nullable Integer channelAxis) {
        var numbers = tensor.floats();
        if (hasRange && numbers.length > 0) {
            extremes.computeIfAbsent(name, unseen -> new Extremes()).add(numbers);
        }
        if (channelAxis != null) {
            sums.computeIfAbsent(name, unseen -> new ChannelSums()).add(tensor, numbers, channelAxis);
        }
    }

    private void fillHistograms(ModelSession session, List<Map<String, Item>> batches) {
        extremes.forEach((name, seen) -> {
            if (seen.isFinite()) {
                histograms.put(name, new ValueHistogram(seen.least, seen.greatest));
            }
        });
        each(session, histograms.keySet(), batches, (name, tensor) -> {
            var histogram = histograms.get(name);
            if (histogram != null) {
                histogram.add(tensor.floats());
            }
        });
    }

    private interface Visitor {
        void visit(String name, Tensor tensor);
    }

    private static void each(
            ModelSession session, Set<String> values, List<Map<String, Item>> batches, Visitor visitor) {
        for (var batch : batches) {
            var items = new LinkedHashMap<>(batch);
            items.putAll(session.run(batch));
            items.forEach((name, item) -> {
                if (values.contains(name)
                        && item instanceof Item.Array array
                        && array.tensor().type() == ValueType.FLOAT32) {
                    visitor.visit(name, array.tensor());
                }
            });
        }
    }

    /** Those of the values that are float32 and no constants. */
    static Set<String> observable(Model model, Collection<String> values) {
        var observable = new LinkedHashSet<>(values);
        observable.removeAll(model.graph().initializers().keySet());
        var shapes = Shapes.of(model);
        observable.removeIf(value -> !shapes.element(value).equals(Optional.of(ValueType.FLOAT32)));
        return observable;
    }

    /** The model with more of its values as outputs. */
    static Model exposing(Model model, Set<String> values) {
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

    /** A range for each value that took finite numbers alone, and any. */
    Map<String, ValueRange> ranges(Calibration way) {
        var ranges = new LinkedHashMap<String, ValueRange>();
        if (way.needsHistograms()) {
            if (!ways.contains(way)) {
                throw new IllegalStateException("no histograms were asked for");
            }
            histograms.forEach((name, histogram) -> ranges.put(name, way.range(histogram)));
            return ranges;
        }
        extremes.forEach((name, seen) -> {
            if (seen.isFinite()) {
                ranges.put(name, way == Calibration.AVERAGED ? seen.mean() : seen.range());
            }
        });
        return ranges;
    }

    /**
     * How far from zero the finite numbers of each value lie; 0 where there are none. NaN and infinity are numbers of every
     * floating-point type.
     */
    Map<String, Double> magnitudes() {
        var magnitudes = new LinkedHashMap<String, Double>();
        extremes.forEach((name, seen) -> magnitudes.put(
                name, seen.least <= seen.greatest ? new ValueRange(seen.least, seen.greatest).magnitude() : 0));
        return magnitudes;
    }

    /** The values that were NaN or infinite somewhere. */
    Set<String> notFinite() {
        var notFinite = new LinkedHashSet<String>();
        extremes.forEach((name, seen) -> {
            if (!seen.finite) {
                notFinite.add(name);
            }
        });
        return notFinite;
    }

    /**
     * The mean number of each channel, by value; none of values whose number of channels varies, or whose numbers are not all
     * finite.
     */
    Map<String, double[]> means() {
        var means = new LinkedHashMap<String, double[]>();
        sums.forEach((name, channels) -> channels.means().ifPresent(mean -> means.put(name, mean)));
        return means;
    }

    private static final class ChannelSums {
        private double[] sums = {};
        private long count;
        private boolean sound = true;

        void add(Tensor tensor, float[] numbers, int axis) {
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
                if (!Float.isFinite(number)) {
                    finite = false;
                    continue;
                }
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

        ValueRange range() {
            return new ValueRange(least, greatest);
        }

        ValueRange mean() {
            return new ValueRange(sumOfLeast / batches, sumOfGreatest / batches);
        }
    }
}
