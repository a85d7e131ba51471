package smalti.exporter.proof;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;

/** Finds the node at which a model ends ONNX Runtime's process: half of its nodes are tried, then half of what is left. */
public final class DeadlyNode {
    /** Each trial may cost a process. */
    private static final int MOST_NODES = 4096;

    private static final long MOST_BYTES = 1L << 26;

    private DeadlyNode() {}

    /**
     * The error, with the node in its message where it was found.
     *
     * @param trial opens or runs a model of the first nodes, as it was done with the whole
     */
    public static EngineEndedException named(EngineEndedException error, Model model, Consumer<Model> trial) {
        return error.isCrash() && isSmall(model)
                ? find(model, trial)
                        .map(node -> new EngineEndedException(
                                error,
                                "; it does so at " + node.op() + " \""
                                        + (node.name().isEmpty() ? node.output() : node.name())
                                        + "\", and not without it and what follows"))
                        .orElse(error)
                : error;
    }

    private static boolean isSmall(Model model) {
        long bytes = 0;
        for (Constant constant : model.graph().initializers().values()) {
            bytes += constant instanceof Tensor tensor ? tensor.data().remaining() : 0;
        }
        return model.graph().nodes().size() <= MOST_NODES && bytes <= MOST_BYTES;
    }

    private static Optional<Node> find(Model model, Consumer<Model> trial) {
        var nodes = model.graph().nodes();
        int alive = 0;
        int deadly = nodes.size();
        if (deadly == 0 || !ends(model, deadly, trial)) {
            return Optional.empty();
        }
        while (deadly - alive > 1) {
            int middle = (alive + deadly) >>> 1;
            if (ends(model, middle, trial)) {
                deadly = middle;
            } else {
                alive = middle;
            }
        }
        return Optional.of(nodes.get(deadly - 1));
    }

    private static boolean ends(Model model, int count, Consumer<Model> trial) {
        try {
            trial.accept(first(model, count));
            return false;
        } catch (EngineEndedException e) {
            return e.isCrash();
        } catch (RuntimeException e) {
            // refused: not ended
            return false;
        }
    }

    /** The first nodes alone, with what the last of them makes as outputs. */
    private static Model first(Model model, int count) {
        var graph = model.graph();
        if (count == graph.nodes().size()) {
            return model;
        }
        var nodes = graph.nodes().subList(0, count);
        List<Value> outputs = new ArrayList<>();
        for (var output : nodes.get(count - 1).outputs()) {
            if (!output.isEmpty()) {
                // of a type that ONNX Runtime finds out
                outputs.add(new Value(output, new Type.Other(ByteBuffer.allocate(0))));
            }
        }
        return model.with(
                new Graph(graph.name(), graph.inputs(), outputs, graph.initializers(), nodes, List.of(), graph.rest()));
    }
}
