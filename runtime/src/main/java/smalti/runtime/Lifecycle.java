package smalti.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import smalti.runtime.ModelHealth.Stage;

/**
 * How far a model is, from open to closed, whatever its graphs do: when it is ready, and how it closes. Thread-safe.
 *
 * <p>The model that callers hold is not reached from here, so that {@link Leash} notices when nobody has it.
 */
final class Lifecycle {
    private final String place;
    private final RuntimeOptions options;
    private final Calls calls;
    private final Graphs graphs;
    private volatile Stage stage = Stage.OPEN;
    private volatile boolean isWarm;

    /** The graphs of a model, by their names in it. */
    interface Graphs {
        /** Those that are loaded now. */
        Map<String, ? extends GraphService<?>> loaded();

        /** Those that are loaded, once nothing is being loaded any more. */
        default Map<String, ? extends GraphService<?>> loadedAtLast() {
            return loaded();
        }
    }

    /**
     * @param place of the model, for errors
     * @param calls of several steps, which come to their ends while the graphs are still there
     */
    Lifecycle(String place, RuntimeOptions options, Calls calls, Graphs graphs) {
        this.place = place;
        this.options = options;
        this.calls = calls;
        this.graphs = graphs;
    }

    /** @throws ModelClosedException if it is closing or closed */
    void requireOpen() {
        if (stage != Stage.OPEN) {
            throw new ModelClosedException(place);
        }
    }

    /**
     * Does something short, unless the model is closing or closed; it does not begin to close meanwhile.
     *
     * @return whether it was done
     */
    synchronized boolean whileOpen(Runnable work) {
        if (stage != Stage.OPEN) {
            return false;
        }
        work.run();
        return true;
    }

    /** {@link RuntimeOptions#drainTimeout}. */
    Duration drainTimeout() {
        return options.drainTimeout();
    }

    /** Its graphs were warmed up. */
    void warmed() {
        isWarm = true;
    }

    /** @param failures of graphs that could not be loaded */
    ModelHealth health(Collection<String> failures) {
        var full = new ArrayList<String>();
        graphs.loaded().forEach((name, graph) -> graph.room().refusal().ifPresent(why -> full.add(name + ": " + why)));
        return ModelHealth.of(stage, isWarm, failures, full, options);
    }

    /**
     * As {@link SmaltiModel#close}.
     *
     * @param timeout for all of it together
     */
    void close(Duration timeout) {
        synchronized (this) {
            if (stage != Stage.OPEN) {
                return;
            }
            graphs.loaded().values().forEach(GraphService::requireOutside);
            calls.requireOutside();
            stage = Stage.CLOSING;
            // whoever sees the one sees the other
            calls.refuse();
        }
        OnnxRuntime.settle();
        var all = graphs.loadedAtLast().values();
        long end = System.nanoTime() + calls.close(timeout).toNanos();
        for (var graph : all) {
            graph.drain(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
            graph.free();
        }
        stage = Stage.CLOSED;
    }
}
