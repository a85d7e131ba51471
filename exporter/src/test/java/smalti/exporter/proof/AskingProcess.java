package smalti.exporter.proof;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession.Item;

/** A JVM that asks ONNX Runtime's process, for a test that ends it, or that gives it little memory. */
final class AskingProcess {
    /** What it prints before it runs. */
    static final String FOLDER = "folder ";

    private AskingProcess() {}

    /**
     * Starts one.
     *
     * @param file of an ONNX model of one input, of float32 or bool and any sizes
     * @param options of its JVM
     */
    static Process start(Path file, String input, ValueType type, String... options) throws IOException {
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(List.of(options));
        line.addAll(List.of(AskingProcess.class.getName(), file.toString(), input, type.name()));
        var builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment()
                .put(
                        "CLASSPATH",
                        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                                .collect(Collectors.joining(File.pathSeparator)));
        return builder.start();
    }

    public static void main(String[] arguments) {
        var type = ValueType.valueOf(arguments[2]);
        var one = Tensor.of(new double[] {1}, type == ValueType.BOOL ? new long[0] : new long[] {1});
        try (var session = ModelSession.openUnguarded(Path.of(arguments[0]), "deadly.onnx")) {
            System.out.println(FOLDER + EngineProcess.root());
            System.out.println(session.run(Map.of(arguments[1], new Item.Array(one.cast(type)))));
        } catch (ProofException e) {
            System.out.println(e.getMessage());
        }
    }
}
