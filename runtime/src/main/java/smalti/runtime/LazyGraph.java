package smalti.runtime;

import java.lang.ref.Reference;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.Signature;

/**
 * A graph of a bundle, loaded when it is first run. It has the model, so that a model is not lost while its codec or its
 * generator is held, or asked for something.
 */
final class LazyGraph {
    private final Signature signature;
    private final Supplier<GraphService<GraphJob>> load;
    private final Calls calls;
    private volatile @Nullable GraphService<GraphJob> loaded;

    /**
     * @param load gives the same whenever it is called, by however many threads
     * @param calls of the model
     */
    LazyGraph(Signature signature, Supplier<GraphService<GraphJob>> load, Calls calls) {
        this.signature = signature;
        this.load = load;
        this.calls = calls;
    }

    /** The same graph for the steps of a call that has begun: they are let in while the model closes, too. */
    LazyGraph ofStep() {
        var unusedLoaded = service();
        return new LazyGraph(signature, this::service, new Calls(""));
    }

    /** For calls of several steps. */
    Calls calls() {
        return calls;
    }

    Signature signature() {
        return signature;
    }

    /** As {@link GraphService#run}. */
    void run(GraphJob job, RequestOptions options) {
        try {
            open(job).run(job, options);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** As {@link GraphService#submit}; where the model is closed, that is what the future fails with. */
    <T> CompletableFuture<T> submit(GraphJob job, RequestOptions options, Supplier<T> answer) {
        try {
            return open(job).submit(job, options, answer);
        } catch (ModelClosedException e) {
            return CompletableFuture.failedFuture(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private GraphService<GraphJob> open(GraphJob job) {
        var service = service();
        service.requireOpen(calls, job);
        return service;
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
