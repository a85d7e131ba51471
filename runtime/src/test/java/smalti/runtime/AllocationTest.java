package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import smalti.spec.bundle.Contract;

class AllocationTest {
    private static final int CALLS = 500;

    /** A copy of the codes alone, eight bytes each, would be 128 KiB a call more. */
    @Test
    void decodingIntoOnesOwnMemoryAllocatesTheSameForPicturesOfAllSizes() {
        try (var model = SmaltiModel.open(Bundles.CODEC)) {
            long small = bytesOfCall(model, 2);
            long large = bytesOfCall(model, 128);
            assertThat(large).as("bytes of a call, %s of a small one", small).isLessThan(small + 8192);
        }
    }

    /** On the heap, by this thread, which runs the call itself. */
    private static long bytesOfCall(SmaltiModel model, int side) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        var codec = model.codec();
        var codebook = model.manifest().contracts().get(Contract.Codebook.class);
        var codes = new Codes(1, side, side, new long[side * side], codebook.exportedFingerprint());
        var into = ByteBuffer.allocateDirect(2 * side * 2 * side * 3);
        codec.decode(codes, into);
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < CALLS; i++) {
            codec.decode(codes, into);
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
    }
}
