package smalti.exporter.file;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Shapes;

/**
 * What an operator takes an input for, where not all numbers will do.
 *
 * @param use which numbers will do
 * @param node that takes it
 * @param taken the shape of what the node works on; null where unknown
 * @param made the shape of what the node makes, as the file says it; null where it does not
 */
record InputRole(
        Use use,
        Node node,
        @Nullable List<Axis> taken,
        @Nullable List<Axis> made) {
    /** Which numbers will do. */
    enum Use {
        ANY("any"),
        SHAPE("a shape"),
        ONES("ones"),
        SIZES("sizes"),
        ZERO("a start"),
        ONE("a count"),
        TWO("a count"),
        FOUR("a length"),
        EIGHT("a length"),
        SIXTEEN("a length"),
        RATE("a rate"),
        PADS("paddings"),
        ENDS("ends"),
        AXES("axes"),
        PARTS("sizes of parts"),
        SCALES("scales"),
        GRID("a size of pictures"),
        IMAGE("a size of pictures"),
        BLOCK("a size of blocks"),
        POSITIVE("divisors"),
        SHARES("shares");

        private final String word;

        Use(String word) {
            this.word = word;
        }
    }

    /** By operator, of each input in turn. */
    private static final Map<String, List<Use>> USES = uses();

    /** What gives the numbers on that it takes first. */
    private static final Set<String> PASSING =
            Set.of("Cast", "CastLike", "Identity", "Unsqueeze", "Squeeze", "Flatten", "Concat", "Dropout");

    private static final int MOST_IN_A_BLOCK = 1024;

    private static Map<String, List<Use>> uses() {
        var uses = new HashMap<String, List<Use>>();
        uses.put("Reshape", List.of(Use.ANY, Use.SHAPE));
        uses.put("Expand", List.of(Use.ANY, Use.ONES));
        uses.put("ConstantOfShape", List.of(Use.SIZES));
        uses.put("CenterCropPad", List.of(Use.ANY, Use.SIZES));
        uses.put("Range", List.of(Use.ZERO, Use.FOUR, Use.ONE));
        uses.put("Tile", List.of(Use.ANY, Use.ONES));
        uses.put("Pad", List.of(Use.ANY, Use.PADS, Use.ANY, Use.AXES));
        uses.put("Slice", List.of(Use.ANY, Use.ZERO, Use.ENDS, Use.AXES, Use.ONE));
        uses.put("TopK", List.of(Use.ANY, Use.ONE));
        uses.put("Split", List.of(Use.ANY, Use.PARTS));
        uses.put("SplitToSequence", List.of(Use.ANY, Use.PARTS));
        uses.put("OneHot", List.of(Use.ANY, Use.FOUR));
        uses.put("Loop", List.of(Use.TWO));
        uses.put("NonMaxSuppression", List.of(Use.ANY, Use.ANY, Use.TWO, Use.SHARES, Use.SHARES));
        uses.put("MaxUnpool", List.of(Use.ANY, Use.ANY, Use.SIZES));
        uses.put("Col2Im", List.of(Use.ANY, Use.IMAGE, Use.BLOCK));
        uses.put("ReverseSequence", List.of(Use.ANY, Use.ONE));
        for (var op : List.of("LSTM", "GRU", "RNN")) {
            uses.put(op, List.of(Use.ANY, Use.ANY, Use.ANY, Use.ANY, Use.ONE));
        }
        for (var op : List.of("SequenceAt", "SequenceErase", "CumSum", "CumProd")) {
            uses.put(op, List.of(Use.ANY, Use.ZERO));
        }
        uses.put("SequenceInsert", List.of(Use.ANY, Use.ANY, Use.ZERO));
        uses.put("DFT", List.of(Use.ANY, Use.FOUR, Use.ONE));
        uses.put("STFT", List.of(Use.ANY, Use.FOUR, Use.ANY, Use.EIGHT));
        for (var op : List.of("HannWindow", "HammingWindow", "BlackmanWindow")) {
            uses.put(op, List.of(Use.EIGHT));
        }
        uses.put("MelWeightMatrix", List.of(Use.EIGHT, Use.SIXTEEN, Use.RATE, Use.ZERO, Use.SIXTEEN));
        uses.put("Div", List.of(Use.ANY, Use.POSITIVE));
        uses.put("Mod", List.of(Use.ANY, Use.POSITIVE));
        uses.put("AffineGrid", List.of(Use.ANY, Use.GRID));
        uses.put("Resize", List.of(Use.ANY, Use.ANY, Use.SCALES, Use.SIZES));
        uses.put("Upsample", List.of(Use.ANY, Use.SCALES));
        uses.put("Dropout", List.of(Use.ANY, Use.SHARES));
        uses.put("Bernoulli", List.of(Use.SHARES));
        for (var op : List.of("Unsqueeze", "Squeeze")) {
            uses.put(op, List.of(Use.ANY, Use.AXES));
        }
        for (var op : List.of("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")) {
            uses.put("Reduce" + op, List.of(Use.ANY, Use.AXES));
        }
        return Map.copyOf(uses);
    }

    /** What each input of a model is taken for, of those that must be given and are taken for anything special. */
    static Map<String, InputRole> of(Model model) {
        var shapes = Shapes.of(model);
        var users = new HashMap<String, List<Taking>>();
        collect(model.graph(), users);
        var roles = new HashMap<String, InputRole>();
        for (var input : model.graph().inputs()) {
            if (!model.graph().initializers().containsKey(input.name())) {
                find(input.name(), users, shapes).ifPresent(role -> roles.put(input.name(), role));
            }
        }
        return roles;
    }

    /** A node, and which of its inputs a value is first. */
    private record Taking(Node node, int index) {}

    private static void collect(Graph graph, Map<String, List<Taking>> users) {
        for (var node : graph.nodes()) {
            var seen = new HashSet<String>();
            for (int i = 0; i < node.inputs().size(); i++) {
                var value = node.inputs().get(i);
                if (node.domain().isEmpty() && !value.isEmpty() && seen.add(value)) {
                    users.computeIfAbsent(value, of -> new ArrayList<>()).add(new Taking(node, i));
                }
            }
            node.bodies().forEach(body -> collect(body, users));
        }
    }

    /** The nearest use that matters: what only gives the numbers on is looked behind. */
    private static Optional<InputRole> find(String input, Map<String, List<Taking>> users, Shapes shapes) {
        var met = new HashSet<>(Set.of(input));
        var open = new ArrayDeque<>(met);
        while (!open.isEmpty()) {
            var value = open.remove();
            for (var taking : users.getOrDefault(value, List.of())) {
                var node = taking.node();
                int index = taking.index();
                var uses = USES.getOrDefault(node.op(), List.of());
                var use = index < uses.size() ? uses.get(index) : Use.ANY;
                // a float that is divided by is any number but 0, and random ones are
                boolean matters = use != Use.ANY
                        && (use != Use.POSITIVE
                                || shapes.element(value)
                                        .filter(type -> type.isFloat())
                                        .isEmpty());
                if (matters) {
                    var taken = shapes.shape(node.input(0)).orElse(null);
                    var made = shapes.shape(node.output()).orElse(null);
                    return Optional.of(new InputRole(use, node, taken, made));
                }
                boolean passes =
                        PASSING.contains(node.op()) && (index == 0 || node.op().equals("Concat"));
                if (passes && met.add(node.output())) {
                    open.add(node.output());
                }
            }
        }
        return Optional.empty();
    }

    /**
     * One of the numbers that will do.
     *
     * @param index of the element
     * @param count of elements
     * @param size for free axes
     */
    double number(int index, int count, int size) {
        return switch (use) {
            case ANY, ZERO -> 0;
            case SHAPE -> isFixed(made, count) ? axis(made, index, 1) : index == 0 ? -1 : 1;
            case ONES, ONE -> isFixed(made, count) && node.op().equals("Expand") ? axis(made, index, 1) : 1;
            case SIZES -> isFixed(made, count) ? axis(made, index, size) : axis(taken, index, size);
            case TWO -> 2;
            case FOUR -> 4;
            case EIGHT -> 8;
            case SIXTEEN -> 16;
            case RATE -> 8000;
            case PADS -> canBePadded(index, count) ? 1 : 0;
            case ENDS -> Integer.MAX_VALUE;
            case AXES -> axes(index);
            case PARTS -> part(index, count, size);
            case SCALES -> index < 2 ? 1 : 2;
            case GRID -> index == 0 ? axis(taken, 0, size) : 2 + index;
            case IMAGE -> axis(made, 2 + index, size);
            case BLOCK -> block(count).get(index);
            case POSITIVE -> 1 + index % 3;
            case SHARES -> (index % 10 + 0.5) / 10;
        };
    }

    private static boolean isFixed(@Nullable List<Axis> shape, int rank) {
        return shape != null && shape.size() == rank && shape.stream().allMatch(Axis::isFixed);
    }

    private static double axis(@Nullable List<Axis> shape, int index, int otherwise) {
        return shape != null && index < shape.size() && shape.get(index).isFixed()
                ? shape.get(index).size()
                : otherwise;
    }

    /** What is reflected must have a neighbour. */
    private boolean canBePadded(int index, int count) {
        return node.text("mode", "constant").equals("constant") || axis(taken, index % Math.max(1, count / 2), 2) > 1;
    }

    /** Sizes of as many elements as go into one block, of which as many fit into the picture as there are. */
    private List<Long> block(int count) {
        var sizes = new ArrayList<>(Collections.nCopies(count, 1L));
        long elements = (long) (axis(taken, 1, 1) / axis(made, 1, 1));
        long blocks = (long) axis(taken, 2, 1);
        while (elements <= MOST_IN_A_BLOCK && !isBlock(sizes, elements, blocks)) {
            int place = 0;
            while (sizes.get(place) == elements) {
                sizes.set(place++, 1L);
                if (place == count) {
                    return sizes;
                }
            }
            sizes.set(place, sizes.get(place) + 1);
        }
        return sizes;
    }

    private boolean isBlock(List<Long> sizes, long elements, long blocks) {
        int axes = sizes.size();
        var strides = wholes("strides", axes, 1);
        var dilations = wholes("dilations", axes, 1);
        var pads = wholes("pads", 2 * axes, 0);
        long inside = 1;
        long fitting = 1;
        for (int i = 0; i < axes; i++) {
            double room =
                    axis(made, 2 + i, 1) + pads.get(i) + pads.get(axes + i) - dilations.get(i) * (sizes.get(i) - 1) - 1;
            inside *= sizes.get(i);
            fitting *= (long) Math.floor(room / strides.get(i)) + 1;
        }
        return inside == elements && fitting == blocks;
    }

    private List<Long> wholes(String attribute, int count, long otherwise) {
        return node.wholes(attribute)
                .filter(given -> given.size() == count)
                .orElse(Collections.nCopies(count, otherwise));
    }

    /** Of a Squeeze those of size 1; of others the first ones. */
    private double axes(int index) {
        if (!node.op().equals("Squeeze") || taken == null) {
            return index;
        }
        int found = 0;
        for (int axis = 0; axis < taken.size(); axis++) {
            if (taken.get(axis).isFixed() && taken.get(axis).size() == 1 && found++ == index) {
                return axis;
            }
        }
        return index;
    }

    /** Parts as equal as can be of the axis that is split. */
    private double part(int index, int count, int size) {
        int rank = taken == null ? 0 : taken.size();
        long axis = node.whole("axis", 0);
        int place = (int) (axis < 0 ? axis + rank : axis);
        long whole = (long) axis(taken, place, size);
        return index < count - 1 ? whole / count : whole - whole / count * (count - 1);
    }

    @Override
    public String toString() {
        return use.word + " for " + node.op() + " \"" + node.name() + "\"";
    }
}
