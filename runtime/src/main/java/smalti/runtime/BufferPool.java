package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Direct buffers that are used again: allocating one zeroes it, and the memory of a lost one comes back only with a
 * garbage collection.
 */
final class BufferPool {
    /** What is kept beyond this is left to the garbage collector. */
    private static final long MOST_KEPT_BYTES = 256L << 20;

    private static final int LEAST_BYTES = 4096;

    private final Map<Integer, ConcurrentLinkedDeque<ByteBuffer>> idle = new ConcurrentHashMap<>();
    private final AtomicLong keptBytes = new AtomicLong();

    /** A buffer of a power of two of bytes, lent until it is closed. */
    Loan lend(int bytes) {
        int capacity = bytes > 1 << 30 ? bytes : Math.max(LEAST_BYTES, Integer.highestOneBit(2 * bytes - 1));
        var waiting = idle.get(capacity);
        var buffer = waiting == null ? null : waiting.pollFirst();
        if (buffer == null) {
            return new Loan(this, allocated(capacity), bytes);
        }
        keptBytes.addAndGet(-capacity);
        return new Loan(this, buffer, bytes);
    }

    private ByteBuffer allocated(int capacity) {
        try {
            return ByteBuffer.allocateDirect(capacity);
        } catch (OutOfMemoryError e) {
            // what is kept may be all that is missing; the JVM collects it in the second try
            for (var buffers : idle.values()) {
                for (var buffer = buffers.pollFirst(); buffer != null; buffer = buffers.pollFirst()) {
                    keptBytes.addAndGet(-buffer.capacity());
                }
            }
            return ByteBuffer.allocateDirect(capacity);
        }
    }

    private void takeBack(ByteBuffer buffer) {
        int capacity = buffer.capacity();
        if (keptBytes.addAndGet(capacity) > MOST_KEPT_BYTES) {
            keptBytes.addAndGet(-capacity);
        } else {
            idle.computeIfAbsent(capacity, size -> new ConcurrentLinkedDeque<>())
                    .addFirst(buffer);
        }
    }

    /** Must be closed once, after the last use of its bytes. */
    record Loan(BufferPool pool, ByteBuffer whole, int size) implements AutoCloseable {
        ByteBuffer bytes() {
            return whole.slice(0, size).order(ByteOrder.nativeOrder());
        }

        @Override
        public void close() {
            pool.takeBack(whole);
        }
    }
}
