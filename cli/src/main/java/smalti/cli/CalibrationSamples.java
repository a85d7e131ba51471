package smalti.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.precision.NotNumbers;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;
import smalti.trainer.data.EvaluationData;
import smalti.trainer.data.LoadListener;
import smalti.trainer.data.Pictures;

/**
 * Samples for a model: pictures, brought to the one input that takes them, or an {@code .npz} of arrays named like the
 * inputs, whose first axis counts samples.
 *
 * @param calibration a map of inputs for each run
 * @param heldOut of other samples than those
 */
record CalibrationSamples(List<Map<String, Item>> calibration, List<Map<String, Item>> heldOut) {
    private static final int MOST = 256;
    private static final int BATCH = 16;
    private static final int RUNS = 4;
    private static final int FREE_SIZE = 224;
    private static final long MOST_BYTES = 4L << 30;
    private static final double HELD_OUT = 0.25;

    /** What numbers pixels become: {@code (lo + (hi − lo)·p/255 − mean)/deviation}. */
    record Scaling(double lo, double hi, List<Double> mean, List<Double> deviation) {
        Scaling {
            mean = List.copyOf(mean);
            deviation = List.copyOf(deviation);
        }

        /** @throws SpecException if a number a channel is meant and there are not as many */
        void check(int channels) {
            for (var numbers : List.of(mean, deviation)) {
                if (numbers.size() > 1 && numbers.size() != channels) {
                    throw new SpecException("--mean and --std must be one number or one for each of the " + channels
                            + " channels, got " + numbers);
                }
            }
        }

        double of(int pixel, int channel) {
            double value = lo + (hi - lo) * pixel / 255;
            return (value - at(mean, channel, 0)) / at(deviation, channel, 1);
        }

        private static double at(List<Double> numbers, int channel, double otherwise) {
            return numbers.isEmpty() ? otherwise : numbers.get(Math.min(channel, numbers.size() - 1));
        }
    }

    static CalibrationSamples read(
            Path data, Model model, Scaling scaling, String place, SkipOption skip, Console console) {
        try {
            return data.toString().endsWith(".npz")
                    ? of(data, arrays(data), model)
                    : pictures(data, model, scaling, place, skip, console);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- arrays

    static Map<String, NpyArray> arrays(Path file) throws IOException {
        return Npz.read(file, MOST_BYTES);
    }

    /** @param arrays of the file, named like the inputs; their first axis counts samples */
    static CalibrationSamples of(Path file, Map<String, NpyArray> arrays, Model model) {
        var problems = new ArrayList<String>();
        var inputs = required(model);
        long count = -1;
        for (var input : inputs) {
            var array = arrays.get(input.name());
            if (array == null) {
                problems.add(file + ": must hold an array for the input " + input.name() + ", got " + arrays.keySet());
            } else if (array.shape().isEmpty()
                    || array.shape().get(0) < 2
                    || (count >= 0 && array.shape().get(0) != count)) {
                problems.add(
                        file + ": " + input.name() + " must have at least 2 samples on its first axis, as many as the"
                                + " other inputs, got " + array.shape());
            } else {
                count = array.shape().get(0);
                NotNumbers.in(Tensor.of(array))
                        .filter(found -> found.nan() > 0)
                        .ifPresent(found ->
                                problems.add(file + ": " + input.name() + " must hold no NaN, got " + found.text()));
            }
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        int rows = Math.toIntExact(count);
        // of a free batch at least four runs, so that some can judge
        int batch = inputs.stream()
                .mapToInt(input -> isFree(input) ? Math.max(1, Math.min(BATCH, rows / RUNS)) : batch(input))
                .min()
                .orElse(1);
        int runs = Math.min(rows / Math.max(1, batch), Math.max(RUNS, MOST / Math.max(1, batch)));
        var batches = new ArrayList<Map<String, Item>>();
        for (int run0 = 0; run0 < runs; run0++) {
            // spread over all: they may be in some order
            int first = Math.toIntExact((long) run0 * (rows / batch) / runs * batch);
            var run = new LinkedHashMap<String, Item>();
            for (var input : inputs) {
                var array = arrays.get(input.name());
                if (array != null) {
                    run.put(input.name(), new Item.Array(Tensor.of(array.rows(first, batch))));
                }
            }
            batches.add(run);
        }
        return split(batches, file.toString());
    }

    private static List<Value> required(Model model) {
        return model.graph().inputs().stream()
                .filter(input -> !model.graph().initializers().containsKey(input.name()))
                .toList();
    }

    private static String described(Value input) {
        return input.type() instanceof smalti.exporter.graph.Type.OfTensor tensor
                ? input.name() + " " + tensor.element().name().toLowerCase(java.util.Locale.ROOT) + tensor.shape()
                : input.name() + ", no tensor";
    }

    private static boolean isFree(Value input) {
        return !input.shape().isEmpty() && !input.shape().get(0).isFixed();
    }

    /** How many samples one run takes. */
    private static int batch(Value input) {
        var first = input.shape().isEmpty() ? Axis.of(1) : input.shape().get(0);
        return first.isFixed() ? Math.toIntExact(first.size()) : BATCH;
    }

    /** Every fourth run judges, the others teach. */
    private static CalibrationSamples split(List<Map<String, Item>> batches, String place) {
        var calibration = new ArrayList<Map<String, Item>>();
        var heldOut = new ArrayList<Map<String, Item>>();
        for (int i = 0; i < batches.size(); i++) {
            (i % 4 == 1 ? heldOut : calibration).add(batches.get(i));
        }
        if (calibration.isEmpty() || heldOut.isEmpty()) {
            throw new SpecException(
                    place + ": must hold samples for at least 2 runs of the model, got " + batches.size());
        }
        return new CalibrationSamples(calibration, heldOut);
    }

    // ---- pictures

    private static CalibrationSamples pictures(
            Path data, Model model, Scaling scaling, String place, SkipOption skip, Console console)
            throws IOException {
        var inputs = required(model);
        var face = inputs.size() == 1 ? Face.of(inputs.get(0)) : null;
        if (face == null) {
            throw new SpecException(place
                    + ": pictures fit a model with one input of 1 or 3 channels, [N,C,H,W] float32 or"
                    + " [N,H,W,C] uint8 or float32; got "
                    + inputs.stream().map(CalibrationSamples::described).toList()
                    + "; give an .npz of arrays named like the inputs");
        }
        scaling.check(face.channels());
        if (!Files.exists(data)) {
            throw new SpecException(data + ": must be pictures or an .npz file, but does not exist");
        }
        var image = new ImageSpec(face.height(), face.width(), face.channels());
        var rules = new DataSpec(DataSpec.Fit.CROP, skip.bad(), HELD_OUT, false);
        // folders of any form: nothing is learnt of classes here
        var dataset = EvaluationData.open(data, image, rules, 1, new LoadListener() {
            @Override
            public void warning(String message) {
                console.warning(message);
            }
        });
        if (dataset.heldOut().count() == 0) {
            throw new SpecException(
                    data + ": must hold at least 3 pictures, some of which judge what the others taught, got "
                            + dataset.all().count());
        }
        return new CalibrationSamples(face.batches(dataset.train(), scaling), face.batches(dataset.heldOut(), scaling));
    }

    /**
     * The input that takes pictures.
     *
     * @param freeBatch whether a run may take fewer pictures than {@code batch}
     * @param batch pictures a run
     */
    private record Face(
            String name,
            ValueType type,
            boolean channelsFirst,
            boolean freeBatch,
            int batch,
            int height,
            int width,
            int channels) {
        /** Null if the input takes none. */
        static @org.jspecify.annotations.Nullable Face of(Value input) {
            if (!(input.type() instanceof smalti.exporter.graph.Type.OfTensor tensor)
                    || tensor.shape() == null
                    || input.shape().size() != 4
                    || (tensor.element() != ValueType.FLOAT32 && tensor.element() != ValueType.UINT8)) {
                return null;
            }
            var shape = input.shape();
            boolean last = isChannels(shape.get(3));
            boolean first = !last && isChannels(shape.get(1));
            if (!first && !last) {
                return null;
            }
            return new Face(
                    input.name(),
                    tensor.element(),
                    first,
                    !shape.get(0).isFixed(),
                    CalibrationSamples.batch(input),
                    size(shape.get(first ? 2 : 1)),
                    size(shape.get(first ? 3 : 2)),
                    Math.toIntExact(shape.get(first ? 1 : 3).size()));
        }

        private static boolean isChannels(Axis axis) {
            return axis.size() == 1 || axis.size() == 3;
        }

        private static int size(Axis axis) {
            return axis.isFixed() ? Math.toIntExact(axis.size()) : FREE_SIZE;
        }

        List<Map<String, Item>> batches(Pictures pictures, Scaling scaling) {
            var batches = new ArrayList<Map<String, Item>>();
            int count = Math.min(MOST, pictures.count());
            for (int from = 0; from < count; from += batch) {
                // a fixed batch is filled by pictures from the start
                int size = freeBatch ? Math.min(batch, count - from) : batch;
                var numbers = new double[size * height * width * channels];
                for (int i = 0; i < size; i++) {
                    // spread over all: they come in the order of their classes
                    long place0 = ((long) from + i) % count;
                    var pixels = pictures.picture((int) (place0 * pictures.count() / count))
                            .pixels();
                    for (int at = 0; at < pixels.length; at++) {
                        int channel = at % channels;
                        int place = at / channels;
                        int target = channelsFirst ? channel * height * width + place : at;
                        int pixel = pixels[at] & 0xFF;
                        numbers[i * pixels.length + target] =
                                type == ValueType.UINT8 ? pixel : scaling.of(pixel, channel);
                    }
                }
                long[] shape = channelsFirst
                        ? new long[] {size, channels, height, width}
                        : new long[] {size, height, width, channels};
                batches.add(
                        Map.of(name, new Item.Array(Tensor.of(numbers, shape).cast(type))));
            }
            return batches;
        }
    }
}
