package smalti.cli;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.IoReason;

/**
 * What Ctrl-C, a request to end and a closed terminal do: the command ends at once, says how to go on where it can be
 * gone on with, and leaves nothing half-written.
 */
final class Interruption {
    /** As numbered by POSIX; the exit code is 128 more. */
    private static final Map<String, Integer> SIGNALS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

    private static final int EXIT_CODE = 128;

    // The JVM's own way would run shutdown hooks beside the command, which still runs: native libraries would be taken
    // down under it, and files deleted that it writes on. So the handler stops all writing, and halts.

    private final Console console;
    private final AtomicBoolean begun = new AtomicBoolean();

    Interruption(Console console) {
        this.console = console;
    }

    /** From now on signals are handled here; one that the process was started to ignore stays ignored. */
    void listen() {
        try {
            // by name, as the compiler warns of classes that are the JVM's own
            var signal = Class.forName("sun.misc.Signal");
            var handler = Class.forName("sun.misc.SignalHandler");
            for (var name : SIGNALS.keySet()) {
                var proxy = Proxy.newProxyInstance(
                        handler.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                            end(name);
                            return null;
                        });
                handle(signal, handler, name, proxy);
            }
        } catch (ReflectiveOperationException e) {
            // a JVM without these classes ends in its own way, which deletes what is unfinished too
            return;
        }
    }

    private void handle(Class<?> signal, Class<?> handler, String name, Object proxy)
            throws ReflectiveOperationException {
        try {
            var one = signal.getConstructor(String.class).newInstance(name);
            signal.getMethod("handle", signal, handler).invoke(null, one, proxy);
        } catch (InvocationTargetException e) {
            // a signal that the system does not know, such as HUP on Windows, or that the JVM keeps for itself (-Xrs)
            if (!(e.getCause() instanceof IllegalArgumentException)) {
                throw e;
            }
        }
    }

    private void end(String signal) {
        if (!begun.compareAndSet(false, true)) {
            return;
        }
        console.interrupted();
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
        AtomicFiles.abandon(left -> {
            left.forEach(path -> console.last("error: " + path + ": is unfinished, and could not be deleted"));
            try {
                UnpackedLibraries.delete();
            } catch (IOException e) {
                console.last("error: what ONNX Runtime unpacked could not be deleted: " + IoReason.of(e));
            }
            Runtime.getRuntime().halt(EXIT_CODE + SIGNALS.getOrDefault(signal, 0));
        });
    }

    /** A command that ends meanwhile, or fails for what is taken from it, leaves the exit code to the handler. */
    void waitIfBegun() {
        while (begun.get()) {
            LockSupport.park(this);
        }
    }
}
