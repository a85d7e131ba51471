package smalti.runtime;

import java.util.ArrayList;
import java.util.List;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;

/**
 * A request of rows: they are its items, and rows of several requests may run as one batch.
 *
 * @param inputs in the signature's order, in any memory
 * @param outputs in the signature's order, written; of the shapes that the signature gives for the inputs
 * @param isWhole whether its rows are run all together, and beside no others
 */
record GraphJob(List<HostTensor> inputs, List<HostTensor> outputs, boolean isWhole) implements Job {
    GraphJob {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    GraphJob(List<HostTensor> inputs, List<HostTensor> outputs) {
        this(inputs, outputs, false);
    }

    /** The same request, whose rows are neither cut nor share a run with others. */
    GraphJob whole() {
        return new GraphJob(inputs, outputs, true);
    }

    /** A request of these inputs, with outputs on the heap. */
    static GraphJob of(Signature signature, List<HostTensor> inputs) {
        var shapes = ShapeBinding.of(inputs);
        var outputs = new ArrayList<HostTensor>();
        for (var output : signature.outputs()) {
            outputs.add(HostTensor.onHeap(output, shapes.shapeOf(output)));
        }
        return new GraphJob(inputs, outputs);
    }

    int items() {
        return inputs.get(0).rows();
    }

    /** Rows are pictures where an input or output of theirs is one: {@code [N,H,W,C]}, uint8. */
    @Override
    public Demand demand() {
        int items = items();
        long pixels = 0;
        long bytes = 0;
        for (var tensor : all()) {
            var shape = tensor.shape();
            bytes += tensor.bytes();
            if (tensor.spec().type() == ElementType.UINT8 && shape.length == 4) {
                pixels = Math.max(pixels, shape[1] * shape[2]);
            }
        }
        var demand = new Demand(kind(), items, pixels, (bytes + items - 1) / Math.max(1, items));
        return isWhole ? demand.whole() : demand;
    }

    private List<HostTensor> all() {
        var all = new ArrayList<>(inputs);
        all.addAll(outputs);
        return all;
    }

    /** The sizes of a row of each input, one after the other. */
    Object kind() {
        var sizes = new ArrayList<Long>();
        for (var input : inputs) {
            var shape = input.shape();
            for (int axis = 1; axis < shape.length; axis++) {
                sizes.add(shape[axis]);
            }
        }
        return sizes;
    }
}
