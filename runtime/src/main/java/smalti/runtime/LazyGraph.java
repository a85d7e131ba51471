package smalti.runtime;

import java.lang.ref.Reference;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import smalti.spec.Signature;

/**
 * A graph of a bundle, loaded when it is first run. It has the model, so that a model is not lost while its codec or its
 * generator is held, or asked for something.
 */
final class LazyGraph {
    private final Signature signature;
    private final Supplier<GraphService<GraphJob>> load;
    private volatile @Nullable GraphService<GraphJob> loaded;

    /** @param load gives the same whenever it is called, by however many threads */
    LazyGraph(Signature signature, Supplier<GraphService<GraphJob>> load) {
        this.signature = signature;
        this.load = load;
    }

    Signature signature() {
        return signature;
    }

    /** As {@link GraphService#run}. */
    void run(GraphJob job, RequestOptions options) {
        try {
            service().run(job, options);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** As {@link GraphService#submit}; where the model is closed, that is what the future fails with. */
    <T> CompletableFuture<T> submit(GraphJob job, RequestOptions options, Supplier<T> answer) {
        try {
            return service().submit(job, options, answer);
        } catch (ModelClosedException e) {
            return CompletableFuture.failedFuture(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** @throws LoadException if it cannot be loaded; the next call tries again */
    GraphService<GraphJob> service() {
        var service = loaded;
        if (service == null) {
            service = load.get();
            loaded = service;
        }
        return service;
    }
}
