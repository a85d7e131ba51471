package smalti.runtime;

import java.util.ArrayList;
import java.util.List;
import smalti.spec.Signature;

/**
 * A request of rows: they are its items, and rows of several requests may run as one batch.
 *
 * @param inputs in the signature's order, in any memory
 * @param outputs in the signature's order, written; of the shapes that the signature gives for the inputs
 */
record GraphJob(List<HostTensor> inputs, List<HostTensor> outputs) implements GraphService.Job {
    GraphJob {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
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

    @Override
    public int items() {
        return inputs.get(0).rows();
    }

    /** The sizes of a row of each input, one after the other. */
    @Override
    public Object kind() {
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
