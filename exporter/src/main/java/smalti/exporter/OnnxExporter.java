package smalti.exporter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.GraphCheck;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Value;
import smalti.exporter.lowering.Lowerings;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.onnx.SourceFiles;
import smalti.exporter.proof.GraphProver;
import smalti.exporter.proof.GraphProver.Detour;
import smalti.exporter.proof.GraphProver.Parity;
import smalti.exporter.samediff.DeadlyOpException;
import smalti.exporter.samediff.KnownFaults;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.exporter.samediff.SourceGraph;
import smalti.exporter.samediff.SourceOp;
import smalti.spec.SpecException;
import smalti.spec.bundle.Signature;
import smalti.spec.file.NpyArray;

/**
 * Any SameDiff graph as ONNX; inputs and outputs keep SameDiff's names, trainable variables become constants.
 *
 * <pre>
 *   SameDiff ──▶ OnnxExporter ──▶ model.onnx, checked, and proven against SameDiff before it is kept
 * </pre>
 */
public final class OnnxExporter {
    private OnnxExporter() {}

    /**
     * What was written.
     *
     * @param notes what a reader should know, such as an operator that is computed in another type
     * @param parity how far each output is from the source's
     */
    public record Exported(Signature signature, int nodes, List<String> notes, List<Parity> parity) {}

    /**
     * Exports a graph with given ends.
     *
     * @param signature inputs are placeholders, outputs variables; free dimensions by name. A size of an output under a
     *     name that no input has may be any
     * @throws SpecException listing every node that cannot be expressed, with its op, name and shapes
     * @throws smalti.exporter.proof.ProofException if ONNX Runtime does not do what SameDiff does; no file is kept
     */
    public static Exported export(SameDiff graph, Signature signature, Path file, ExportOptions options)
            throws IOException {
        try (var runner = SameDiffRunner.of(graph, name(file), signature, options.isolation())) {
            return write(runner, file, options);
        }
    }

    /**
     * Exports a graph whose sizes are found by running it.
     *
     * @param inputs placeholders; empty for all
     * @param outputs variables; empty for all that nothing uses
     * @throws SpecException as above
     */
    public static Exported export(
            SameDiff graph, List<String> inputs, List<String> outputs, Path file, ExportOptions options)
            throws IOException {
        try (var runner = SameDiffRunner.of(graph, name(file), inputs, outputs, options.isolation())) {
            return write(runner, file, options);
        }
    }

    /**
     * Exports a file that {@code SameDiff.save} wrote.
     *
     * @throws SpecException as above, or if it is no such file
     */
    public static Exported export(
            Path source, List<String> inputs, List<String> outputs, Path file, ExportOptions options)
            throws IOException {
        SourceFiles.spare(file, source);
        var name = String.valueOf(source.getFileName());
        var graph = SameDiffRunner.load(source, name);
        try (var runner = SameDiffRunner.of(graph, name, inputs, outputs, options.isolation())) {
            return write(runner, file, options);
        }
    }

    /**
     * Exports a graph that was made of something else, such as another library's network, and proves the file against that
     * as well.
     *
     * @param inputs placeholders; empty for all
     * @param outputs variables; empty for all that nothing uses
     * @param engine the name of what it was made of, for errors
     * @param original takes and gives arrays by the graph's names; the parity returned is with it
     * @throws SpecException as above
     * @throws smalti.exporter.proof.ProofException if ONNX Runtime does not do what both do; no file is kept
     */
    public static Exported export(
            SameDiff graph,
            List<String> inputs,
            List<String> outputs,
            String engine,
            UnaryOperator<Map<String, NpyArray>> original,
            Path file,
            ExportOptions options)
            throws IOException {
        var source = SameDiffRunner.of(graph, name(file), inputs, outputs);
        return write(source, new Original(engine, original), file, options);
    }

    private record Original(String engine, UnaryOperator<Map<String, NpyArray>> run) {}

    private static Exported write(SameDiffRunner source, Path file, ExportOptions options) throws IOException {
        return write(source, null, file, options);
    }

    private static Exported write(SameDiffRunner source, @Nullable Original original, Path file, ExportOptions options)
            throws IOException {
        options.progress().accept("reading the graph");
        var graph = source.source();
        var lowered = Lowerings.lower(graph, Value::of, options.opset());
        var problems = GraphCheck.problems(lowered.graph(), options.opset());
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        var written = new ArrayList<Exported>();
        var model = new OnnxWriter(options.opset(), SmaltiVersion.THIS).model(lowered.graph(), new TreeMap<>());
        OnnxWriter.write(model, file, options.externalDataAbove(), temporary -> {
            options.progress().accept("proving it in ONNX Runtime");
            var notes = new ArrayList<>(lowered.notes());
            var parity = parity(source, graph, model, temporary, options, notes);
            if (original != null) {
                parity = GraphProver.prove(
                        source.signature(), original.engine(), original.run(), graph, temporary, options.seed());
            }
            written.add(new Exported(source.signature(), lowered.graph().nodes().size(), notes, parity));
        });
        return written.get(0);
    }

    /** Proves the file, around the operations that are random, or that SameDiff computes wrongly or not at all. */
    private static List<Parity> parity(
            SameDiffRunner source, SourceGraph graph, Model model, Path file, ExportOptions options, List<String> notes)
            throws IOException {
        var faults = new LinkedHashMap<SourceOp, String>();
        KnownFaults.of(graph).forEach((op, how) -> faults.put(op, "does not do what it documents (" + how + ")"));
        var random = KnownFaults.random(graph);
        while (true) {
            try {
                var around = new LinkedHashSet<>(faults.keySet());
                around.addAll(random);
                var detour = detour(model, graph, around, random, file, options);
                var parity = GraphProver.prove(source, graph, file, detour, options.seed());
                faults.forEach((op, how) -> notes.add("op \"" + op.op() + "\" at node " + op.name() + ": SameDiff "
                        + how + "; written as documented, and not compared with SameDiff, but all around it is"));
                random.forEach(op -> notes.add("op \"" + op.op() + "\" at node " + op.name() + ": random: it is held to"
                        + " its distribution by tests, and its numbers are not compared with SameDiff's, but all"
                        + " around it is"));
                KnownFaults.notRun(graph)
                        .forEach((op, why) -> notes.add("op \"" + op.op() + "\" at node " + op.name()
                                + ": SameDiff's kernel " + why + "; compared with what it documents"));
                return parity;
            } catch (DeadlyOpException e) {
                var deadly = graph.ops().stream()
                        .filter(op -> op.name().equals(e.node()) && !faults.containsKey(op) && !random.contains(op))
                        .findFirst()
                        .orElseThrow(() -> e);
                faults.put(deadly, e.how());
            }
        }
    }

    /** The same model with the values of some operations, and what goes into them, as outputs. */
    private static Optional<Detour> detour(
            Model model,
            SourceGraph source,
            Set<SourceOp> around,
            Set<SourceOp> random,
            Path file,
            ExportOptions options)
            throws IOException {
        if (around.isEmpty()) {
            return Optional.empty();
        }
        var given = new LinkedHashSet<String>();
        around.forEach(op -> given.addAll(op.outputs()));
        var made = new LinkedHashSet<String>();
        source.ops().forEach(op -> made.addAll(op.outputs()));
        var watched = new LinkedHashSet<String>();
        around.forEach(op -> watched.addAll(op.inputs()));
        watched.retainAll(made);
        watched.removeAll(given);
        var drawn = new LinkedHashSet<String>();
        for (var op : source.ops()) { // each comes after what feeds it
            if (random.contains(op) || op.inputs().stream().anyMatch(drawn::contains)) {
                drawn.addAll(op.outputs());
            }
        }
        var outputs = new ArrayList<>(model.graph().outputs());
        var names = new LinkedHashSet<>(given);
        names.addAll(watched);
        outputs.forEach(output -> names.remove(output.name()));
        for (var name : names) {
            var value = source.values().get(name);
            if (value == null) {
                throw new IllegalStateException("no value " + name);
            }
            var axes = Collections.nCopies(value.rank(), Axis.UNKNOWN);
            outputs.add(new Value(name, value.type(), axes, Value.Layout.PLAIN));
        }
        var graph = model.graph();
        var wider = new Graph(graph.name(), graph.inputs(), outputs, graph.initializers(), graph.nodes());
        var beside = file.resolveSibling("watched.onnx");
        OnnxWriter.write(model.with(wider), beside, options.externalDataAbove(), unseen -> {});
        return Optional.of(new Detour(beside, List.copyOf(given), List.copyOf(watched), drawn));
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }
}
