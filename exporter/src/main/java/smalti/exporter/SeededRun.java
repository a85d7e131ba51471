package smalti.exporter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.EngineEndedException;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.ProofException;
import smalti.spec.SpecException;

/**
 * Inputs made up from a seed, of the first sizes that a model takes, and what it makes of them.
 *
 * @param inputs a map a sample
 * @param outputs a map a sample
 */
record SeededRun(List<Map<String, Item>> inputs, List<Map<String, Item>> outputs) {
    private static final int SAMPLES = 3;

    /** For each free axis. Two tells a batch from none; networks over pictures ask for more. */
    private static final List<Integer> SIZES = List.of(2, 1, 3, 4, 8, 16, 32, 64, 128, 224);

    /** Whole numbers are indices more often than not: below 2 they fit nearly everywhere. */
    private static final List<Integer> LIMITS = List.of(2, 1);

    private static final long MOST_ELEMENTS = 1 << 26;

    /**
     * Runs a model on inputs of its own choice.
     *
     * @throws SpecException if it runs on none that were tried
     */
    static SeededRun of(ModelSession session, Graph graph, long seed, String place) {
        var given = graph.inputs().stream()
                .filter(input -> session.inputs().contains(input.name()))
                .map(Value::type)
                .toList();
        // where nothing is free, another try would be the same
        var limits = given.stream().allMatch(SeededRun::isOfFloats) ? LIMITS.subList(0, 1) : LIMITS;
        var sizes = given.stream().allMatch(SeededRun::isFixed) ? SIZES.subList(0, 1) : SIZES;
        var last = "";
        for (int limit : limits) {
            for (int size : sizes) {
                try {
                    var inputs = new ArrayList<Map<String, Item>>();
                    var outputs = new ArrayList<Map<String, Item>>();
                    for (int sample = 0; sample < SAMPLES; sample++) {
                        inputs.add(inputs(graph, session, size, limit, new SplittableRandom(seed + sample), place));
                        outputs.add(session.run(inputs.get(sample)));
                    }
                    return new SeededRun(inputs, outputs);
                } catch (EngineEndedException e) {
                    // other sizes would hardly do better, and each may take as long
                    throw e;
                } catch (ProofException e) {
                    // the next sizes may fit
                    last = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
                }
            }
        }
        throw new SpecException(place + ": must run on seeded inputs of some size, and does not: " + last);
    }

    private static boolean isOfFloats(Type type) {
        return type instanceof Type.OfTensor tensor && tensor.element().isFloat();
    }

    private static boolean isFixed(Type type) {
        return type instanceof Type.OfTensor tensor
                && tensor.shape() != null
                && tensor.shape().stream().allMatch(Axis::isFixed);
    }

    /** Runs another model on the same inputs. */
    SeededRun again(ModelSession session) {
        return new SeededRun(inputs, inputs.stream().map(session::run).toList());
    }

    private static Map<String, Item> inputs(
            Graph graph, ModelSession session, int size, int limit, SplittableRandom random, String place) {
        var items = new LinkedHashMap<String, Item>();
        for (var input : graph.inputs()) {
            // what has a default is left to it
            if (session.inputs().contains(input.name()) && !graph.initializers().containsKey(input.name())) {
                items.put(input.name(), item(input, size, limit, random, place));
            }
        }
        return items;
    }

    private static Item item(Value input, int size, int limit, SplittableRandom random, String place) {
        if (!(input.type() instanceof Type.OfTensor tensor) || tensor.shape() == null) {
            throw new SpecException(
                    place + ": input " + input.name() + " must be a tensor of known rank to be made up from a seed");
        }
        long count = 1;
        var dims = new ArrayList<Long>();
        for (Axis axis : input.shape()) {
            long length = axis.isFixed() ? axis.size() : size;
            dims.add(length);
            if (length > MOST_ELEMENTS || count * length > MOST_ELEMENTS) {
                throw new SpecException(place + ": input " + input.name() + " must have at most " + MOST_ELEMENTS
                        + " elements to be made up from a seed, got " + input.shape());
            }
            count *= length;
        }
        if (tensor.element() == ValueType.STRING) {
            var texts = new ArrayList<String>();
            for (int i = 0; i < count; i++) {
                texts.add("text " + random.nextInt(10));
            }
            return new Item.Texts(dims, texts);
        }
        var numbers = new double[(int) count];
        for (int i = 0; i < count; i++) {
            numbers[i] = tensor.element().isFloat()
                    ? random.nextDouble(-1, 1)
                    : tensor.element() == ValueType.UINT8 && limit > 1 ? random.nextInt(256) : random.nextInt(limit);
        }
        return new Item.Array(
                Tensor.of(numbers, dims.stream().mapToLong(Long::longValue).toArray())
                        .cast(tensor.element()));
    }

    /** How far the outputs of two runs on the same inputs are apart. */
    Distance distance(SeededRun other) {
        var distance = new Distance();
        for (int sample = 0; sample < outputs.size(); sample++) {
            for (var output : outputs.get(sample).entrySet()) {
                var actual = other.outputs.get(sample).get(output.getKey());
                if (actual == null) {
                    distance.problem(output.getKey() + " is missing");
                } else {
                    distance.add(output.getKey(), output.getValue(), actual);
                }
            }
        }
        return distance;
    }
}
