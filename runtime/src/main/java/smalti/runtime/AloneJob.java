package smalti.runtime;

import java.util.List;

/** A request of a graph that says nothing of rows: it is run for itself, and the run makes its outputs. */
final class AloneJob implements Job {
    private final List<HostTensor> inputs;
    private List<HostTensor> outputs = List.of();

    /** @param inputs in the signature's order, in any memory */
    AloneJob(List<HostTensor> inputs) {
        this.inputs = List.copyOf(inputs);
    }

    @Override
    public List<HostTensor> inputs() {
        return inputs;
    }

    /** In the signature's order, on the heap; empty before the run. */
    List<HostTensor> outputs() {
        return outputs;
    }

    void done(List<HostTensor> results) {
        outputs = List.copyOf(results);
    }

    /** What comes out is known after the run alone. */
    @Override
    public Demand demand() {
        return new Demand(
                "whole", 1, 0, inputs.stream().mapToLong(HostTensor::bytes).sum());
    }
}
