package smalti.exporter.lowering;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.GraphBuilder;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.samediff.SourceGraph;
import smalti.exporter.samediff.SourceOp;
import smalti.exporter.samediff.SourceValue;

/** What a lowering reads an operation's surroundings from and writes its nodes to. */
final class Emitter {
    private final SourceGraph source;
    private final GraphBuilder graph;
    private final Map<String, String> initializers = new HashMap<>();

    Emitter(SourceGraph source, GraphBuilder graph) {
        this.source = source;
        this.graph = graph;
    }

    /** The ONNX value of the operation's input; a constant becomes an initializer at its first use. */
    String input(SourceOp op, int index) {
        var variable = op.inputs().get(index);
        var tensor = source.constants().get(variable);
        return tensor == null
                ? variable
                : initializers.computeIfAbsent(variable, name -> graph.constant(name + "/value", tensor));
    }

    /** The operation's input where it is a constant. */
    @Nullable
    Tensor constant(SourceOp op, int index) {
        return source.constants().get(op.inputs().get(index));
    }

    /**
     * The operation's input, which must be a constant.
     *
     * @param what the input is for, in the error
     */
    Tensor constant(SourceOp op, int index, String what) {
        var tensor = constant(op, index);
        if (tensor == null) {
            throw new NotCovered(
                    what + " must be a constant, got \"" + op.inputs().get(index) + "\"");
        }
        return tensor;
    }

    SourceValue value(SourceOp op, int index) {
        return shaped(op.inputs().get(index));
    }

    ValueType outputType(SourceOp op) {
        return shaped(op.outputs().get(0)).type();
    }

    private SourceValue shaped(String variable) {
        var value = source.values().get(variable);
        if (value == null) {
            throw new NotCovered("nothing is known of \"" + variable + "\"");
        }
        return value;
    }

    /**
     * Adds an initializer for this operation.
     *
     * @return its name
     */
    String constant(SourceOp op, String role, Tensor tensor) {
        return graph.constant(output(op) + "/" + role, tensor);
    }

    /**
     * Adds a node on the way to the output.
     *
     * @return its output
     */
    String step(SourceOp op, String role, String onnx, List<String> inputs, Map<String, Attribute> attributes) {
        return graph.node(output(op) + "/" + role, onnx, inputs, attributes);
    }

    /** Adds the node that makes the operation's output. */
    void finish(SourceOp op, String onnx, List<String> inputs, Map<String, Attribute> attributes) {
        graph.nodeInto(output(op), onnx, inputs, attributes);
    }

    void finish(SourceOp op, String onnx, String... inputs) {
        finish(op, onnx, List.of(inputs), Map.of());
    }

    private static String output(SourceOp op) {
        return op.outputs().get(0);
    }

    /** @throws NotCovered unless the rule holds */
    static void require(boolean holds, String rule, Object... received) {
        if (!holds) {
            throw new NotCovered(String.format(java.util.Locale.ROOT, rule, received));
        }
    }

    /** An axis of a tensor of that rank, counted from the front. */
    static long axis(long axis, int rank) {
        require(axis >= -rank && axis < rank, "the axis must be from %s to %s, got %s", -rank, rank - 1, axis);
        return axis < 0 ? axis + rank : axis;
    }
}
