package smalti.exporter.proof;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.samediff.KnownFaults;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.exporter.samediff.SourceGraph;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;

/** Proves the ONNX file of any graph against SameDiff, or what else it was made of, on seeded inputs. */
public final class GraphProver {
    private static final int RUNS = 3;
    private static final int STREAM = 9;
    private static final List<Long> LARGER_SIZES = List.of(8L, 16L, 32L, 64L);
    /** Of the output's largest number; of 16-bit floats, which keep 3 or 2 digits, more. */
    private static final double TOLERANCE = 1e-4;

    private static final double HALF_TOLERANCE = 4e-3;
    private static final double BRAIN_TOLERANCE = 3e-2;

    private GraphProver() {}

    /**
     * How far an output is from its source's.
     *
     * @param largest number of the source's output, without its sign
     */
    public record Parity(String output, double difference, double largest) {}

    /**
     * What the proof compares where SameDiff does not do what it documents: the ONNX graph's values take the place of
     * such a node's, so that all that comes behind it is proven as well; and so is what goes into it.
     *
     * @param file a graph that gives the values besides its outputs
     * @param given the outputs of those nodes
     * @param watched what goes into them
     * @param drawn the outputs behind random numbers: each run has others, so they are compared with those of the same
     *     run that gave the values
     */
    public record Detour(Path file, List<String> given, List<String> watched, Set<String> drawn) {}

    /**
     * Runs both on normal numbers, and on whole numbers near 0: on two that follow one another where they may be
     * indices, as most indices may be 0 and 1.
     *
     * @param graph as read from the source
     * @return a line for each output that SameDiff computes
     * @throws ProofException listing every output that differs
     */
    public static List<Parity> prove(
            SameDiffRunner source, SourceGraph graph, Path file, Optional<Detour> detour, long seed) {
        return atSomeSizes(
                graph, sizes -> prove(source.signature(), "SameDiff", source::run, graph, sizes, file, detour, seed));
    }

    /** What a file is compared with. */
    private interface Original {
        /**
         * @param taken values that stand in for its own
         * @param wanted outputs, and values inside
         */
        Map<String, NpyArray> run(Map<String, NpyArray> inputs, Map<String, NpyArray> taken, Set<String> wanted);
    }

    private static List<Parity> prove(
            Signature signature,
            String engine,
            Original original,
            SourceGraph graph,
            Map<String, Long> sizes,
            Path file,
            Optional<Detour> detour,
            long seed) {
        var given = detour.map(Detour::given).orElse(List.of());
        var inside = detour.map(Detour::watched).orElse(List.of());
        var drawn = detour.map(Detour::drawn).orElse(Set.of());
        var outputs = signature.outputs().stream()
                .map(TensorSpec::name)
                .filter(output -> !given.contains(output))
                .toList();
        var wanted = new LinkedHashSet<>(outputs);
        wanted.addAll(inside);
        var found = new LinkedHashMap<String, Parity>();
        var problems = new ArrayList<String>();
        try (var exported = ModelSession.openOnAllCores(file);
                var watched = detour.isEmpty()
                        ? null
                        : ModelSession.openOnAllCores(detour.get().file())) {
            for (int run = 0; run < RUNS; run++) {
                var inputs = inputs(signature, graph, sizes, seed, run);
                var values = watched == null ? Map.<String, NpyArray>of() : watched.runArrays(inputs);
                var taken = new LinkedHashMap<String, NpyArray>();
                given.forEach(variable -> taken.put(variable, values.get(variable)));
                var expected = wanted.isEmpty() ? Map.<String, NpyArray>of() : original.run(inputs, taken, wanted);
                var actual = exported.runArrays(inputs);
                for (var output : outputs) {
                    var made = drawn.contains(output) ? values : actual;
                    compare(engine, "output", output, expected, made, found, problems);
                }
                var unseen = new LinkedHashMap<String, Parity>();
                for (var variable : inside) {
                    compare(engine, "variable", variable, expected, values, unseen, problems);
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new ProofException(problems.stream().distinct().toList());
        }
        return List.copyOf(found.values());
    }

    /**
     * Proves with the sizes that SameDiff ran with first; they may be too small for a kernel, which SameDiff does not
     * mind and ONNX Runtime does.
     */
    private static List<Parity> atSomeSizes(SourceGraph graph, Function<Map<String, Long>, List<Parity>> proof) {
        ProofException first;
        try {
            return proof.apply(graph.sampleSizes());
        } catch (ProofException e) {
            first = e;
        }
        for (long least : LARGER_SIZES) {
            if (!(first.getCause() instanceof EngineRefusal)
                    || graph.sampleSizes().isEmpty()) {
                break;
            }
            var sizes = new LinkedHashMap<String, Long>();
            graph.sampleSizes().forEach((name, size) -> sizes.put(name, least + size));
            try {
                return proof.apply(sizes);
            } catch (ProofException e) {
                if (!(e.getCause() instanceof EngineRefusal)) {
                    throw e;
                }
            }
        }
        throw first;
    }

    /**
     * Proves a file against what its graph was made of, such as another library's network.
     *
     * @param engine its name, for errors
     * @param original takes inputs and gives outputs by name, as the signature has them
     * @param graph that was made of it
     * @throws ProofException as above
     */
    public static List<Parity> prove(
            Signature signature,
            String engine,
            UnaryOperator<Map<String, NpyArray>> original,
            SourceGraph graph,
            Path file,
            long seed) {
        Original all = (inputs, taken, wanted) -> original.apply(inputs);
        return atSomeSizes(graph, sizes -> prove(signature, engine, all, graph, sizes, file, Optional.empty(), seed));
    }

    private static Map<String, NpyArray> inputs(
            Signature signature, SourceGraph source, Map<String, Long> sizes, long seed, int run) {
        boolean divides = KnownFaults.dividesWholeNumbers(source);
        var random = new CounterRandom(seed + run, STREAM);
        var inputs = new LinkedHashMap<String, NpyArray>();
        for (var input : signature.inputs()) {
            var type = ValueType.of(input.type());
            long[] shape = input.shape().stream()
                    .mapToLong(axis -> axis.factor()
                            * axis.name()
                                    .map(name -> sizes.getOrDefault(name, 1L))
                                    .orElse(1L))
                    .toArray();
            int count = 1;
            for (long size : shape) {
                count = Math.toIntExact(count * size);
            }
            var normals = new float[count];
            random.normals(inputs.size(), normals, 0, count);
            var values = new double[count];
            boolean wide = type.isWhole() && !divides && !WholeInputs.mayIndex(source, input.name());
            int least = type.isWhole() && divides ? 1 : 0;
            for (int i = 0; i < count; i++) {
                if (type.isFloat()) {
                    values[i] = normals[i];
                } else if (wide) {
                    double near = Math.rint(2 * normals[i]);
                    values[i] = type.isUnsigned() ? Math.abs(near) : near;
                } else {
                    values[i] = normals[i] > 0 ? least + 1 : least;
                }
            }
            var tensor = Tensor.of(values, shape).cast(type);
            inputs.put(input.name(), tensor.npy());
        }
        return inputs;
    }

    private static void compare(
            String engine,
            String kind,
            String output,
            Map<String, NpyArray> expected,
            Map<String, NpyArray> actual,
            Map<String, Parity> found,
            List<String> problems) {
        var wanted = tensor(expected, output);
        var got = tensor(actual, output);
        if (!wanted.dims().equals(got.dims())) {
            problems.add(kind + " \"" + output + "\" must have shape " + wanted.dims() + ", got " + got.dims());
            return;
        }
        double largest = 0;
        double worst = 0;
        for (int i = 0; i < wanted.count(); i++) {
            double a = wanted.number(i);
            double b = got.number(i);
            largest = Math.max(largest, Double.isFinite(a) ? Math.abs(a) : 0);
            worst = Math.max(worst, Double.compare(a, b) == 0 ? 0 : Math.abs(a - b));
            if (Double.compare(a, b) != 0 && Double.isNaN(a - b)) {
                worst = Double.POSITIVE_INFINITY;
            }
        }
        double tolerance = switch (wanted.type()) {
            case FLOAT32, FLOAT64 -> TOLERANCE;
            case FLOAT16 -> HALF_TOLERANCE;
            case BFLOAT16 -> BRAIN_TOLERANCE;
            default -> 0;
        };
        if (worst > tolerance * Math.max(largest, 1e-6)) {
            problems.add(String.format(
                    Locale.ROOT,
                    "%s \"%s\" must be within %.0e of %s's largest number, %.4g, but differs by %.4g",
                    kind,
                    output,
                    tolerance,
                    engine,
                    largest,
                    worst));
        }
        var before = found.get(output);
        found.put(
                output,
                new Parity(
                        output,
                        before == null ? worst : Math.max(before.difference(), worst),
                        before == null ? largest : Math.max(before.largest(), largest)));
    }

    private static Tensor tensor(Map<String, NpyArray> arrays, String output) {
        var array = arrays.get(output);
        if (array == null) {
            throw new IllegalStateException("no output " + output);
        }
        return Tensor.of(array);
    }
}
