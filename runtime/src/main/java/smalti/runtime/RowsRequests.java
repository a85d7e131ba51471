package smalti.runtime;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import smalti.spec.bundle.Signature;

/**
 * Requests share runs once it is seen that their rows are independent; until then each is queued, and run, as a whole.
 */
record RowsRequests(String file, GraphService<GraphJob> service, RowsProof proof, ProofQueue queue)
        implements OnnxRequests {
    /** @param isCoarse whether the graph computes with fewer than 32 bits on the way */
    static RowsRequests of(
            String name,
            String file,
            Signature signature,
            Placement placement,
            RuntimeOptions options,
            boolean isCoarse) {
        var service =
                new GraphService<>(name, "rows", signature, placement, placement.runner(new BufferPool()), options);
        var limits = placement.settings().limits();
        boolean rounds = isCoarse || !(placement.device() instanceof Device.Cpu);
        var proof = new RowsProof(file, signature, limits, rounds, service::once);
        var queue = new ProofQueue(file, service::place, proof);
        service.room().sharedWith(queue::nanosUntilEmpty);
        return new RowsRequests(file, service, proof, queue);
    }

    @Override
    public Calls calls() {
        return queue.calls();
    }

    @Override
    public void warm(List<HostTensor> inputs) {
        var job = GraphJob.of(service.signature(), inputs);
        service.check(job);
        queue.now(job, RequestOptions.defaults(), failure -> {}).close();
        service.warm(service.placement().sizes().all().stream()
                .map(rows -> GraphJob.of(
                        service.signature(),
                        inputs.stream().map(input -> input.repeated(rows)).toList()))
                .toList());
    }

    @Override
    public Map<String, Tensor> run(List<HostTensor> inputs, RequestOptions options) {
        queue.calls().requireOpen();
        var job = GraphJob.of(service.signature(), inputs);
        if (proof.isSeen(job)) {
            service.run(job, options);
            return OnnxRequests.named(job.outputs());
        }
        return service.later(job, () -> runLater(job, options));
    }

    private Map<String, Tensor> runLater(GraphJob job, RequestOptions options) {
        long start = System.nanoTime();
        try (var admitted = queue.now(job, options, failure -> service.ended(job, failure, start))) {
            service.run(admitted.isIndependent() ? job : whole(job), options, admitted.place());
        } catch (QueueFullException e) {
            service.ended(job, e, start);
            throw e;
        }
        return OnnxRequests.named(job.outputs());
    }

    @Override
    public CompletableFuture<Map<String, Tensor>> submit(List<HostTensor> inputs, RequestOptions options) {
        var job = GraphJob.of(service.signature(), inputs);
        try {
            queue.calls().requireOpen();
            if (proof.isSeen(job)) {
                return service.submit(job, options, () -> OnnxRequests.named(job.outputs()));
            }
        } catch (ModelClosedException | LoadException e) {
            return CompletableFuture.failedFuture(e);
        }
        return service.laterAsync(job, () -> submitLater(job, options));
    }

    private CompletableFuture<Map<String, Tensor>> submitLater(GraphJob job, RequestOptions options) {
        long start = System.nanoTime();
        CompletableFuture<ProofQueue.Admitted> proven;
        try {
            proven = queue.later(job, options, failure -> service.ended(job, failure, start));
        } catch (QueueFullException e) {
            service.ended(job, e, start);
            return CompletableFuture.failedFuture(e);
        } catch (ModelClosedException e) {
            return CompletableFuture.failedFuture(e);
        }
        return RequestChain.of(proven, admitted -> {
            try (admitted) {
                return service.submit(
                        admitted.isIndependent() ? job : whole(job),
                        options,
                        admitted.place(),
                        () -> OnnxRequests.named(job.outputs()));
            }
        });
    }

    /** Neither cut nor filled up nor beside others, as nobody knows what that would make of it. */
    private GraphJob whole(GraphJob job) {
        var sizes = service.placement().sizes();
        int rows = job.items();
        if (rows > sizes.most() || sizes.holding(rows) != rows) {
            throw new InputException(file + ": whether rows are independent could not be seen yet, so that " + rows
                    + " of them cannot be run in batches of at most " + sizes.most()
                    + "; warm(inputs) with rows that differ, or open it with Requests.ALONE");
        }
        return job.whole();
    }
}
