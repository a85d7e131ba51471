package smalti.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;
import smalti.spec.file.NpyArray;

/**
 * Samples that two files are compared on: an {@code .npz} whose arrays are the inputs of one run, or what
 * {@link CalibrationSamples} reads, of which the first few runs.
 */
final class ProofSamples {
    private static final int MOST_RUNS = 4;

    private ProofSamples() {}

    static List<Map<String, Item>> read(
            Path data,
            Model model,
            CalibrationSamples.Scaling scaling,
            String place,
            SkipOption skip,
            Console console) {
        if (!data.toString().endsWith(".npz")) {
            return first(CalibrationSamples.read(data, model, scaling, place, skip, console));
        }
        Map<String, NpyArray> arrays;
        try {
            arrays = CalibrationSamples.arrays(data);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var run = oneRun(data, arrays, model);
        return run == null ? first(CalibrationSamples.of(data, arrays, model)) : List.of(run);
    }

    private static List<Map<String, Item>> first(CalibrationSamples samples) {
        var all = new ArrayList<>(samples.calibration());
        all.addAll(samples.heldOut());
        return List.copyOf(all.subList(0, Math.min(MOST_RUNS, all.size())));
    }

    /** Null where the arrays count samples on an axis before those of the inputs, or on one of size 1. */
    private static @Nullable Map<String, Item> oneRun(Path file, Map<String, NpyArray> arrays, Model model) {
        var run = new LinkedHashMap<String, Item>();
        var problems = new ArrayList<String>();
        for (var input : model.graph().inputs()) {
            var array = arrays.get(input.name());
            if (array == null) {
                if (!model.graph().initializers().containsKey(input.name())) {
                    problems.add(
                            file + ": must hold an array for the input " + input.name() + ", got " + arrays.keySet());
                }
            } else if (!fits(input, array)) {
                return null;
            } else {
                run.put(input.name(), new Item.Array(Tensor.of(array)));
            }
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        return run;
    }

    private static boolean fits(Value input, NpyArray array) {
        if (!(input.type() instanceof Type.OfTensor tensor) || tensor.shape() == null) {
            return true;
        }
        var shape = input.shape();
        if (shape.size() != array.shape().size()) {
            return false;
        }
        for (int axis = 0; axis < shape.size(); axis++) {
            if (shape.get(axis).isFixed()
                    && shape.get(axis).size() != array.shape().get(axis)) {
                return false;
            }
        }
        return true;
    }
}
