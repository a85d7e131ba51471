package smalti.exporter.proof;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SmaltiException;
import smalti.spec.file.AtomicFiles;

/**
 * ONNX Runtime in a JVM of its own, as some files end the process that opens or runs them.
 *
 * <pre>
 *   ModelSession ──▶ EngineProcess ──standard input──▶ EngineServer ──▶ ONNX Runtime
 *                          ◀───────────a pipe──────────────┘
 * </pre>
 *
 * <p>It stays for the sessions that come later, until it was idle for a while. One thread has one, so that none waits
 * for another.
 */
final class EngineProcess {
    private static final System.Logger LOG = System.getLogger(EngineProcess.class.getName());
    private static final int BUFFER = 1 << 16;
    private static final int SECONDS_TO_END = 10;
    private static final Pattern SIGNAL = Pattern.compile("^#\\s+(SIG[A-Z]+)");
    private static final Pattern FRAME = Pattern.compile("^# C\\s+\\[([^+\\]]+)");

    /** Unix's own: an exit value of 128 and the signal. */
    private static final Map<Integer, String> SIGNALS = Map.of(
            128 + 4, "SIGILL", 128 + 6, "SIGABRT", 128 + 7, "SIGBUS", 128 + 8, "SIGFPE", 128 + 9, "SIGKILL", 128 + 11,
            "SIGSEGV", 128 + 15, "SIGTERM");

    private static final ScheduledExecutorService TIMER = Executors.newSingleThreadScheduledExecutor(task -> {
        var thread = new Thread(task, "smalti-proof-timeout");
        thread.setDaemon(true);
        return thread;
    });

    private static final List<EngineProcess> RUNNING = new ArrayList<>();
    private static @Nullable Path root;

    private final Path folder;
    private final Process process;
    private final DataOutputStream out;
    private final DataInputStream in;
    private @Nullable Thread owner;
    private int openSessions;
    private int lastSession;
    private volatile @Nullable String stopped;

    private EngineProcess(Path folder, Process process) {
        this.folder = folder;
        this.process = process;
        this.out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream(), BUFFER));
        this.in = new DataInputStream(new BufferedInputStream(process.getInputStream(), BUFFER));
    }

    /** This thread's, or one that nobody uses, or a fresh one. It counts as used until {@link #release}. */
    static synchronized EngineProcess acquire() {
        // one that ended while sessions were open has still to say how
        RUNNING.removeIf(running -> running.openSessions == 0 && running.isGone());
        var mine = Thread.currentThread();
        var chosen = RUNNING.stream()
                .filter(running -> running.owner == mine && running.isAlive())
                .findFirst()
                .or(() -> RUNNING.stream()
                        .filter(running -> running.openSessions == 0)
                        .findFirst())
                .orElseGet(EngineProcess::start);
        chosen.owner = mine;
        chosen.openSessions++;
        return chosen;
    }

    /** One session less uses it. */
    void release() {
        synchronized (EngineProcess.class) {
            openSessions--;
            owner = openSessions == 0 ? null : owner;
        }
    }

    /** Starts one, if there is none that nobody uses, and does not wait for it. */
    static void prepare() {
        acquire().release();
    }

    /** A folder for files of this JVM; it goes with it. */
    static synchronized Path root() {
        if (root == null) {
            try {
                root = Files.createTempDirectory("smalti-onnxruntime-");
                // its class has a shutdown hook of its own, and must be there before ours runs
                AtomicFiles.abandonToo(root);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(EngineProcess::endAll, "smalti-onnxruntime"));
        }
        return root;
    }

    private static synchronized void endAll() {
        RUNNING.forEach(EngineProcess::end);
        if (root != null) {
            delete(root);
        }
    }

    private static EngineProcess start() {
        try {
            var folder = Files.createTempDirectory(root(), "process-");
            var started = new EngineProcess(folder, launch(folder));
            RUNNING.add(started);
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Process launch(Path folder) throws IOException {
        var line = new ArrayList<String>();
        if (File.separatorChar == '/') {
            // abort() writes a core dump whatever the JVM is told; answers have a pipe of their own, as the JVM and
            // libraries write to the standard output what they like
            line.addAll(List.of("/bin/sh", "-c", "ulimit -c 0; exec \"$@\" 3>&1 1>&2", "sh"));
        }
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        long heap = Runtime.getRuntime().maxMemory();
        line.addAll(List.of(
                "-Xmx" + heap,
                "-XX:MaxDirectMemorySize=" + heap,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-Xshare:auto",
                // Ctrl-C is for the one who asks, who then ends this one
                "-Xrs",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:+DisplayVMOutputToStderr",
                "-XX:ErrorFile=" + folder.resolve("crash.txt"),
                "-Djava.io.tmpdir=" + folder));
        if (Runtime.version().feature() >= 24) {
            line.add("--enable-native-access=ALL-UNNAMED");
        }
        var natives = System.getProperty("onnxruntime.native.path");
        if (natives != null) {
            line.add("-Donnxruntime.native.path=" + natives);
        }
        line.add(EngineServer.class.getName());
        line.add(root().toString());
        line.add(String.valueOf(ProcessHandle.current().pid()));
        if (File.separatorChar == '/') {
            line.add("/dev/fd/3");
        }
        var builder = new ProcessBuilder(line)
                .directory(folder.toFile())
                .redirectError(folder.resolve("error.txt").toFile());
        // by the environment: ONNX Runtime crashes where the command line is longer than about 4,000 bytes
        builder.environment().put("CLASSPATH", classPath());
        builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
        return builder.start();
    }

    /** The few jars that are needed, wherever the class loaders of this JVM have them from. */
    private static String classPath() {
        var entries = new ArrayList<String>();
        for (var needed : List.of(
                EngineServer.class, SmaltiException.class, ai.onnxruntime.OrtEnvironment.class, Nullable.class)) {
            var source = needed.getProtectionDomain().getCodeSource();
            if (source == null || !source.getLocation().getProtocol().equals("file")) {
                // an archive within an archive, say: the JVM's own path is the best guess
                return absolute(System.getProperty("java.class.path"));
            }
            try {
                entries.add(Path.of(source.getLocation().toURI()).toString());
            } catch (URISyntaxException e) {
                throw new IllegalStateException(needed + " was read from no proper address", e);
            }
        }
        return String.join(File.pathSeparator, entries);
    }

    private static String absolute(String path) {
        return String.join(
                File.pathSeparator,
                Arrays.stream(path.split(File.pathSeparator))
                        .map(entry -> Path.of(entry).toAbsolutePath().toString())
                        .toList());
    }

    boolean isAlive() {
        return stopped == null && process.isAlive();
    }

    /** Whether it has ended; then nothing of it is left. */
    private boolean isGone() {
        if (isAlive()) {
            return false;
        }
        end();
        return true;
    }

    private interface Writer {
        void write(DataOutputStream out) throws IOException;
    }

    private interface Reader<T> {
        T read(DataInputStream in) throws IOException;
    }

    private synchronized <T> T ask(RunLimits limits, Writer request, Reader<T> answer) throws EngineRefusal, EngineEnd {
        var timer = TIMER.schedule(
                () -> stop(String.format(
                        Locale.ROOT,
                        "it did not end within %s s, and was stopped",
                        number(limits.time().toMillis() / 1000.0))),
                limits.time().toMillis(),
                TimeUnit.MILLISECONDS);
        try {
            request.write(out);
            out.flush();
            byte kind = in.readByte();
            if (kind == EngineServer.REFUSED) {
                throw new EngineRefusal(Items.readText(in));
            } else if (kind != EngineServer.DONE) {
                throw new IOException("no such answer: " + kind);
            }
            return answer.read(in);
        } catch (IOException e) {
            // the stream is cut, or is none of answers: it has ended, or is about to
            throw ended(limits);
        } catch (OutOfMemoryError e) {
            // the rest of the answer would be taken for the next
            end();
            throw e;
        } finally {
            timer.cancel(false);
        }
    }

    static String number(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }

    /** What a session takes, and the number that it goes by. */
    record Opened(int session, List<String> inputs) {
        Opened {
            inputs = List.copyOf(inputs);
        }
    }

    Opened open(SessionSetup setup, RunLimits limits) throws EngineRefusal, EngineEnd {
        int session = ++lastSession;
        return ask(
                limits,
                request -> {
                    request.writeByte(EngineServer.OPEN);
                    request.writeLong(limits.memory());
                    request.writeInt(session);
                    setup.write(request);
                },
                answer -> new Opened(session, Items.readTexts(answer)));
    }

    /** @param nanos that ONNX Runtime took */
    record Ran(Map<String, Item> outputs, long nanos) {}

    /** @param isTimedOnly whether the outputs stay where they are */
    Ran run(int session, Map<String, Item> inputs, boolean isTimedOnly, RunLimits limits)
            throws EngineRefusal, EngineEnd {
        return ask(
                limits,
                request -> {
                    request.writeByte(EngineServer.RUN);
                    request.writeLong(limits.memory());
                    request.writeInt(session);
                    request.writeBoolean(isTimedOnly);
                    Items.write(inputs, request);
                },
                answer -> {
                    long nanos = answer.readLong();
                    return new Ran(Items.read(answer, ByteBuffer::allocate), nanos);
                });
    }

    synchronized void close(int session) {
        try {
            out.writeByte(EngineServer.CLOSE);
            out.writeInt(session);
            out.flush();
        } catch (IOException e) {
            // it has ended, and the session with it
            end();
        }
    }

    /** The version of ONNX Runtime. */
    String version() throws EngineRefusal, EngineEnd {
        return ask(RunLimits.DEFAULT, request -> request.writeByte(EngineServer.VERSION), Items::readText);
    }

    private void stop(String why) {
        stopped = why;
        process.destroyForcibly();
    }

    private EngineEnd ended(RunLimits limits) {
        try {
            if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
                stopped = "its answer could not be read, and it was stopped";
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        boolean isCrash = stopped == null && process.exitValue() != EngineServer.TOO_MUCH_MEMORY;
        var how = how(limits);
        end();
        return new EngineEnd(how, isCrash);
    }

    private String how(RunLimits limits) {
        var why = stopped;
        if (why != null) {
            return why;
        }
        int value = process.exitValue();
        if (value == EngineServer.TOO_MUCH_MEMORY) {
            return String.format(
                    Locale.ROOT,
                    "it took more than the %.1f GB of memory that it may, and was stopped",
                    limits.memory() / 1e9);
        }
        var crash = lines("crash.txt");
        var signal = first(crash, SIGNAL, SIGNALS.getOrDefault(value, "exit value " + value));
        var place = first(crash, FRAME, "");
        var said = lines("error.txt").stream()
                .map(String::strip)
                // not the lines of a stack
                .filter(line -> !line.isEmpty() && !line.matches("(#|\\[|at |\\.\\.\\. ).*"))
                .reduce((one, last) -> last)
                .orElse("");
        return "it ended its process (" + signal + (place.isEmpty() ? "" : " in " + place) + ")"
                + (said.isEmpty() ? "" : ": " + said);
    }

    private static String first(List<String> lines, Pattern pattern, String otherwise) {
        return lines.stream()
                .map(pattern::matcher)
                .filter(java.util.regex.Matcher::find)
                .map(found -> found.group(1))
                .findFirst()
                .orElse(otherwise);
    }

    private List<String> lines(String name) {
        var file = folder.resolve(name);
        try {
            return Files.exists(file) ? Files.readAllLines(file, StandardCharsets.ISO_8859_1) : List.of();
        } catch (IOException e) {
            // then the message goes without
            return List.of();
        }
    }

    /** Whether it ended since nobody asked it anything for long. */
    boolean endedIdle() {
        return !process.isAlive() && process.exitValue() == EngineServer.IDLE;
    }

    private void end() {
        if (stopped == null) {
            stopped = "it has ended";
        }
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        delete(folder);
    }

    private static void delete(Path folder) {
        try {
            AtomicFiles.deleteRecursively(folder);
        } catch (IOException e) {
            // it must not take the place of what is told, nor keep the next from its end
            LOG.log(System.Logger.Level.WARNING, folder + " is left behind", e);
        }
    }
}
