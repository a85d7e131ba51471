package smalti.runtime;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import smalti.spec.bundle.Signature;

/**
 * Each request is a run of its own.
 *
 * @param calls none of several steps
 * @param unranked names of inputs of any shape
 */
record AloneRequests(GraphService<AloneJob> service, Calls calls, Set<String> unranked) implements OnnxRequests {
    static AloneRequests of(
            String name, Signature signature, Placement placement, RuntimeOptions options, Set<String> unranked) {
        var runner = new AloneRunner(placement.sessions(), new BufferPool());
        return new AloneRequests(
                new GraphService<>(name, "whole", signature, placement, runner, options),
                new Calls(name),
                Set.copyOf(unranked));
    }

    @Override
    public void warm(List<HostTensor> inputs) {
        ShapeBinding.check(inputs, unranked);
        service.warm(List.of(new AloneJob(inputs)));
    }

    @Override
    public Map<String, Tensor> run(List<HostTensor> inputs, RequestOptions options) {
        ShapeBinding.check(inputs, unranked);
        var job = new AloneJob(inputs);
        service.run(job, options);
        return OnnxRequests.named(job.outputs());
    }

    @Override
    public CompletableFuture<Map<String, Tensor>> submit(List<HostTensor> inputs, RequestOptions options) {
        ShapeBinding.check(inputs, unranked);
        var job = new AloneJob(inputs);
        return service.submit(job, options, () -> OnnxRequests.named(job.outputs()));
    }
}
