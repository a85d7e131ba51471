package smalti.runtime;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import smalti.spec.Signature;
import smalti.spec.SpecException;
import smalti.spec.TensorSpec;

/** One graph that serves many callers. */
final class GraphService {
    private final Placement placement;
    private final Batcher<GraphJob> batcher;
    private final Signature signature;

    GraphService(Signature signature, Placement placement, Batcher<GraphJob> batcher) {
        this.signature = signature;
        this.placement = placement;
        this.batcher = batcher;
    }

    /** Where the graph runs, and what was passed over for it. */
    Placement placement() {
        return placement;
    }

    TensorSpec input(int place) {
        return signature.inputs().get(place);
    }

    TensorSpec output(int place) {
        return signature.outputs().get(place);
    }

    /**
     * Runs a request and waits for it; throws as {@link Batcher#run}.
     *
     * @throws SpecException if the device was not made ready for such sizes
     */
    void run(GraphJob job, RequestOptions options) {
        placement.shapes().check(job.inputs());
        batcher.run(job, job.kind(), job.rows(), options);
    }

    /** As {@link Batcher#submit}; refuses at once as {@link #run} does. */
    <T> CompletableFuture<T> submit(GraphJob job, RequestOptions options, Supplier<T> answer) {
        placement.shapes().check(job.inputs());
        return batcher.submit(job, job.kind(), job.rows(), options, answer);
    }

    /** A request of these inputs, with outputs on the heap. */
    GraphJob job(List<HostTensor> inputs) {
        var shapes = ShapeBinding.of(inputs);
        var outputs = signature.outputs().stream()
                .map(output -> HostTensor.onHeap(output, shapes.shapeOf(output)))
                .toList();
        return new GraphJob(inputs, outputs);
    }

    /** Items that wait. */
    int depth() {
        return batcher.depth();
    }

    /** Loads what would be loaded later. */
    void loadAll() {
        placement.sessions().loadAll();
    }

    /** As {@link Batcher#drain}. */
    void drain(Duration timeout) {
        batcher.drain(timeout);
    }

    /** After it was drained. */
    void free() {
        placement.sessions().close();
    }
}
