package smalti.runtime;

import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import smalti.runtime.BatchListener.Outcome;
import smalti.runtime.Ticket.Slice;

/**
 * Runs requests as soon as there are threads for a batch: on the thread that brings one where nothing else is run, else
 * on servers, in batches of what waits. A batch that fails is run again request by request, so that one bad request fails
 * alone.
 *
 * @param <R> what is asked for
 */
final class Dispatcher<R> {
    private final BatchRunner<R> runner;
    private final OpenRequests<R> requests;
    private final RequestEnds<R> ends;
    private final BatchThreads threads;
    private final BatchCosts costs;
    private final BatchListener listener;
    private final Executor servers;
    private final Ticker ticker;

    /**
     * @param costs learns what the batches cost
     * @param servers runs what the callers' threads do not
     */
    Dispatcher(
            BatchSettings settings,
            BatchRunner<R> runner,
            OpenRequests<R> requests,
            RequestEnds<R> ends,
            BatchCosts costs,
            BatchListener listener,
            Executor servers,
            Ticker ticker) {
        this.runner = runner;
        this.requests = requests;
        this.ends = ends;
        this.threads = new BatchThreads(settings, () -> servers.execute(this::serve));
        this.costs = costs;
        this.listener = listener;
        this.servers = servers;
        this.ticker = ticker;
    }

    /** Those of the batches. */
    BatchThreads threads() {
        return threads;
    }

    /** Something waits: a server begins, now or once there are threads for it. */
    void wake() {
        if (threads.takeOrWait()) {
            servers.execute(this::serve);
        }
    }

    /**
     * Runs a request on this thread, where nothing stands in the way.
     *
     * @return whether it was run
     * @throws ModelClosedException if no more are accepted
     * @throws RunException if the run fails
     */
    boolean runsHere(Ticket<R> ticket) {
        if (Threads.currentIsVirtual()) {
            return false;
        }
        var run = requests.beginAtOnce(ticket, threads);
        if (run == null) {
            return false;
        }
        runHere(ticket, run);
        return true;
    }

    private void runHere(Ticket<R> ticket, RunningBatch<R> run) {
        long start = ticker.nanos();
        ticket.dispatched(start);
        var outcome = Outcome.FAILED;
        long copied = 0;
        try {
            copied = runner.run(run.batch(), run.isAlone(), run.stop());
            outcome = Outcome.COMPLETED;
        } catch (RuntimeException | Error e) {
            throw ends.failure(run, e);
        } finally {
            long end = ticker.nanos();
            threads.give(threads.count(run.isAlone()), end - start);
            ends.finish(run);
            if (outcome == Outcome.COMPLETED) {
                learn(run.batch(), run.isAlone(), end - start);
                listener.batch(ticket.items(), copied, end - start - copied);
            }
            if (requests.complete(ticket)) {
                listener.request(outcome, ticket.items(), start - ticket.arrival(), end - ticket.arrival());
            }
        }
    }

    /** Runs batches as long as something waits and no other model has a better claim; begins with threads taken. */
    private void serve() {
        boolean holds = true;
        while (holds) {
            long start = ticker.nanos();
            int held = threads.count(false);
            boolean goesOn = false;
            try {
                ends.expire();
                var run = requests.beginNext();
                if (run != null) {
                    held = threads.widened(run.isAlone());
                    serve(run, held == threads.count(true));
                    goesOn = requests.waiting() > 0;
                }
            } finally {
                holds = release(held, ticker.nanos() - start, goesOn);
            }
        }
    }

    private void serve(RunningBatch<R> run, boolean alone) {
        try {
            if (run.isFollowed()) {
                wake();
            }
            run(run, alone);
        } finally {
            ends.finish(run);
        }
    }

    /** @return whether the threads of a batch are still taken, for the next one */
    private boolean release(int held, long nanos, boolean goesOn) {
        if (goesOn) {
            return threads.keep(held, nanos);
        }
        // what came to wait meanwhile waits in line already, or must now
        threads.leaveLine();
        threads.give(held, nanos);
        if (requests.waiting() > 0) {
            wake();
        }
        return false;
    }

    private void run(RunningBatch<R> run, boolean alone) {
        var batch = run.batch();
        var ofAll = attempt(batch, alone, run.stop());
        if (ofAll == null) {
            return;
        }
        for (var slice : batch) {
            if (slice.ticket().isEnded()) {
                continue;
            }
            // alone it fails for its own reasons
            var failure = batch.size() == 1 ? ofAll : attempt(List.of(slice), alone, run.stop());
            if (failure != null) {
                ends.failed(slice.ticket(), failure);
            }
        }
    }

    /** @return what went wrong; null where all went well */
    private @Nullable Throwable attempt(List<Slice<R>> batch, boolean alone, StopSignal stop) {
        long start = ticker.nanos();
        long copied;
        try {
            copied = runner.run(batch, alone, stop);
        } catch (RuntimeException | Error e) {
            return e;
        }
        listener.batch(items(batch), copied, ticker.nanos() - start - copied);
        batch.forEach(ends::completed);
        learn(batch, alone, ticker.nanos() - start);
        return null;
    }

    /** @param nanos with those that it took to wake whoever waited */
    private void learn(List<Slice<R>> batch, boolean alone, long nanos) {
        // what a batch costs on threads that it has to itself says nothing of a loaded machine
        if (!alone || threads.areAlwaysTheSame()) {
            costs.ran(batch.get(0).ticket().demand().costs(), items(batch), nanos);
        }
    }

    private static int items(List<? extends Slice<?>> batch) {
        int items = 0;
        for (var slice : batch) {
            items += slice.count();
        }
        return items;
    }
}
