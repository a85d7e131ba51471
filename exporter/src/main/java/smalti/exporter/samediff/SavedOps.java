package smalti.exporter.samediff;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.serde.FlatBuffersMapper;
import org.nd4j.graph.FlatGraph;
import org.nd4j.graph.FlatNode;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.BaseReduceOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.impl.summarystats.Variance;

/**
 * The operations of a file of SameDiff's as the file has them, which SameDiff's own reader turns into others, or loses
 * arguments of, or fails at.
 */
final class SavedOps {
    private static final String REMEDY =
            "; make the graph of other operations, or export it from memory by OnnxExporter";

    private static final String BIAS = "biasCorrected";

    /** Read back under another name that means the same. */
    private static final Map<String, String> ALIKE = Map.of("setvalorless_scalar", "set_scalar");

    /** By node. */
    private final Map<String, FlatNode> nodes = new LinkedHashMap<>();

    private SavedOps() {}

    /**
     * @throws IOException if it cannot be read
     * @throws RuntimeException if it is no such file
     */
    static SavedOps read(Path file) throws IOException {
        var saved = new SavedOps();
        try (var channel = FileChannel.open(file)) {
            var bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            var graph = FlatGraph.getRootAsFlatGraph(bytes.order(ByteOrder.LITTLE_ENDIAN));
            for (int i = 0; i < graph.nodesLength(); i++) {
                var node = graph.nodes(i);
                saved.nodes.put(node.name(), node);
            }
        }
        return saved;
    }

    /**
     * The operations at which SameDiff's reader fails, a line each.
     *
     * @param failure of the reader
     */
    List<String> unread(Throwable failure) {
        var classes = classes(failure);
        var problems = new ArrayList<String>();
        nodes.forEach((name, node) -> {
            boolean fails;
            try {
                fails = classes.contains(
                        FlatBuffersMapper.fromFlatNode(node).getClass().getName());
            } catch (RuntimeException e) {
                fails = true;
            }
            if (fails) {
                problems.add(place(name, node) + " is saved so that SameDiff cannot read it back" + REMEDY);
            }
        });
        return problems;
    }

    /** Of the code that was at work. */
    private static Set<String> classes(Throwable failure) {
        var classes = new HashSet<String>();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            Arrays.stream(cause.getStackTrace())
                    .map(StackTraceElement::getClassName)
                    .forEach(classes::add);
        }
        return classes;
    }

    /** Gives back what SameDiff's reader left in the file, as far as that can be done. */
    void mend(SameDiff graph) {
        nodes.forEach((name, node) -> {
            if (op(graph, name) instanceof Variance variance
                    && properties(node).get(BIAS) instanceof Boolean isCorrected) {
                variance.setBiasCorrected(isCorrected);
            }
        });
    }

    /** The operations that SameDiff reads as something else than the file says, a line each. */
    List<String> changed(SameDiff graph) {
        var problems = new ArrayList<String>();
        nodes.forEach((name, node) -> {
            var op = op(graph, name);
            if (op != null && node.opName() != null) {
                differences(node, op)
                        .forEach(difference -> problems.add(place(name, node) + " " + difference + REMEDY));
            }
        });
        return problems;
    }

    private static Set<String> differences(FlatNode saved, DifferentialFunction read) {
        var differences = new LinkedHashSet<String>();
        if (!read.opName().equals(saved.opName()) && !read.opName().equals(ALIKE.get(saved.opName()))) {
            differences.add("is read back by SameDiff as \"" + read.opName() + "\"");
            return differences;
        }
        if (read instanceof DynamicCustomOp custom) {
            compare(
                    "whole numbers",
                    ints(saved),
                    Arrays.stream(custom.iArgs()).boxed().toList(),
                    differences);
            compare(
                    "numbers",
                    reals(saved),
                    Arrays.stream(custom.tArgs()).boxed().toList(),
                    differences);
            compare("flags", flags(saved), flags(custom.bArgs()), differences);
        }
        if (read instanceof Variance && !properties(saved).containsKey(BIAS)) {
            differences.add("is saved without whether it is corrected for the bias of the mean");
        }
        if (read instanceof BaseReduceOp reduction) {
            compare("the flag keepDims", properties(saved).get("keepDims"), reduction.isKeepDims(), differences);
        }
        if (read instanceof ScalarOp scalar
                && scalar.scalar() != null
                && scalar.scalar().dataType() == DataType.BFLOAT16) {
            differences.add("has a bfloat16 number, which SameDiff reads wrongly from files");
        }
        return differences;
    }

    /** Where the file holds none, the operation's own class may fill in what stands for none. */
    private static void compare(String what, @Nullable Object saved, Object read, Set<String> differences) {
        if (saved != null && !saved.equals(List.of()) && !saved.equals(read) && !isTwice(saved, read)) {
            differences.add("has other arguments in the file than SameDiff reads back: " + what + " " + saved + ", not "
                    + read);
        }
    }

    /** As of random_normal, whose class adds what it is given to what it was read with; the kernel takes the first. */
    private static boolean isTwice(Object saved, Object read) {
        return saved instanceof List<?> once
                && read instanceof List<?> twice
                && twice.size() == 2 * once.size()
                && twice.subList(0, once.size()).equals(once)
                && twice.subList(once.size(), twice.size()).equals(once);
    }

    private static List<Long> ints(FlatNode node) {
        return LongStream.range(0, node.extraIntegerLength())
                .map(i -> node.extraInteger(Math.toIntExact(i)))
                .boxed()
                .toList();
    }

    private static List<Double> reals(FlatNode node) {
        return IntStream.range(0, node.extraParamsLength())
                .mapToObj(node::extraParams)
                .toList();
    }

    private static List<Boolean> flags(FlatNode node) {
        return IntStream.range(0, node.extraBoolsLength())
                .mapToObj(node::extraBools)
                .toList();
    }

    private static List<Boolean> flags(boolean[] flags) {
        return IntStream.range(0, flags.length).mapToObj(i -> flags[i]).toList();
    }

    private static Map<String, Object> properties(FlatNode node) {
        return FlatBuffersMapper.mapFlatPropertiesToFunctionProperties(IntStream.range(0, node.propertiesLength())
                .mapToObj(node::properties)
                .toList());
    }

    private static @Nullable DifferentialFunction op(SameDiff graph, String node) {
        var op = graph.getOps().get(node);
        return op == null ? null : op.getOp();
    }

    private static String place(String name, FlatNode node) {
        return "op \"" + node.opName() + "\" at node " + name;
    }
}
