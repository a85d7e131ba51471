package smalti.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import smalti.spec.Signature;

/** A graph of a bundle, loaded when it is first run. */
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

    /** As {@link GraphService#submit}; where the model is closed, that is what the future fails with. */
    <T> CompletableFuture<T> submit(GraphJob job, RequestOptions options, Supplier<T> answer) {
        GraphService<GraphJob> service;
        try {
            service = service();
        } catch (ModelClosedException e) {
            return CompletableFuture.failedFuture(e);
        }
        return service.submit(job, options, answer);
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
