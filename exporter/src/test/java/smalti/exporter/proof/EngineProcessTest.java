package smalti.exporter.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession.Form;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.onnx.EngineFault;
import smalti.spec.onnx.OnnxFile;

/** What ends ONNX Runtime's process is an error here, and the next session is none the worse. */
final class EngineProcessTest {
    /** A TypeProto: sequence_type (4) of elem_type (1), tensor_type (1) of elem_type (1) 11 and the empty shape (2). */
    private static final ByteBuffer SEQUENCE_OF_DOUBLES =
            ByteBuffer.wrap(new byte[] {0x22, 8, 0x0A, 6, 0x0A, 4, 8, 11, 0x12, 0});

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    /** Once this fails, ONNX Runtime has mended the fault, and {@code DEQUANTIZE_BEFORE_TRANSPOSE} goes. */
    @Test
    void aTransposeThatEndsTheProcessIsAnError() throws Exception {
        var file = transpose();
        assertThatThrownBy(() -> ModelSession.openUnguarded(file, "deadly.onnx"))
                .isInstanceOf(EngineEndedException.class)
                .hasMessageStartingWith("deadly.onnx: ONNX Runtime cannot open it: it ended its process (SIGABRT)");
        try (var session = ModelSession.open(file, "guarded")) {
            assertThat(rowSums(session)).containsExactly(DeadlyModels.ROW_SUMS, within(1e-5));
        }
    }

    @Test
    void aWrittenTransposeNeedsNoGuard() throws Exception {
        var written = folder.resolve("written.onnx");
        OnnxWriter.write(OnnxReader.read(transpose()), written);
        assertThat(OnnxFile.read(written)).matches(file -> !EngineFault.DEQUANTIZE_BEFORE_TRANSPOSE.isIn(file));
        try (var session = ModelSession.openUnguarded(written, "written")) {
            assertThat(rowSums(session)).containsExactly(DeadlyModels.ROW_SUMS, within(1e-5));
        }
    }

    private static double[] rowSums(ModelSession session) {
        return numbers(session.run(Map.of("x", floats(new double[] {1, 1, 1}, 1, 3))));
    }

    private Path transpose() throws Exception {
        return Files.write(folder.resolve("deadly.onnx"), DeadlyModels.dequantizeBeforeTranspose());
    }

    /** Once this fails, ONNX Runtime has mended the fault, and {@code OPTIONAL_OUTPUT} goes. */
    @Test
    void anAbsentOutputThatEndsTheProcessIsAnError() throws Exception {
        var file = optionalOutput();
        try (var session = ModelSession.openUnguarded(file, "deadly.onnx")) {
            assertThatThrownBy(() -> session.run(Map.of("cond", flag(true))))
                    .isInstanceOf(EngineEndedException.class)
                    .hasMessageStartingWith("deadly.onnx: ONNX Runtime cannot run it: it ended its process (SIGSEGV");
        }
        assertThatThrownBy(() -> ModelSession.open(file, "guarded"))
                .isInstanceOf(ProofException.class)
                .isNotInstanceOf(EngineEndedException.class)
                .hasMessageContaining("must have no output of optional type");
    }

    /** The deadly file stands in for all models that have the one node: our writer mends what it has. */
    @Test
    void theNodeThatEndsTheProcessIsNamed() throws Exception {
        var file = transpose();
        var nodes = new ArrayList<Node>();
        for (int i = 0; i < 9; i++) {
            nodes.add(Node.of(i == 5 ? "Abs" : "Neg", List.of("v" + i), "v" + (i + 1), Map.of()));
        }
        var axes = List.of(Axis.named("N"));
        var graph = new Graph(
                "chain",
                List.of(DeadlyModels.value("v0", axes)),
                List.of(DeadlyModels.value("v9", axes)),
                Map.of(),
                nodes);
        var tried = new ArrayList<Integer>();
        Consumer<Model> trial = part -> {
            tried.add(part.graph().nodes().size());
            if (part.graph().nodes().stream().anyMatch(node -> node.op().equals("Abs"))) {
                ModelSession.openUnguarded(file, "deadly.onnx").close();
            } else {
                ModelSession.open(part, "part").close();
            }
        };
        var error =
                catchThrowableOfType(EngineEndedException.class, () -> ModelSession.openUnguarded(file, "deadly.onnx"));
        assertThat(DeadlyNode.named(error, Model.of(graph, 17, 8), trial))
                .hasMessage(error.getMessage() + "; it does so at Abs \"v6\", and not without it and what follows");
        assertThat(tried).containsExactly(9, 4, 6, 5);
    }

    @Test
    void nothingIsLeftBehind() throws Exception {
        var file = transpose();
        assertThatThrownBy(() -> ModelSession.openUnguarded(file, "deadly.onnx"))
                .isInstanceOf(EngineEndedException.class);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
        try (var files = Files.walk(EngineProcess.root())) {
            assertThat(files.map(path -> String.valueOf(path.getFileName())))
                    .noneMatch(
                            name -> name.startsWith("crash") || name.startsWith("core") || name.startsWith("model-"));
        }
    }

    @Test
    void sessionsBesideOneThatEndsTheProcessGoOn() throws Exception {
        var deadly = optionalOutput();
        try (var session = ModelSession.open(DeadlyModels.sum(), "sum");
                var other = ModelSession.openUnguarded(deadly, "deadly.onnx")) {
            assertThatThrownBy(() -> other.run(Map.of("cond", flag(true)))).isInstanceOf(EngineEndedException.class);
            assertThat(numbers(session.run(Map.of("x", floats(new double[] {1, 2}, 2)))))
                    .containsExactly(2, 4);
        }
    }

    @Test
    void threadsDoNotShareAProcess() {
        try (var session = ModelSession.open(DeadlyModels.sum(), "sum")) {
            assertThat(session.inputs()).containsExactly("x");
            var other = CompletableFuture.supplyAsync(() -> {
                try (var mine = ModelSession.open(DeadlyModels.sum(), "sum")) {
                    return numbers(mine.run(Map.of("x", floats(new double[] {3}, 1))));
                }
            });
            assertThat(other.join()).containsExactly(6);
        }
    }

    @Test
    void aRunThatDoesNotEndIsStopped() throws Exception {
        var file = file(DeadlyModels.endless());
        var limits = RunLimits.DEFAULT.withTime(Duration.ofSeconds(5));
        // the process is there already, so that the time is for the run
        try (var first = ModelSession.open(DeadlyModels.sum(), "sum");
                var session = limits.during(() -> ModelSession.open(file, "endless.onnx", Form.AS_WRITTEN))) {
            assertThat(first.inputs()).hasSize(1);
            assertThatThrownBy(() -> session.run(Map.of("x", floats(new double[] {1}, 1))))
                    .isInstanceOf(EngineEndedException.class)
                    .hasMessage("endless.onnx: ONNX Runtime cannot run it: it did not end within 5 s, and was stopped");
        }
    }

    /** The JVM's own words, of its crash too, are no answers: they would ask for gigabytes of memory. */
    @Test
    void aCrashIsTheSameErrorInASmallHeap() throws Exception {
        var asking = AskingProcess.start(optionalOutput(), "cond", ValueType.BOOL, "-Xmx128m");
        assertThat(new String(asking.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains("deadly.onnx: ONNX Runtime cannot run it: it ended its process (SIGSEGV");
        assertThat(asking.waitFor()).isZero();
    }

    @Test
    void nothingRunsOnForAProcessThatWasKilled() throws Exception {
        var asking = AskingProcess.start(file(DeadlyModels.endless()), "x", ValueType.FLOAT32);
        var told = asking.inputReader(StandardCharsets.UTF_8);
        var root = Path.of(told.readLine().substring(AskingProcess.FOLDER.length()));
        var engine = asking.children().findFirst().orElseThrow();
        asking.destroyForcibly().waitFor();
        engine.onExit().get(60, TimeUnit.SECONDS);
        assertThat(engine.isAlive()).isFalse();
        assertThat(root).doesNotExist();
    }

    @Test
    void whatEndedSinceItWasIdleLeavesNothing() throws Exception {
        assertThat(ModelSession.version()).isNotEmpty();
        var before = folders();
        for (var engine : ProcessHandle.current().children().toList()) {
            if (engine.info().arguments().stream()
                    .flatMap(Arrays::stream)
                    .anyMatch(EngineServer.class.getName()::equals)) {
                engine.destroyForcibly();
                engine.onExit().get(60, TimeUnit.SECONDS);
            }
        }
        assertThat(ModelSession.version()).isNotEmpty();
        assertThat(before).isNotEmpty();
        assertThat(folders()).doesNotContainAnyElementsOf(before);
    }

    private static List<Path> folders() throws Exception {
        try (var files = Files.list(EngineProcess.root())) {
            return files.filter(Files::isDirectory).toList();
        }
    }

    @Test
    void aRunThatTakesTooMuchMemoryIsStopped() throws Exception {
        var file = file(DeadlyModels.bomb());
        var limits = RunLimits.DEFAULT.withMemory(600L << 20);
        try (var session = limits.during(() -> ModelSession.open(file, "bomb.onnx", Form.AS_WRITTEN))) {
            assertThatThrownBy(() -> session.run(Map.of("x", floats(new double[1 << 20], 1 << 20))))
                    .isInstanceOf(EngineEndedException.class)
                    .hasMessageContaining("took more than the 0.6 GB of memory that it may, and was stopped");
        }
    }

    @Test
    void allThatGoesInComesOut() {
        var texts = new Item.Texts(List.of(2L), List.of("ä", ""));
        var graph = new Graph(
                "ends",
                List.of(
                        new Value("t", ValueType.STRING, List.of(Axis.of(2)), Value.Layout.PLAIN),
                        new Value("e", ValueType.FLOAT32, List.of(Axis.named("N")), Value.Layout.PLAIN),
                        new Value("s", ValueType.FLOAT64, List.of(), Value.Layout.PLAIN)),
                List.of(
                        new Value("u", ValueType.STRING, List.of(Axis.of(2)), Value.Layout.PLAIN),
                        new Value("f", ValueType.FLOAT32, List.of(Axis.named("N")), Value.Layout.PLAIN),
                        new Value("r", ValueType.FLOAT64, List.of(), Value.Layout.PLAIN),
                        new Value("q", new Type.Other(SEQUENCE_OF_DOUBLES.duplicate()))),
                new TreeMap<String, Constant>(),
                List.of(
                        Node.of("Identity", List.of("t"), "u", Map.of()),
                        Node.of("Identity", List.of("e"), "f", Map.of()),
                        Node.of("Identity", List.of("s"), "r", Map.of()),
                        Node.of("SequenceConstruct", List.of("s", "s"), "q", Map.of())));
        var empty = floats(new double[0], 0);
        var scalar = new Item.Array(Tensor.of(new double[] {0.1}));
        try (var session = ModelSession.open(Model.of(graph, 17, 8), "ends")) {
            assertThat(session.run(Map.of("t", texts, "e", empty, "s", scalar)))
                    .isEqualTo(Map.of(
                            "u", texts, "f", empty, "r", scalar, "q", new Item.Sequence(List.of(scalar, scalar))));
        }
    }

    /** Bit by bit: ONNX Runtime makes those that its Java API does not. */
    @ParameterizedTest
    @EnumSource(
            value = ValueType.class,
            names = {"UINT16", "UINT32", "UINT64"})
    void unsignedNumbersGoIn(ValueType type) {
        var bits = ByteBuffer.allocate(3 * type.bytes()).order(ByteOrder.nativeOrder());
        for (int i = 0; i < bits.capacity(); i++) {
            bits.put(i, (byte) (i % 3 == 0 ? 0xFE : i));
        }
        var item = new Item.Array(new Tensor(type, List.of(3L), bits));
        var three = List.of(Axis.of(3));
        var graph = new Graph(
                "unsigned",
                List.of(new Value("x", type, three, Value.Layout.PLAIN)),
                List.of(new Value("y", type, three, Value.Layout.PLAIN)),
                Map.of(),
                List.of(Node.of("Identity", List.of("x"), "y", Map.of())));
        try (var session = ModelSession.open(Model.of(graph, 17, 8), "unsigned")) {
            assertThat(session.run(Map.of("x", item))).isEqualTo(Map.of("y", item));
        }
    }

    private Path optionalOutput() throws Exception {
        return Files.write(folder.resolve("optional.onnx"), DeadlyModels.optionalOutput());
    }

    private static Item flag(boolean value) {
        return new Item.Array(Tensor.of(new double[] {value ? 1 : 0}).cast(ValueType.BOOL));
    }

    private Path file(Model model) throws Exception {
        var file = folder.resolve("deadly.onnx");
        OnnxWriter.write(model, file);
        return file;
    }

    private static Item.Array floats(double[] values, long... dims) {
        return new Item.Array(Tensor.of(values, dims).cast(ValueType.FLOAT32));
    }

    private static double[] numbers(Map<String, Item> outputs) {
        var tensor = ((Item.Array) outputs.values().iterator().next()).tensor();
        var numbers = new double[tensor.count()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = tensor.number(i);
        }
        return numbers;
    }
}
