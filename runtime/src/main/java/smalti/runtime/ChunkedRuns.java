package smalti.runtime;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Runs requests of any size: a chunk of rows at a time, each in direct memory. Direct tensors are used in place. */
final class ChunkedRuns {
    private final int maxBatch;
    private final BufferPool pool = new BufferPool();

    ChunkedRuns(int maxBatch) {
        this.maxBatch = maxBatch;
    }

    /**
     * @param outputs written; their shapes are those that the signature gives for the inputs
     * @throws IllegalStateException if ONNX Runtime fails
     */
    void run(GraphSession session, List<HostTensor> inputs, List<HostTensor> outputs) {
        int rows = inputs.get(0).rows();
        for (int first = 0; first < rows; first += maxBatch) {
            int count = Math.min(maxBatch, rows - first);
            runChunk(session, rows(inputs, first, count), rows(outputs, first, count));
        }
    }

    private void runChunk(GraphSession session, List<HostTensor> inputs, List<HostTensor> outputs) {
        try (var staging = new Staging()) {
            var directInputs = staging.direct(inputs);
            for (int i = 0; i < inputs.size(); i++) {
                copy(inputs.get(i), directInputs.get(i));
            }
            var directOutputs = staging.direct(outputs);
            session.run(directInputs, directOutputs);
            for (int i = 0; i < outputs.size(); i++) {
                copy(directOutputs.get(i), outputs.get(i));
            }
        }
    }

    private static List<HostTensor> rows(List<HostTensor> tensors, int first, int count) {
        return tensors.stream().map(tensor -> tensor.rows(first, count)).toList();
    }

    private static void copy(HostTensor from, HostTensor to) {
        if (from != to) {
            to.data().put(from.data());
        }
    }

    /** The direct buffers of one chunk. */
    private final class Staging implements AutoCloseable {
        private final List<BufferPool.Loan> loans = new ArrayList<>();

        /** The same tensors where they are direct already, else uninitialised ones in lent buffers. */
        List<HostTensor> direct(List<HostTensor> tensors) {
            return tensors.stream()
                    .map(tensor -> tensor.data().isDirect() ? tensor : tensor.withData(lend(tensor.data())))
                    .toList();
        }

        private ByteBuffer lend(ByteBuffer likeThis) {
            var loan = pool.lend(likeThis.remaining());
            loans.add(loan);
            return loan.bytes();
        }

        @Override
        public void close() {
            loans.forEach(BufferPool.Loan::close);
        }
    }
}
