package smalti.runtime;

import java.util.List;

/**
 * A request of a graph. Rows of the tensors are its items.
 *
 * @param inputs in the signature's order, in any memory
 * @param outputs in the signature's order, written; of the shapes that the signature gives for the inputs
 */
record GraphJob(List<HostTensor> inputs, List<HostTensor> outputs) {
    GraphJob {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    int rows() {
        return inputs.get(0).rows();
    }

    /** What requests must have in common to share a batch: the shapes of a row of each input. */
    Object kind() {
        return inputs.stream().map(HostTensor::shapeOfRow).toList();
    }
}
