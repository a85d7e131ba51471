package smalti.exporter.samediff;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.spec.SpecException;
import smalti.spec.file.AtomicFiles;

/**
 * Runs a graph in a JVM of its own: some operations end the process that runs them.
 *
 * <pre>
 *   graph.fb, request-1 ──▶ java … OwnProcess FOLDER ──▶ answer-1 | refusal-1, and always "at": the op at work
 *            "1\\n" by standard input ──▶
 * </pre>
 */
final class OwnProcess implements Engine {
    private static final String GRAPH = "graph.fb";
    private static final String AT = "at";
    private static final String OUTPUT = "output.txt";
    private static final long PAUSE_MILLISECONDS = 5;

    private final String name;
    private final Duration timeout;
    private final Path folder;
    private @Nullable Process process;
    private int requests;

    OwnProcess(SameDiff graph, String name, Duration timeout) {
        this.name = name;
        this.timeout = timeout;
        var brains = graph.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.CONSTANT
                        || variable.getVariableType() == VariableType.VARIABLE)
                .filter(variable -> variable.dataType() == DataType.BFLOAT16)
                .map(variable -> variable.name())
                .toList();
        if (!brains.isEmpty()) {
            throw new SpecException(name + ": bfloat16 arrays cannot be given to a JVM of its own, as SameDiff's files"
                    + " lose them, got " + brains);
        }
        try {
            this.folder = AtomicFiles.temporaryFolder("smalti-isolated-");
            graph.save(folder.resolve(GRAPH).toFile(), false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Map<String, INDArray> run(Map<String, INDArray> inputs, Collection<String> wanted) {
        try {
            int request = ++requests;
            try (var out = new DataOutputStream(Files.newOutputStream(folder.resolve("request-" + request)))) {
                write(inputs, out);
                out.writeInt(wanted.size());
                for (var variable : wanted) {
                    out.writeUTF(variable);
                }
            }
            return answer(request);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, INDArray> answer(int request) throws IOException {
        var running = process == null || !process.isAlive() ? start() : process;
        long begun = System.nanoTime();
        try {
            Writer requests = running.outputWriter(StandardCharsets.UTF_8);
            requests.write(request + "\n");
            requests.flush();
        } catch (IOException e) {
            // it has ended: told below
        }
        var answer = folder.resolve("answer-" + request);
        var refusal = folder.resolve("refusal-" + request);
        while (true) {
            boolean ended = ended(running);
            if (Files.exists(answer)) {
                try (var in = new DataInputStream(Files.newInputStream(answer))) {
                    return read(in);
                } finally {
                    Files.delete(answer);
                }
            } else if (Files.exists(refusal)) {
                throw new IllegalStateException(Files.readString(refusal));
            } else if (ended) {
                throw died("ended the JVM that ran it (exit value " + running.exitValue() + ")");
            } else if (System.nanoTime() - begun > timeout.toNanos()) {
                close(running);
                throw died("did not end within " + timeout.toMillis() / 1000.0 + " s, and was ended with its JVM");
            }
        }
    }

    private static boolean ended(Process running) {
        try {
            return running.waitFor(PAUSE_MILLISECONDS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close(running);
            return true;
        }
    }

    private RuntimeException died(String how) throws IOException {
        var at = folder.resolve(AT);
        if (!Files.exists(at)) {
            var lines = Files.exists(folder.resolve(OUTPUT))
                    ? Files.readString(folder.resolve(OUTPUT), StandardCharsets.ISO_8859_1)
                    : "";
            return new SpecException(name + ": SameDiff cannot be run in a JVM of its own; what runs there " + how
                    + ": " + lines.strip().lines().reduce((one, last) -> last).orElse("no output"));
        }
        var parts = Files.readString(at).split("\n", 2);
        Files.delete(at);
        return new DeadlyOpException(name, parts[0], parts[1], how);
    }

    private Process start() throws IOException {
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.add("-Xmx" + Runtime.getRuntime().maxMemory());
        line.add("-XX:-CreateCoredumpOnCrash");
        line.add("-XX:ErrorFile=" + folder.resolve("crash.txt"));
        for (var limit : List.of("org.bytedeco.javacpp.maxbytes", "org.bytedeco.javacpp.maxphysicalbytes")) {
            if (System.getProperty(limit) != null) {
                line.add("-D" + limit + "=" + System.getProperty(limit));
            }
        }
        line.add(OwnProcess.class.getName());
        line.add(folder.toString());
        var builder = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(OUTPUT).toFile());
        // by the environment: native libraries crash where the command line is longer than about 4,000 bytes
        builder.environment()
                .put(
                        "CLASSPATH",
                        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                                .collect(Collectors.joining(File.pathSeparator)));
        var started = builder.start();
        process = started;
        return started;
    }

    private static void close(Process running) {
        running.destroyForcibly();
        try {
            running.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        if (process != null) {
            close(process);
        }
        try {
            AtomicFiles.discard(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Map<String, INDArray> arrays, DataOutputStream out) throws IOException {
        out.writeInt(arrays.size());
        for (var entry : arrays.entrySet()) {
            var tensor = PlainArrays.tensor(entry.getValue(), entry.getKey());
            out.writeUTF(entry.getKey());
            out.writeUTF(tensor.type().name());
            out.writeInt(tensor.rank());
            for (long size : tensor.dims()) {
                out.writeLong(size);
            }
            var bytes = new byte[tensor.data().remaining()];
            tensor.data().duplicate().get(bytes);
            out.writeInt(bytes.length);
            out.write(bytes);
        }
    }

    private static Map<String, INDArray> read(DataInputStream in) throws IOException {
        int count = in.readInt();
        var arrays = new LinkedHashMap<String, INDArray>();
        for (int i = 0; i < count; i++) {
            var variable = in.readUTF();
            var type = ValueType.valueOf(in.readUTF());
            var dims = new ArrayList<Long>();
            int rank = in.readInt();
            for (int axis = 0; axis < rank; axis++) {
                dims.add(in.readLong());
            }
            var bytes = new byte[in.readInt()];
            in.readFully(bytes);
            arrays.put(variable, PlainArrays.array(new Tensor(type, dims, ByteBuffer.wrap(bytes))));
        }
        return arrays;
    }

    /** The other JVM: runs what it is asked until nobody asks any more. */
    public static void main(String[] arguments) throws Exception {
        var folder = Path.of(arguments[0]);
        var graph = SameDiff.load(folder.resolve(GRAPH).toFile(), false);
        SavedOps.read(folder.resolve(GRAPH)).mend(graph);
        graph.setListeners(new Watch(folder.resolve(AT)));
        var engine = new Engine.Here(graph);
        var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var request = requests.readLine(); request != null; request = requests.readLine()) {
            serve(engine, folder, request);
        }
        System.exit(0);
    }

    private static void serve(Engine engine, Path folder, String request) throws IOException {
        var unfinished = folder.resolve("unfinished");
        try (var in = new DataInputStream(Files.newInputStream(folder.resolve("request-" + request)))) {
            var inputs = read(in);
            var wanted = new ArrayList<String>();
            int count = in.readInt();
            for (int i = 0; i < count; i++) {
                wanted.add(in.readUTF());
            }
            var made = new HashMap<>(engine.run(inputs, wanted));
            made.keySet().retainAll(wanted);
            try (var out = new DataOutputStream(Files.newOutputStream(unfinished))) {
                write(made, out);
            }
            Files.deleteIfExists(folder.resolve(AT));
            Files.move(unfinished, folder.resolve("answer-" + request), StandardCopyOption.ATOMIC_MOVE);
        } catch (RuntimeException e) {
            Files.writeString(unfinished, String.valueOf(e));
            Files.deleteIfExists(folder.resolve(AT));
            Files.move(unfinished, folder.resolve("refusal-" + request), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Writes down each operation before it runs. */
    private static final class Watch extends BaseListener {
        private final Path at;

        Watch(Path at) {
            this.at = at;
        }

        @Override
        public boolean isActive(Operation operation) {
            return true;
        }

        @Override
        public void preOpExecution(SameDiff graph, At when, SameDiffOp op, OpContext context) {
            try {
                Files.writeString(at, op.getOp().opName() + "\n" + op.getName());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
