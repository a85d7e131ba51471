package smalti.spec.onnx;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** How the files are told that meet {@link EngineFault}s. */
final class FaultPatterns {
    /** What ONNX Runtime may take away between two nodes, or opens: a fault reaches through it. */
    private static final Set<String> TRANSPARENT = Set.of(
            "Identity",
            "Dropout",
            "Cast",
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
            "Transpose",
            "Slice",
            "Expand",
            "Concat",
            "Split",
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Where",
            "If",
            "Loop",
            "Scan");

    private static final Set<String> SIGMOIDS = Set.of("Sigmoid", "Swish");

    /** TensorProto's number of float64. */
    private static final int DOUBLE = 11;

    private FaultPatterns() {}

    static boolean padBeforeMaxPool(OnnxFile file) {
        var nodes = nodes(file);
        if (nodes.stream().noneMatch(FaultPatterns::padsByConstant)) {
            return false;
        }
        var producers = new HashMap<String, List<OnnxNode>>();
        for (var node : nodes) {
            node.outputs()
                    .forEach(output -> producers
                            .computeIfAbsent(output, name -> new ArrayList<>())
                            .add(node));
        }
        return nodes.stream()
                .filter(node ->
                        node.is("MaxPool") && node.text("auto_pad", "NOTSET").equals("NOTSET"))
                // inside of functions it is the call that says what comes in
                .anyMatch(pool -> !file.functions().isEmpty() || isFedByPad(pool, producers));
    }

    /** Whether there are float64 anywhere and a sigmoid, or what ONNX Runtime makes one of. */
    static boolean swishOfDoubles(OnnxFile file) {
        var nodes = nodes(file);
        if (nodes.stream().noneMatch(node -> SIGMOIDS.contains(node.op()))) {
            return false;
        }
        var graph = file.graph();
        boolean isOfDoubles = Stream.of(graph.inputs(), graph.outputs())
                        .flatMap(List::stream)
                        .anyMatch(
                                value -> value.type() instanceof OnnxType.OfTensor tensor && tensor.element() == DOUBLE)
                || graph.initializers().stream().anyMatch(tensor -> tensor.element() == DOUBLE);
        return isOfDoubles || nodes.stream().anyMatch(node -> node.is("Cast") && node.whole("to", 0) == DOUBLE);
    }

    private static boolean padsByConstant(OnnxNode node) {
        return node.is("Pad") && node.text("mode", "constant").equals("constant");
    }

    private static boolean isFedByPad(OnnxNode pool, Map<String, List<OnnxNode>> producers) {
        var seen = new HashSet<String>();
        var waiting = new ArrayDeque<String>();
        waiting.add(pool.input(0));
        while (!waiting.isEmpty()) {
            var value = waiting.remove();
            if (value.isEmpty() || !seen.add(value)) {
                continue;
            }
            for (var node : producers.getOrDefault(value, List.of())) {
                if (padsByConstant(node)) {
                    return true;
                }
                if (TRANSPARENT.contains(node.op())) {
                    waiting.addAll(node.inputs());
                    node.bodies()
                            .flatMap(body -> body.outputs().stream())
                            .forEach(output -> waiting.add(output.name()));
                }
            }
        }
        return false;
    }

    static boolean dequantizeBeforeTranspose(OnnxFile file) {
        var nodes = nodes(file);
        if (nodes.stream()
                .noneMatch(
                        node -> node.is("Transpose") && node.attribute("perm").isEmpty())) {
            return false;
        }
        var scalars = new HashSet<String>();
        file.graph().initializers().forEach(tensor -> {
            if (tensor.count().orElse(2) == 1) {
                scalars.add(tensor.name());
            }
        });
        return nodes.stream()
                .anyMatch(node -> node.op().equals("DequantizeLinear") && !scalars.contains(node.input(1)));
    }

    static boolean dequantizeBeforeMatMul(OnnxFile file) {
        var nodes = nodes(file);
        return nodes.stream().anyMatch(node -> node.op().equals("DequantizeLinear"))
                && nodes.stream().anyMatch(node -> node.is("MatMul") || node.is("Gemm"));
    }

    static boolean optionalOutput(OnnxFile file) {
        return file.graph().outputs().stream().anyMatch(output -> output.type() instanceof OnnxType.OfOptional);
    }

    /** Those of bodies and functions included. */
    private static List<OnnxNode> nodes(OnnxFile file) {
        var nodes = new ArrayList<OnnxNode>();
        add(file.graph().nodes(), nodes);
        file.functions().forEach(function -> add(function.nodes(), nodes));
        return nodes;
    }

    private static void add(List<OnnxNode> some, List<OnnxNode> nodes) {
        for (var node : some) {
            nodes.add(node);
            node.bodies().forEach(body -> add(body.nodes(), nodes));
        }
    }
}
