package smalti.runtime;

import java.util.List;
import smalti.runtime.Ticket.Slice;

/**
 * Runs batches for a {@link Batcher}.
 *
 * @param <R> what is asked for
 */
interface BatchRunner<R> {
    /**
     * Runs one batch; called by several threads at once.
     *
     * @param batch of one kind
     * @param alone whether nothing else is run or waits, so that all threads may work on this batch
     * @param stop tells to give up
     * @return nanoseconds that went into bringing the batch together and the answers back
     * @throws RuntimeException if the batch cannot be run; then nothing of it counts
     */
    long run(List<Slice<R>> batch, boolean alone, StopSignal stop);
}
