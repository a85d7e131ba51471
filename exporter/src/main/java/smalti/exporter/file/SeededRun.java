package smalti.exporter.file;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Model;
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
 * Inputs that were given or made up from a seed, of the first sizes that a model takes, and what it makes of them.
 *
 * @param inputs a map a sample
 * @param outputs a map a sample
 * @param notes how inputs were chosen of which not all numbers will do, and which outputs have no numbers to compare
 */
record SeededRun(List<Map<String, Item>> inputs, List<Map<String, Item>> outputs, List<String> notes) {
    private static final int SAMPLES = 3;

    /** For each free axis. Two tells a batch from none; networks over pictures ask for more. */
    private static final List<Integer> SIZES = List.of(2, 1, 3, 4, 8, 16, 32, 64, 128, 224);

    /** Of an input whose rank nobody says. */
    private static final List<Integer> RANKS = List.of(2, 1, 3, 4, 0);

    /** Whole numbers are indices more often than not: below 2 they fit nearly everywhere. Else they may be sizes. */
    private static final List<Wholes> WHOLES =
            List.of(new Wholes(0, 2), new Wholes(0, 1), new Wholes(1, 2), new Wholes(2, 3));

    /** From the least on, below the other. */
    private record Wholes(int least, int limit) {
        int draw(SplittableRandom random) {
            return random.nextInt(least, limit);
        }
    }

    /** Logarithms, roots and powers take none below 0. */
    private static final List<Floats> FLOATS = List.of(new Floats(-1, 1), new Floats(1e-3, 1), new Floats(1, 10));

    /** From the least on, below the other. */
    private record Floats(double least, double limit) {
        double draw(SplittableRandom random) {
            return random.nextDouble(least, limit);
        }
    }

    /** How inputs are made up. */
    private record Drawing(FreeSizes sizes, int rank, Wholes wholes, Floats floats, Map<String, InputRole> roles) {
        Drawing with(FreeSizes others) {
            return new Drawing(others, rank, wholes, floats, roles);
        }

        Drawing with(Floats others) {
            return new Drawing(sizes, rank, wholes, others, roles);
        }
    }

    private static final long MOST_ELEMENTS = 1 << 26;
    private static final int MOST_SHOWN = 8;

    /**
     * Runs a model on the samples of the options or, without them, on inputs of its own choice.
     *
     * @throws SpecException if it runs on none that were tried, or would take too much memory
     */
    static SeededRun of(ModelSession session, Model model, ProofOptions options, String place) {
        return options.samples().isEmpty()
                ? new Choice(session, model, options, place).run()
                : given(session, model, options, place);
    }

    private static SeededRun given(ModelSession session, Model model, ProofOptions options, String place) {
        ProofMemory.check(model, options.samples().get(0), options.limits().memory(), place);
        try {
            var outputs = options.samples().stream().map(session::run).toList();
            return new SeededRun(options.samples(), outputs, Seen.of(outputs).notes());
        } catch (EngineEndedException e) {
            throw e;
        } catch (ProofException e) {
            throw new SamplesException(
                    place + ": must run on the samples, and does not (others may be given, or none): " + first(e), e);
        }
    }

    private static String first(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /** The search for inputs that a model takes. */
    private static final class Choice {
        private final ModelSession session;
        private final Model model;
        private final ProofOptions options;
        private final String place;
        private final Map<String, InputRole> roles;
        private String last = "";

        Choice(ModelSession session, Model model, ProofOptions options, String place) {
            this.session = session;
            this.model = model;
            this.options = options;
            this.place = place;
            this.roles = InputRole.of(model);
        }

        SeededRun run() {
            var given = model.graph().inputs().stream()
                    .filter(input -> session.inputs().contains(input.name()))
                    .toList();
            // where nothing is free, another try would be the same
            boolean ofFloats =
                    given.stream().allMatch(input -> isOfFloats(input.type()) || roles.containsKey(input.name()));
            boolean fixed = given.stream().allMatch(input -> isFixed(input.type()));
            boolean ranked = given.stream().noneMatch(SeededRun::isOfAnyRank);
            for (var wholes : ofFloats ? WHOLES.subList(0, 1) : WHOLES) {
                for (int size : fixed ? SIZES.subList(0, 1) : SIZES) {
                    for (int rank : ranked ? RANKS.subList(0, 1) : RANKS) {
                        try {
                            return run(size, rank, wholes, roles);
                        } catch (EngineEndedException e) {
                            // other sizes would hardly do better, and each may take as long
                            throw e;
                        } catch (ProofException e) {
                            // the next sizes may fit
                            last = first(e);
                        }
                    }
                }
            }
            for (var wholes : roles.isEmpty() ? List.<Wholes>of() : WHOLES) {
                try {
                    return run(SIZES.get(0), RANKS.get(0), wholes, Map.of());
                } catch (EngineEndedException e) {
                    throw e;
                } catch (ProofException e) {
                    last = first(e);
                }
            }
            throw new SpecException(
                    place + ": must run on seeded inputs of some size, and does not (samples of its own may"
                            + " be given): " + last);
        }

        private SeededRun run(int size, int rank, Wholes wholes, Map<String, InputRole> roles) {
            var drawing = new Drawing(FreeSizes.same(size), rank, wholes, FLOATS.get(0), roles);
            var inputs = new ArrayList<Map<String, Item>>();
            var outputs = new ArrayList<Map<String, Item>>();
            run(drawing, inputs, outputs);
            while (inputs.size() < SAMPLES) {
                var apart = FreeSizes.apart(model.graph().inputs(), size, inputs.size() > 1);
                if (apart.own().isEmpty() || !runs(drawing.with(apart), inputs, outputs)) {
                    run(drawing, inputs, outputs);
                }
            }
            for (var floats : FLOATS.subList(1, FLOATS.size())) {
                if (!Seen.of(outputs).isMost()) {
                    runs(drawing.with(floats), inputs, outputs);
                }
            }
            var notes = new ArrayList<>(notes(inputs.get(0), roles));
            notes.addAll(Seen.of(outputs).notes());
            return new SeededRun(inputs, outputs, notes);
        }

        private void run(Drawing drawing, List<Map<String, Item>> inputs, List<Map<String, Item>> outputs) {
            var sample = inputs(drawing, new SplittableRandom(options.seed() + inputs.size()));
            ProofMemory.check(model, sample, options.limits().memory(), place);
            outputs.add(session.run(sample));
            inputs.add(sample);
        }

        /** Whether the model takes them: it need not, as it took others. */
        private boolean runs(Drawing drawing, List<Map<String, Item>> inputs, List<Map<String, Item>> outputs) {
            try {
                run(drawing, inputs, outputs);
                return true;
            } catch (ProofException | SpecException e) {
                return false;
            }
        }

        private static List<String> notes(Map<String, Item> inputs, Map<String, InputRole> roles) {
            var notes = new ArrayList<String>();
            inputs.forEach((name, item) -> {
                var role = roles.get(name);
                if (role != null && item instanceof Item.Array array) {
                    var numbers = new ArrayList<String>();
                    for (int i = 0; i < Math.min(MOST_SHOWN, array.tensor().count()); i++) {
                        double number = array.tensor().number(i);
                        numbers.add(
                                number == Math.rint(number) ? String.valueOf((long) number) : String.valueOf(number));
                    }
                    notes.add("input " + name + " is " + role + ": " + String.join(", ", numbers)
                            + (array.tensor().count() > MOST_SHOWN ? ", …" : ""));
                }
            });
            return notes;
        }

        private Map<String, Item> inputs(Drawing drawing, SplittableRandom random) {
            var items = new LinkedHashMap<String, Item>();
            for (var input : model.graph().inputs()) {
                // what has a default is left to it
                if (session.inputs().contains(input.name())
                        && !model.graph().initializers().containsKey(input.name())) {
                    items.put(input.name(), item(input, drawing, random));
                }
            }
            return items;
        }

        private Item item(Value input, Drawing drawing, SplittableRandom random) {
            InputRole role = drawing.roles().get(input.name());
            var wholes = drawing.wholes();
            ValueType element;
            List<Axis> shape;
            if (input.type() instanceof Type.OfTensor tensor) {
                element = tensor.element();
                shape = tensor.shape() == null ? Collections.nCopies(drawing.rank(), Axis.UNKNOWN) : tensor.shape();
            } else {
                element = ValueType.FLOAT32;
                shape = session.shapeOfSmall(input.name())
                        .orElseThrow(() -> new SpecException(place + ": input " + input.name()
                                + " must be a tensor to be made up from a seed, and is a sequence or the like"));
            }
            long count = 1;
            var dims = new ArrayList<Long>();
            for (int place = 0; place < shape.size(); place++) {
                long length = drawing.sizes().of(shape.get(place), place);
                dims.add(length);
                if (length > MOST_ELEMENTS || count * length > MOST_ELEMENTS) {
                    throw new SpecException(place + ": input " + input.name() + " must have at most " + MOST_ELEMENTS
                            + " elements to be made up from a seed, got " + shape);
                }
                count *= length;
            }
            if (element == ValueType.STRING) {
                var texts = new ArrayList<String>();
                for (int i = 0; i < count; i++) {
                    texts.add("text " + random.nextInt(10));
                }
                return new Item.Texts(dims, texts);
            }
            var numbers = new double[(int) count];
            for (int i = 0; i < count; i++) {
                numbers[i] = role != null
                        ? role.number(i, (int) count, drawing.sizes().size())
                        : element.isFloat()
                                ? drawing.floats().draw(random)
                                : element == ValueType.UINT8 && wholes.least() == 0 && wholes.limit() > 1
                                        ? random.nextInt(256)
                                        : wholes.draw(random);
            }
            return new Item.Array(
                    Tensor.of(numbers, dims.stream().mapToLong(Long::longValue).toArray())
                            .cast(element));
        }
    }

    private static boolean isOfFloats(Type type) {
        return type instanceof Type.OfTensor tensor && tensor.element().isFloat();
    }

    private static boolean isOfAnyRank(Value input) {
        return input.type() instanceof Type.OfTensor tensor && tensor.shape() == null;
    }

    private static boolean isFixed(Type type) {
        return type instanceof Type.OfTensor tensor
                && tensor.shape() != null
                && tensor.shape().stream().allMatch(Axis::isFixed);
    }

    /** Runs another model on the same inputs. */
    SeededRun again(ModelSession session) {
        return new SeededRun(inputs, inputs.stream().map(session::run).toList(), notes);
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
