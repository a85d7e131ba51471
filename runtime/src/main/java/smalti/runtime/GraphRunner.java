package smalti.runtime;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import smalti.runtime.Ticket.Slice;

/**
 * Runs batches of one graph, each in direct memory: tensors of a request that has a run to itself are used in place
 * where they are direct, others are gathered and given back by copies of whole rows. Rows that fill a batch up are
 * copies of its last one, so that they hold nothing that a graph could stumble over; what comes of them is not looked
 * at.
 */
final class GraphRunner implements BatchRunner<GraphJob> {
    private final GraphSessions sessions;
    private final BufferPool pool;
    private final BatchSizes sizes;

    /** @param sizes that batches are padded to */
    GraphRunner(GraphSessions sessions, BufferPool pool, BatchSizes sizes) {
        this.sessions = sessions;
        this.pool = pool;
        this.sizes = sizes;
    }

    @Override
    public long run(List<Slice<GraphJob>> batch, boolean alone, StopSignal stop) {
        var session = sessions.session(alone);
        long start = System.nanoTime();
        try (var staging = new Staging()) {
            var inputs = staging.direct(batch, GraphJob::inputs);
            for (var input : inputs) {
                input.gather();
            }
            var outputs = staging.direct(batch, GraphJob::outputs);
            long brought = System.nanoTime();
            session.run(tensors(inputs), tensors(outputs), stop);
            long ran = System.nanoTime();
            for (var output : outputs) {
                output.scatter();
            }
            return brought - start + System.nanoTime() - ran;
        }
    }

    private static List<HostTensor> tensors(List<Staged> staged) {
        var tensors = new ArrayList<HostTensor>(staged.size());
        for (var tensor : staged) {
            tensors.add(tensor.whole());
        }
        return tensors;
    }

    /**
     * One tensor of a batch.
     *
     * @param parts of the requests
     * @param whole in direct memory, rows to fill the batch up after those of the parts; the only part itself where that
     *     is direct and fills the batch
     */
    private record Staged(List<HostTensor> parts, HostTensor whole) {
        void gather() {
            if (isCopied()) {
                var into = whole.data();
                for (var part : parts) {
                    part.putInto(into);
                }
                int row = whole.bytesOfRow();
                var last = into.slice(into.position() - row, row);
                while (into.hasRemaining()) {
                    into.put(last.duplicate());
                }
            }
        }

        void scatter() {
            if (isCopied()) {
                var from = whole.data();
                for (var part : parts) {
                    var into = part.data();
                    into.put(from.slice(from.position(), into.remaining()));
                    from.position(from.position() + into.position());
                }
            }
        }

        private boolean isCopied() {
            return parts.get(0) != whole;
        }
    }

    /** The direct buffers of one batch. */
    private final class Staging implements AutoCloseable {
        private final List<BufferPool.Loan> loans = new ArrayList<>();

        /** The tensors of a batch, place by place of the signature. */
        List<Staged> direct(List<Slice<GraphJob>> batch, Function<GraphJob, List<HostTensor>> tensors) {
            int count = tensors.apply(batch.get(0).ticket().request()).size();
            var staged = new ArrayList<Staged>(count);
            for (int place = 0; place < count; place++) {
                var parts = new ArrayList<HostTensor>(batch.size());
                int rows = 0;
                for (var slice : batch) {
                    var tensor = tensors.apply(slice.ticket().request()).get(place);
                    parts.add(tensor.rows(slice.first(), slice.count()));
                    rows += slice.count();
                }
                var first = parts.get(0);
                int size = sizes.holding(rows);
                boolean inPlace = parts.size() == 1 && size == rows && first.isDirect();
                staged.add(new Staged(parts, inPlace ? first : first.withRows(size, lend(first, size))));
            }
            return staged;
        }

        private ByteBuffer lend(HostTensor likeThis, int rows) {
            var loan = pool.lend(Math.multiplyExact(likeThis.bytesOfRow(), rows));
            loans.add(loan);
            return loan.bytes();
        }

        @Override
        public void close() {
            for (var loan : loans) {
                loan.close();
            }
        }
    }
}
