package smalti.runtime;

import java.util.function.Consumer;

/**
 * Runs requests for their own sake, each as a batch of its own, so that memory is there and costs are known when others
 * come.
 *
 * @param <R> what is asked for
 */
final class WarmUp<R> {
    /** A size is warmed no longer once it was run so often ... */
    private static final int MOST_RUNS = 10;

    /** ... or for so long, and {@link SizeCosts#LEAST_SEEN} times. */
    private static final long NANOS = 50_000_000;

    private final BatchRunner<R> runner;
    private final OpenRequests<R> requests;
    private final RequestEnds<R> ends;
    private final BatchThreads threads;
    private final BatchCosts costs;
    private final Ticker ticker;

    WarmUp(
            BatchRunner<R> runner,
            OpenRequests<R> requests,
            RequestEnds<R> ends,
            BatchThreads threads,
            BatchCosts costs,
            Ticker ticker) {
        this.runner = runner;
        this.requests = requests;
        this.ends = ends;
        this.threads = threads;
        this.costs = costs;
        this.ticker = ticker;
    }

    /** Runs a request both alone and as under load, the latter until its cost is known. */
    void warm(Ticket<R> ticket) {
        byItself(ticket, run -> {
            runInTurn(run, true);
            var demand = ticket.demand();
            long nanos = 0;
            for (int i = 0; i < SizeCosts.LEAST_SEEN || (i < MOST_RUNS && nanos < NANOS); i++) {
                long took = runInTurn(run, false);
                costs.ran(demand.costs(), demand.items(), took);
                nanos += took;
            }
        });
    }

    /** Runs a request once; no cost is learnt from it. */
    void once(Ticket<R> ticket) {
        byItself(ticket, run -> runInTurn(run, true));
    }

    private void byItself(Ticket<R> ticket, Consumer<RunningBatch<R>> runs) {
        var run = requests.begin(ticket);
        try {
            runs.accept(run);
        } finally {
            ticket.end();
            ends.finish(run);
        }
    }

    /**
     * Runs a batch once its turn has come. One that is to be run alone does not wait for all threads to be free.
     *
     * @return the nanoseconds that it took
     */
    private long runInTurn(RunningBatch<R> run, boolean alone) {
        var turn = threads.await(run.stop());
        if (turn == null) {
            throw requests.closed();
        }
        int held = threads.widened(alone);
        long start = ticker.nanos();
        long nanos;
        try {
            if (run.stop().isGiven()) {
                throw requests.closed();
            }
            runner.run(run.batch(), alone, run.stop());
        } catch (RuntimeException | Error e) {
            throw ends.failure(run, e);
        } finally {
            nanos = ticker.nanos() - start;
            threads.give(turn, held, nanos);
        }
        return nanos;
    }
}
