package smalti.runtime;

import java.util.List;
import smalti.runtime.Ticket.Slice;

/** A batch that is run, by the thread that made this; equal to itself alone. */
final class RunningBatch<R> {
    private final List<Slice<R>> batch;
    private final boolean alone;
    private final boolean isFollowed;
    private final StopSignal stop = new StopSignal();
    private final long start;
    private final Thread thread = Thread.currentThread();

    /**
     * @param alone whether nothing else was run or waited when it was made
     * @param isFollowed whether more waits
     * @param start in nanoseconds
     */
    RunningBatch(List<Slice<R>> batch, boolean alone, boolean isFollowed, long start) {
        this.batch = batch;
        this.alone = alone;
        this.isFollowed = isFollowed;
        this.start = start;
    }

    List<Slice<R>> batch() {
        return batch;
    }

    boolean isAlone() {
        return alone;
    }

    boolean isFollowed() {
        return isFollowed;
    }

    long start() {
        return start;
    }

    StopSignal stop() {
        return stop;
    }

    boolean isOf(Ticket<R> ticket) {
        return batch.stream().anyMatch(slice -> slice.ticket() == ticket);
    }

    boolean isByThisThread() {
        return thread == Thread.currentThread();
    }

    /** Whether nobody waits for any of it. */
    boolean isUnwanted() {
        return batch.stream().allMatch(slice -> slice.ticket().isEnded());
    }
}
