package smalti.runtime;

import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Lets calls through, many at once, until it is closed; closing waits for those inside. ONNX Runtime crashes the JVM if
 * a session is freed while it runs.
 */
final class OpenGate {
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final String name;
    private boolean closed;

    /** @param name of what is behind the gate, for errors */
    OpenGate(String name) {
        this.name = name;
    }

    /** @throws IllegalStateException if the gate is closed */
    <T> T during(Supplier<T> call) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException(name + " is closed");
            }
            return call.get();
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Closes the gate, then frees what is behind it; only the first time. */
    void close(Runnable free) {
        if (lock.getReadHoldCount() > 0) {
            throw new IllegalStateException(name + " cannot be closed from within one of its own calls");
        }
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                free.run();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
