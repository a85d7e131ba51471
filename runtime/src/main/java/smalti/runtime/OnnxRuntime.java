package smalti.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * ONNX Runtime, loaded once in the process. Unpacking its native library takes longer than all else that opens a model,
 * so another thread does it meanwhile.
 */
final class OnnxRuntime {
    static {
        // before the field, whose classes are loaded meanwhile
        new Loading().start();
    }

    /**
     * As ONNX Runtime 1.29 loads it reads the process's command line for its telemetry, and recurses some 300 bytes deep for
     * each character: a class path of 4,000 ended the JVM on a thread of the usual 1 MiB. Linux takes 128 KiB for an
     * argument. Pages that are not touched take no memory.
     */
    private static final long STACK_BYTES = 128L << 20;

    private static final CompletableFuture<OrtEnvironment> LOADED = new CompletableFuture<>();

    private OnnxRuntime() {}

    /** Written out: the first lambda of a process takes as long as a tenth of the library. */
    private static final class Loading extends Thread {
        Loading() {
            super(null, null, "smalti-load", STACK_BYTES, false);
            Threads.prepare(this);
        }

        @Override
        public void run() {
            try {
                var environment = OrtEnvironment.getEnvironment();
                // it would keep a record of every session and run, and send it to its makers
                environment.setTelemetry(false);
                LOADED.complete(environment);
                Rehearsal.rehearse();
            } catch (OrtException | RuntimeException | Error e) {
                LOADED.completeExceptionally(e);
            }
        }
    }

    /**
     * Begins to load it, if nothing did. Before the JVM may end, {@link #settle}: a JVM that ends while the library is
     * unpacked leaves it lying in the folder for temporary files.
     */
    static void begin() {
        // loading this class did
    }

    /** Waits until it is loaded, or cannot be. */
    static void settle() {
        try {
            LOADED.join();
        } catch (CompletionException e) {
            // environment() tells those who need it
        }
    }

    /**
     * Shared by the whole process, so it is never closed; providers cannot be loaded before it is there.
     *
     * @throws LoadException if it cannot be loaded
     */
    static OrtEnvironment environment() {
        if (!LOADED.isDone()) {
            Rehearsal.rehearse();
        }
        try {
            return LOADED.join();
        } catch (CompletionException e) {
            var cause = e.getCause() instanceof ExceptionInInitializerError error ? error.getCause() : e.getCause();
            throw new LoadException(
                    "ONNX Runtime cannot be loaded (" + cause + "); it is built for Linux, macOS and Windows, not for"
                            + " musl, and wants a folder for temporary files or -Donnxruntime.native.path",
                    e);
        }
    }
}
