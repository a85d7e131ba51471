package smalti.exporter.proof;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.file.AtomicFiles;

/**
 * ONNX Runtime in a process of its own: opens files and runs them as {@link EngineProcess} asks by standard input, and
 * answers by a pipe, until nobody asks any more.
 */
final class EngineServer {
    /** Requests. */
    static final byte VERSION = 1;

    static final byte OPEN = 2;
    static final byte RUN = 3;
    static final byte CLOSE = 4;

    /** Answers. */
    static final byte DONE = 1;

    static final byte REFUSED = 2;

    /** Exit values. */
    static final int TOO_MUCH_MEMORY = 97;

    static final int IDLE = 98;

    private static final int BUFFER = 1 << 16;
    private static final long LOOK_MILLISECONDS = 20;
    private static final long IDLE_NANOS = 60_000_000_000L;
    private static final Path STATUS = Path.of("/proc/self/status");

    private final OrtEnvironment environment;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final Map<Integer, OrtSession> sessions = new HashMap<>();
    private final Map<Integer, Map<String, Integer>> small = new HashMap<>();
    private final Casts casts;

    /** Bytes that the request at work may take; 0 where there is none. */
    private volatile long memory;

    private volatile long lastAnswer = System.nanoTime();
    private volatile int open;

    private EngineServer(DataInputStream in, DataOutputStream out) throws OrtException {
        this.in = in;
        this.out = out;
        this.environment = OrtEnvironment.getEnvironment();
        // it keeps no record of what it does and sends none to its makers
        environment.setTelemetry(false);
        this.casts = new Casts(environment);
    }

    /** @param arguments the folder of the asking process, its number, and where it reads the answers if not by standard output */
    public static void main(String[] arguments) throws Exception {
        var folder = Path.of(arguments[0]);
        long asker = Long.parseLong(arguments[1]);
        var answers =
                arguments.length > 2 ? new FileOutputStream(arguments[2]) : new FileOutputStream(FileDescriptor.out);
        var in = new DataInputStream(new BufferedInputStream(new FileInputStream(FileDescriptor.in), BUFFER));
        var out = new DataOutputStream(new BufferedOutputStream(answers, BUFFER));
        var server = new EngineServer(in, out);
        var watch = new Thread(() -> server.watch(folder, asker), "smalti-limits");
        watch.setDaemon(true);
        watch.start();
        try {
            server.serve();
        } catch (EOFException e) {
            // nobody asks any more: who asked may have been killed
            AtomicFiles.deleteRecursively(folder);
        } catch (IOException e) {
            if (isAskedBy(asker)) {
                throw e;
            }
            AtomicFiles.deleteRecursively(folder);
        }
        // without ONNX Runtime's shutdown hook, which frees what may be in use
        Runtime.getRuntime().halt(0);
    }

    /** Not any more where that process has ended: then this one is another's child, or nobody's. */
    private static boolean isAskedBy(long asker) {
        return ProcessHandle.current()
                .parent()
                .filter(parent -> parent.pid() == asker)
                .isPresent();
    }

    /** Ends this process when it takes too much, is asked nothing for long, or when who asked has ended, whatever runs. */
    private void watch(Path folder, long asker) {
        try {
            while (true) {
                Thread.sleep(LOOK_MILLISECONDS);
                if (!isAskedBy(asker)) {
                    try {
                        AtomicFiles.deleteRecursively(folder);
                    } finally {
                        Runtime.getRuntime().halt(0);
                    }
                }
                long most = memory;
                if (most > 0 && resident() > most) {
                    Runtime.getRuntime().halt(TOO_MUCH_MEMORY);
                } else if (most == 0 && open == 0 && System.nanoTime() - lastAnswer > IDLE_NANOS) {
                    Runtime.getRuntime().halt(IDLE);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Bytes of memory that this process holds; 0 where that is not told. */
    private static long resident() {
        try {
            for (var line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
                }
            }
        } catch (IOException e) {
            // another system than Linux
        }
        return 0;
    }

    private void serve() throws IOException {
        while (true) {
            byte request = in.readByte();
            switch (request) {
                case VERSION -> {
                    out.writeByte(DONE);
                    Items.writeText(environment.getVersion(), out);
                }
                case OPEN -> open();
                case RUN -> run();
                case CLOSE -> close();
                default -> throw new IOException("no such request: " + request);
            }
            out.flush();
            memory = 0;
            lastAnswer = System.nanoTime();
        }
    }

    private void open() throws IOException {
        memory = in.readLong();
        int id = in.readInt();
        var setup = SessionSetup.read(in);
        List<String> inputs;
        try (var options = new OrtSession.SessionOptions()) {
            if (!setup.isOnAllCores()) {
                options.setIntraOpNumThreads(1);
            }
            if (setup.isAsWritten()) {
                options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
            }
            for (var entry : setup.config().entrySet()) {
                options.addConfigEntry(entry.getKey(), entry.getValue());
            }
            // what is wrong comes as an exception; the log would tell it a second time
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            var session = environment.createSession(setup.file().toString(), options);
            sessions.put(id, session);
            small.put(id, setup.small());
            open = sessions.size();
            inputs = List.copyOf(session.getInputNames());
        } catch (OrtException e) {
            refuse(e.getMessage());
            return;
        }
        out.writeByte(DONE);
        Items.writeTexts(inputs, out);
    }

    private void run() throws IOException {
        memory = in.readLong();
        int id = in.readInt();
        var session = sessions.get(id);
        boolean isTimedOnly = in.readBoolean();
        var inputs = Items.read(in, ByteBuffer::allocateDirect);
        if (session == null) {
            throw new IOException("a session that is not open is asked for");
        }
        Map<String, Item> outputs;
        long time;
        try (var run = new EngineRun(casts, session, small.getOrDefault(id, Map.of()), inputs)) {
            time = run.nanos();
            outputs = isTimedOnly ? Map.of() : run.outputs();
        } catch (OrtException e) {
            refuse(e.getMessage());
            return;
        } catch (EngineRefusal e) {
            refuse(e.getMessage());
            return;
        }
        out.writeByte(DONE);
        out.writeLong(time);
        Items.write(outputs, out);
    }

    private void close() throws IOException {
        int id = in.readInt();
        var session = sessions.remove(id);
        small.remove(id);
        open = sessions.size();
        if (session != null) {
            try {
                session.close();
            } catch (OrtException e) {
                throw new IOException("ONNX Runtime cannot close a session", e);
            }
        }
    }

    private void refuse(@org.jspecify.annotations.Nullable String reason) throws IOException {
        out.writeByte(REFUSED);
        Items.writeText(String.valueOf(reason), out);
    }
}
