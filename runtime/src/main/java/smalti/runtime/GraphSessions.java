package smalti.runtime;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;

/**
 * One graph as it is run alone and under load. Where the two take different numbers of threads, the second session is
 * made in the background when load first comes; until then, and where that fails, the first one serves.
 */
final class GraphSessions implements AutoCloseable {
    private final String name;
    /** What it holds, such as the bytes of a file, is needed no longer once both sessions are there. */
    private volatile @Nullable IntFunction<GraphSession> load;

    private final int threadsUnderLoad;
    private final GraphSession alone;
    private final AtomicReference<State> state;
    private volatile GraphSession underLoad;

    private enum State {
        WANTED,
        STARTED,
        DONE
    }

    /**
     * @param name of the graph, for the log
     * @param load a session with so many threads
     */
    GraphSessions(String name, IntFunction<GraphSession> load, int threadsAlone, int threadsUnderLoad) {
        this.name = name;
        this.load = threadsAlone == threadsUnderLoad ? null : load;
        this.threadsUnderLoad = threadsUnderLoad;
        this.alone = load.apply(threadsAlone);
        this.underLoad = alone;
        this.state = new AtomicReference<>(threadsAlone == threadsUnderLoad ? State.DONE : State.WANTED);
    }

    /** @param isAlone whether the run has all threads */
    GraphSession session(boolean isAlone) {
        if (isAlone) {
            return alone;
        }
        if (state.get() == State.WANTED && state.compareAndSet(State.WANTED, State.STARTED)) {
            try {
                Threads.SERVERS.execute(this::loadSecond);
            } catch (RejectedExecutionException | OutOfMemoryError e) {
                // the machine gives no thread now; the next run asks again
                state.compareAndSet(State.STARTED, State.WANTED);
            }
        }
        return underLoad;
    }

    /** Makes the second session now, where there is one to make. */
    void loadAll() {
        if (state.compareAndSet(State.WANTED, State.STARTED)) {
            loadSecond();
        }
    }

    /** No session may be running. */
    @Override
    public synchronized void close() {
        state.set(State.DONE);
        load = null;
        alone.close();
        if (underLoad != alone) {
            underLoad.close();
        }
    }

    private void loadSecond() {
        var again = load;
        if (again == null) {
            // closed meanwhile
            return;
        }
        GraphSession second;
        try {
            second = again.apply(threadsUnderLoad);
        } catch (SpecException | OutOfMemoryError e) {
            Log.LOG.warn("{}: cannot be loaded a second time, for runs under load; one session serves all", name, e);
            state.compareAndSet(State.STARTED, State.DONE);
            return;
        } finally {
            load = null;
        }
        synchronized (this) {
            if (state.compareAndSet(State.STARTED, State.DONE)) {
                underLoad = second;
                return;
            }
        }
        second.close();
    }
}
