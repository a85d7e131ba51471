package smalti.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.onnx.OnnxAttribute;
import smalti.spec.onnx.OnnxFile;
import smalti.spec.onnx.OnnxNode;
import smalti.spec.onnx.OnnxTensor;

/**
 * What a graph itself tells of its rows: which operators mix them, where the axis of the batch can be followed that far.
 *
 * <p>Implementation: the batch is axis 0 of each input, and is followed node by node. A value that is not followed is
 * not judged: {@link RowsProof} tries what this does not know.
 */
final class RowMixing {
    private static final int MOST_AXES = 64;

    private final long opset;
    private final Map<String, BatchAxis> batches = new HashMap<>();
    private final Map<String, long[]> wholes = new HashMap<>();
    private final Map<String, String> mixed = new HashMap<>();

    private RowMixing(OnnxFile file, Signature signature) {
        this.opset = file.opset().orElse(1L);
        for (var tensor : file.graph().initializers()) {
            constant(tensor.name(), tensor);
        }
        signature
                .inputs()
                .forEach(input ->
                        batches.put(input.name(), new BatchAxis(0, input.shape().size())));
    }

    /** @return what is wrong with taking rows for independent; nothing where the graph does not tell */
    static List<String> problems(String place, OnnxFile file, Signature signature) {
        var graph = new RowMixing(file, signature);
        file.graph().nodes().forEach(graph::follow);
        return file.graph().outputs().stream()
                .filter(output -> graph.mixed.containsKey(output.name()))
                .map(output ->
                        place + ": output " + output.name() + " of a row follows from the rows beside it too, by "
                                + graph.mixed.get(output.name()) + "; open it with Requests.ALONE")
                .toList();
    }

    private void constant(String name, OnnxTensor tensor) {
        batches.put(name, new BatchAxis(-1, tensor.dims().size()));
        var type = tensor.type().orElse(null);
        if (type == ElementType.INT64 || type == ElementType.INT32) {
            tensor.numbers(MOST_AXES)
                    .ifPresent(numbers -> wholes.put(
                            name,
                            Arrays.stream(numbers)
                                    .mapToLong(number -> (long) number)
                                    .toArray()));
        }
    }

    private void follow(OnnxNode node) {
        if (node.is("Shape") || node.is("Size")) {
            give(node, new BatchAxis(-1, node.is("Shape") ? 1 : 0));
            return;
        }
        for (var input : node.inputs()) {
            var why = mixed.get(input);
            if (why != null) {
                node.outputs().forEach(output -> mixed.put(output, why));
            }
        }
        if (node.is("Constant")) {
            if (node.attributes().get("value") instanceof OnnxAttribute.Array array) {
                node.outputs().forEach(output -> constant(output, array.value()));
            }
            return;
        }
        if (node.bodies().findAny().isPresent()) {
            return;
        }
        var inputs = node.inputs().stream()
                .filter(input -> !input.isEmpty())
                .map(batches::get)
                .toList();
        if (inputs.stream().allMatch(batch -> batch != null && batch.axis() < 0)) {
            give(node, new BatchAxis(-1, -1));
            return;
        }
        if (RowOperators.SCALING.contains(node.op())) {
            // wherever the batch is; such steps are too fine for what is tried
            mix(node, "scales all rows by the largest");
            return;
        }
        var first = batches.get(node.input(0));
        if (node.is("Gather") && isWeight(node.input(0))) {
            look(node);
        } else if (node.is("Concat")) {
            concat(node);
        } else if (first != null
                && RowOperators.PAIRING.contains(node.op())
                && node.domain().isEmpty()) {
            pair(node);
        } else if (first != null && first.axis() >= 0) {
            follow(node, first);
        }
    }

    private void pair(OnnxNode node) {
        BatchAxis found = null;
        for (var input : node.inputs()) {
            var batch = batches.get(input);
            if (batch == null || batch.rank() < 0 || (batch.axis() >= 0 && found != null && !batch.equals(found))) {
                return;
            }
            found = batch.axis() >= 0 ? batch : found;
        }
        for (var input : node.inputs()) {
            var batch = batches.get(input);
            if (found == null || batch == null || batch.rank() > found.rank()) {
                return;
            }
        }
        give(node, found);
    }

    private void follow(OnnxNode node, BatchAxis batch) {
        if (!node.domain().isEmpty()) {
            return;
        }
        switch (node.op()) {
            case "Softmax", "LogSoftmax", "Hardmax" -> {
                int axis = batch.place(node.whole("axis", opset >= 13 ? -1 : 1));
                // before opset 13 all axes from this one on are one
                over(node, batch, axis == batch.axis() || (opset < 13 && axis >= 0 && axis < batch.axis()));
            }
            case "CumSum", "CumProd" -> {
                long[] axis = wholes.get(node.input(1));
                if (axis != null && axis.length == 1) {
                    over(node, batch, batch.place(axis[0]) == batch.axis());
                }
            }
            case "ArgMax", "ArgMin" -> reduce(node, batch, new long[] {node.whole("axis", 0)});
            case "LpNormalization", "TopK" -> over(node, batch, batch.place(node.whole("axis", -1)) == batch.axis());
            case "MeanVarianceNormalization" -> {
                var axes = node.wholes("axes");
                over(
                        node,
                        batch,
                        (axes.isEmpty() ? List.of(0L, 2L, 3L) : axes)
                                .stream().anyMatch(axis -> batch.place(axis) == batch.axis()));
            }
            case "Split" -> {
                if (batch.place(node.whole("axis", 0)) != batch.axis()) {
                    give(node, batch);
                }
            }
            case "Slice" -> slice(node, batch);
            case "Gather" -> gather(node, batch);
            case "Squeeze" -> squeeze(node, batch);
            case "Unsqueeze" -> unsqueeze(node, batch);
            case "Expand" -> {
                long[] shape = wholes.get(node.input(1));
                if (shape != null && shape.length <= batch.rank()) {
                    give(node, batch);
                }
            }
            case "ReverseSequence" -> over(node, batch, node.whole("time_axis", 0) == batch.axis());
            case "LSTM", "GRU", "RNN" -> recurrent(node, batch);
            case "BatchNormalization" -> over(node, batch, node.whole("training_mode", 0) == 1);
            case "Transpose" -> transpose(node, batch);
            case "Flatten" -> {
                if (batch.axis() == 0 && node.whole("axis", 1) == 1) {
                    give(node, new BatchAxis(0, 2));
                }
            }
            case "Reshape" -> {
                long[] shape = wholes.get(node.input(1));
                // axis 0 is the batch, or has it among others
                if (shape != null && shape.length > 0 && batch.axis() == 0 && shape[0] <= 0) {
                    give(node, new BatchAxis(0, shape.length));
                }
            }
            case "Gemm" -> {
                if (batch.axis() == 0 && node.whole("transA", 0) == 0 && isWeight(node.input(1))) {
                    give(node, new BatchAxis(0, 2));
                }
            }
            case "MatMul" -> {
                var other = batches.get(node.input(1));
                boolean isWeight = other != null && other.axis() < 0 && other.rank() == 2;
                // a matrix for each row, on both sides
                boolean isPaired = batch.equals(other) && batch.rank() > batch.axis() + 2;
                if ((isWeight && batch.rank() > batch.axis() + 1) || isPaired) {
                    give(node, batch);
                }
            }
            default -> {
                if (node.op().startsWith("Reduce")) {
                    reduce(node, batch);
                } else if (RowOperators.KEEPING.contains(node.op())) {
                    give(node, batch);
                }
            }
        }
    }

    private boolean isWeight(String input) {
        var batch = batches.get(input);
        return batch != null && batch.axis() < 0;
    }

    private void over(OnnxNode node, BatchAxis batch, boolean mixes) {
        if (mixes) {
            mix(node, "goes over the axis of the batch");
        } else if (batch.rank() >= 0) {
            give(node, batch);
        }
    }

    private void reduce(OnnxNode node, BatchAxis batch) {
        long[] axes = longs(node, "axes", 1);
        if (axes == null) {
            return;
        }
        if (axes.length == 0) {
            over(node, batch, node.whole("noop_with_empty_axes", 0) == 0);
        } else {
            reduce(node, batch, axes);
        }
    }

    private void reduce(OnnxNode node, BatchAxis batch, long[] axes) {
        var places = LongStream.of(axes).mapToInt(batch::place).boxed().toList();
        if (places.contains(batch.axis())) {
            mix(node, "goes over the axis of the batch");
        } else if (batch.rank() >= 0) {
            give(node, node.whole("keepdims", 1) == 1 ? batch : batch.without(places));
        }
    }

    /** @return of an attribute or a constant input; empty where neither is given, null where they are computed */
    private long @Nullable [] longs(OnnxNode node, String attribute, int input) {
        return node.attributes().get(attribute) instanceof OnnxAttribute.Ints
                ? node.wholes(attribute).stream().mapToLong(Long::longValue).toArray()
                : node.input(input).isEmpty() ? new long[0] : wholes.get(node.input(input));
    }

    /** All rows of it, as far as the axes tell. */
    private void slice(OnnxNode node, BatchAxis batch) {
        long[] axes = longs(node, "axes", 3);
        if (axes == null) {
            return;
        }
        boolean isOfRows = false;
        if (axes.length == 0) {
            long[] starts = longs(node, "starts", 1);
            // as many axes as there are starts, from the first on
            isOfRows = starts == null || batch.axis() < starts.length;
        }
        for (long axis : axes) {
            isOfRows |= batch.place(axis) == batch.axis() || batch.place(axis) < 0;
        }
        if (!isOfRows) {
            give(node, batch);
        }
    }

    /** Constant places along another axis. */
    private void gather(OnnxNode node, BatchAxis batch) {
        int axis = batch.place(node.whole("axis", 0));
        var places = batches.get(node.input(1));
        if (batch.rank() >= 0
                && axis >= 0
                && axis != batch.axis()
                && places != null
                && places.axis() < 0
                && places.rank() >= 0) {
            int more = places.rank() - 1;
            give(node, new BatchAxis(axis < batch.axis() ? batch.axis() + more : batch.axis(), batch.rank() + more));
        }
    }

    /** Rows of a table for places that come in a batch. */
    private void look(OnnxNode node) {
        var table = batches.get(node.input(0));
        var places = batches.get(node.input(1));
        if (table != null && table.rank() >= 0 && places != null && places.axis() >= 0 && places.rank() >= 0) {
            int axis = table.place(node.whole("axis", 0));
            give(node, new BatchAxis(axis + places.axis(), table.rank() - 1 + places.rank()));
        }
    }

    private void squeeze(OnnxNode node, BatchAxis batch) {
        long[] axes = longs(node, "axes", 1);
        if (axes != null && axes.length > 0 && batch.rank() >= 0) {
            var places = LongStream.of(axes).mapToInt(batch::place).boxed().toList();
            if (!places.contains(batch.axis())) {
                give(node, batch.without(places));
            }
        }
    }

    private void unsqueeze(OnnxNode node, BatchAxis batch) {
        long[] axes = longs(node, "axes", 1);
        if (axes != null && axes.length > 0 && batch.rank() >= 0) {
            int rank = batch.rank() + axes.length;
            var places = LongStream.of(axes)
                    .map(axis -> axis < 0 ? axis + rank : axis)
                    .sorted()
                    .toArray();
            int axis = batch.axis();
            for (long place : places) {
                axis += place <= axis ? 1 : 0;
            }
            give(node, new BatchAxis(axis, rank));
        }
    }

    /** Beside one another along another axis; of rows after rows nothing is known. */
    private void concat(OnnxNode node) {
        BatchAxis found = null;
        for (var input : node.inputs()) {
            var batch = batches.get(input);
            if (batch == null || batch.axis() < 0 || batch.rank() < 0 || (found != null && !batch.equals(found))) {
                return;
            }
            found = batch;
        }
        if (found != null && found.place(node.whole("axis", 0)) != found.axis()) {
            give(node, found);
        }
    }

    private void recurrent(OnnxNode node, BatchAxis batch) {
        long layout = node.whole("layout", 0);
        if (batch.axis() == 0 && layout == 0) {
            mix(node, "takes the axis of the batch as time, as its batch is axis 1");
        } else if (batch.axis() == (layout == 0 ? 1 : 0)) {
            var of = layout == 0
                    ? List.of(new BatchAxis(2, 4), new BatchAxis(1, 3))
                    : List.of(new BatchAxis(0, 4), new BatchAxis(0, 3));
            for (int i = 0; i < node.outputs().size(); i++) {
                batches.put(node.outputs().get(i), of.get(Math.min(i, 1)));
            }
        }
    }

    private void transpose(OnnxNode node, BatchAxis batch) {
        var order = new ArrayList<>(node.wholes("perm"));
        if (order.isEmpty() && batch.rank() < 0) {
            return;
        }
        for (long axis = batch.rank() - 1L; order.isEmpty() || order.size() < batch.rank(); axis--) {
            order.add(axis);
        }
        give(node, new BatchAxis(order.indexOf((long) batch.axis()), order.size()));
    }

    private void give(OnnxNode node, @Nullable BatchAxis batch) {
        if (batch != null) {
            node.outputs().stream().filter(output -> !output.isEmpty()).forEach(output -> batches.put(output, batch));
        }
    }

    private void mix(OnnxNode node, String how) {
        var why = node.op() + (node.name().isEmpty() ? "" : " \"" + node.name() + "\"") + ", which " + how;
        node.outputs().forEach(output -> mixed.putIfAbsent(output, why));
    }
}
