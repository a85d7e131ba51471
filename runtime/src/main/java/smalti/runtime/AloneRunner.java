package smalti.runtime;

import java.util.ArrayList;
import java.util.List;
import smalti.runtime.Ticket.Slice;

/** Runs each request for itself. */
final class AloneRunner implements BatchRunner<AloneJob> {
    private final GraphSessions sessions;
    private final BufferPool pool;

    AloneRunner(GraphSessions sessions, BufferPool pool) {
        this.sessions = sessions;
        this.pool = pool;
    }

    @Override
    public long run(List<Slice<AloneJob>> batch, boolean alone, StopSignal stop) {
        var session = sessions.session(alone);
        long copied = 0;
        for (var slice : batch) {
            var job = slice.ticket().request();
            var loans = new ArrayList<BufferPool.Loan>();
            try {
                long start = System.nanoTime();
                var inputs =
                        job.inputs().stream().map(input -> direct(input, loans)).toList();
                copied += System.nanoTime() - start;
                job.done(session.run(inputs, stop));
            } finally {
                loans.forEach(BufferPool.Loan::close);
            }
        }
        return copied;
    }

    private HostTensor direct(HostTensor input, List<BufferPool.Loan> loans) {
        if (input.isDirect()) {
            return input;
        }
        var data = input.data();
        var loan = pool.lend(data.remaining());
        loans.add(loan);
        var bytes = loan.bytes();
        bytes.put(data).flip();
        return new HostTensor(input.spec(), input.shape(), bytes);
    }
}
