package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import smalti.runtime.Ticket.Slice;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** Batches that are filled up, on the processor: the tokenizer of the test bundle, for batches of four alone. */
class PaddingTest {
    private static final int SIDE = 64;
    private static final int ROW = SIDE * SIDE * 3;
    private static final int CODES_OF_ROW = SIDE / 2 * (SIDE / 2);
    private static final Signature FREE = new Signature(
            List.of(TensorSpec.of("pixels", ElementType.UINT8, "N 2*h 2*w 3")),
            List.of(TensorSpec.of("codes", ElementType.INT64, "N h w")));

    @Test
    void sizesAreThePowersOfTwoAndTheLargest() {
        var sizes = new BatchSizes(12, true);
        assertThat(List.of(1, 2, 3, 4, 5, 7, 8, 9, 11, 12).stream().map(sizes::holding))
                .containsExactly(1, 2, 4, 4, 8, 8, 8, 12, 12, 12);
        assertThat(sizes.all()).containsExactly(1, 2, 4, 8, 12);
        assertThat(new BatchSizes(16, true).all()).containsExactly(1, 2, 4, 8, 16);
        assertThat(new BatchSizes(1, true).all()).containsExactly(1);
        for (int items = 1; items <= 12; items++) {
            assertThat(new BatchSizes(12, false).holding(items)).isEqualTo(items);
            assertThat(sizes.all()).contains(sizes.holding(items));
        }
    }

    @Test
    void aBatchIsFilledUpWithItsLastRow() {
        var pool = new BufferPool();
        var pixels = pixels(1, 3);
        try (var sessions = sessionsOfFour()) {
            var codes = ByteBuffer.allocate(3 * CODES_OF_ROW * Long.BYTES);
            run(new GraphRunner(sessions, pool, new BatchSizes(4, true)), List.of(job(pixels, codes)));
            assertThat(codes.rewind()).isEqualTo(codes(pixels));
        }
        // the pool lends out what it got back last: the batch as the graph saw it
        try (var loan = pool.lend(4 * ROW)) {
            var seen = loan.bytes();
            assertThat(seen.slice(0, 3 * ROW)).isEqualTo(pixels);
            assertThat(seen.slice(3 * ROW, ROW)).isEqualTo(pixels.slice(2 * ROW, ROW));
        }
    }

    @Test
    void requestsThatShareAPaddedBatchGetTheirOwn() {
        var jobs = new ArrayList<GraphJob>();
        var results = new ArrayList<ByteBuffer>();
        for (int count : new int[] {1, 2}) {
            var codes = ByteBuffer.allocateDirect(count * CODES_OF_ROW * Long.BYTES);
            results.add(codes);
            jobs.add(job(pixels(count, count), codes));
        }
        try (var sessions = sessionsOfFour()) {
            run(new GraphRunner(sessions, new BufferPool(), new BatchSizes(4, true)), jobs);
        }
        assertThat(results.get(0)).isEqualTo(codes(pixels(1, 1)));
        assertThat(results.get(1)).isEqualTo(codes(pixels(2, 2)));
    }

    @Test
    void aFullBatchIsNotTouched() {
        var pool = new BufferPool();
        var pixels = pixels(9, 4);
        var codes = ByteBuffer.allocateDirect(4 * CODES_OF_ROW * Long.BYTES);
        try (var sessions = sessionsOfFour()) {
            run(new GraphRunner(sessions, pool, new BatchSizes(8, true)), List.of(job(direct(pixels), codes)));
        }
        assertThat(codes).isEqualTo(codes(pixels));
        try (var loan = pool.lend(4 * ROW)) {
            assertThat(loan.bytes()).as("a buffer that was never used").isEqualTo(ByteBuffer.allocate(4 * ROW));
        }
    }

    @Test
    void withoutPaddingTheGraphSeesTheBatchAsItIs() {
        try (var sessions = sessionsOfFour()) {
            var runner = new GraphRunner(sessions, new BufferPool(), new BatchSizes(4, false));
            var codes = ByteBuffer.allocate(3 * CODES_OF_ROW * Long.BYTES);
            assertThatThrownBy(() -> run(runner, List.of(job(pixels(1, 3), codes))))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("ONNX Runtime failed");
        }
    }

    /** Only a batch of four goes through, so that what goes through was one. */
    private static GraphSessions sessionsOfFour() {
        var onnx = Bundles.read(Bundles.CODEC, "tokenize.onnx");
        int changed = 0;
        for (int at = 0; at + 5 <= onnx.length; at++) {
            // a dimension named N
            if (onnx[at] == 0x0A
                    && onnx[at + 1] == 3
                    && onnx[at + 2] == 0x12
                    && onnx[at + 3] == 1
                    && onnx[at + 4] == 'N') {
                // the size 4 instead, in as many bytes
                onnx[at + 2] = 0x08;
                onnx[at + 3] = (byte) 0x84;
                onnx[at + 4] = 0;
                changed++;
            }
        }
        assertThat(changed).isEqualTo(2);
        var signature = new Signature(
                List.of(ofFour(FREE.inputs().get(0))),
                List.of(ofFour(FREE.outputs().get(0))));
        var plan = SessionPlan.of(Device.cpu(), 1);
        return new GraphSessions(
                "tokenize", threads -> GraphSession.load("tokenize.onnx", signature, onnx, plan), 1, 1);
    }

    private static TensorSpec ofFour(TensorSpec tensor) {
        var shape = new ArrayList<>(tensor.shape());
        shape.set(0, Dimension.of(4));
        return new TensorSpec(tensor.name(), tensor.type(), shape);
    }

    private static void run(GraphRunner runner, List<GraphJob> jobs) {
        var batch = new ArrayList<Slice<GraphJob>>();
        for (var job : jobs) {
            batch.add(new Ticket<>(job, job.demand(), Priority.NORMAL, "", 0, Ticket.NEVER).take(job.items()));
        }
        runner.run(batch, true, new StopSignal());
    }

    private static GraphJob job(ByteBuffer pixels, ByteBuffer codes) {
        int count = pixels.remaining() / ROW;
        return new GraphJob(
                List.of(new HostTensor(FREE.inputs().get(0), new long[] {count, SIDE, SIDE, 3}, pixels)),
                List.of(new HostTensor(FREE.outputs().get(0), new long[] {count, SIDE / 2, SIDE / 2}, codes)));
    }

    private static ByteBuffer pixels(long seed, int count) {
        var bytes = new byte[count * ROW];
        new Random(seed).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static ByteBuffer direct(ByteBuffer bytes) {
        return ByteBuffer.allocateDirect(bytes.remaining())
                .put(bytes.duplicate())
                .flip();
    }

    /** The codes by the bundle itself, in the machine's byte order. */
    private static ByteBuffer codes(ByteBuffer pixels) {
        int count = pixels.remaining() / ROW;
        try (var model = SmaltiModel.open(Bundles.CODEC)) {
            var codes = model.codec().encode(new Pixels(count, SIDE, SIDE, 3, pixels));
            var bytes = ByteBuffer.allocate(count * CODES_OF_ROW * Long.BYTES).order(java.nio.ByteOrder.nativeOrder());
            bytes.asLongBuffer().put(codes.values());
            return bytes;
        }
    }
}
