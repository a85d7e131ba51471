package smalti.exporter.samediff;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.SpecException;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;

/** A SameDiff file, opened to be read and run. */
public final class SameDiffRunner implements AutoCloseable {
    private final SameDiff graph;
    private final Engine engine;
    private final String name;
    private final Signature signature;
    private final boolean lenient;

    private SameDiffRunner(SameDiff graph, Engine engine, String name, Signature signature, boolean lenient) {
        this.engine = engine;
        this.lenient = lenient;
        this.graph = graph;
        this.name = name;
        this.signature = signature;
    }

    /**
     * Opens a file that {@code SameDiff.save} wrote.
     *
     * @param name of the graph, for errors
     * @throws SpecException if it is no such file
     */
    public static SameDiffRunner open(Path file, String name, Signature signature) {
        var graph = load(file, name);
        return new SameDiffRunner(graph, here(graph, name), name, signature, false);
    }

    /**
     * Opens a file of any SameDiff graph; trainable variables are taken as constants.
     *
     * @throws SpecException if it is no such file, or SameDiff reads another graph from it than was saved
     */
    public static SameDiff load(Path file, String name) {
        SameDiff graph;
        try {
            graph = SameDiff.load(file.toFile(), false);
        } catch (Exception e) { // the reader throws checked exceptions that it does not declare
            throw new SpecException(unread(file, e), e);
        }
        try {
            var saved = SavedOps.read(file);
            saved.mend(graph);
            var changed = saved.changed(graph);
            if (!changed.isEmpty()) {
                throw new SpecException(
                        changed.stream().map(problem -> file + ": " + problem).toList());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return whole(graph, file, name);
    }

    /** The operations at which SameDiff's reader fails, or that it is no such file. */
    private static List<String> unread(Path file, Exception failure) {
        var none = List.of(file + ": must be a SameDiff file, and is not one, or not whole");
        try {
            var problems = SavedOps.read(file).unread(failure).stream()
                    .map(problem -> file + ": " + problem)
                    .toList();
            return problems.isEmpty() ? none : problems;
        } catch (IOException | RuntimeException e) {
            return none; // the bytes make no sense
        }
    }

    /** SameDiff's reader swaps the bytes of bfloat16 numbers: what it read is not what was saved. */
    private static SameDiff whole(SameDiff graph, Path file, String name) {
        DeadlyOps.refuse(graph, name);
        var swapped = graph.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.CONSTANT
                        || variable.getVariableType() == VariableType.VARIABLE)
                .filter(variable -> variable.dataType() == DataType.BFLOAT16)
                .map(SDVariable::name)
                .toList();
        if (!swapped.isEmpty()) {
            throw new SpecException(
                    name + ": " + file + " must hold no bfloat16 arrays, which SameDiff reads wrongly from"
                            + " files, got " + swapped + "; save them as float, or export the graph from memory");
        }
        return graph;
    }

    /** A graph that is in memory; trainable variables are taken as constants. */
    public static SameDiffRunner of(SameDiff graph, String name, Signature signature) {
        DeadlyOps.refuse(graph, name);
        return new SameDiffRunner(graph, here(graph, name), name, signature, true);
    }

    /** The same, run in a JVM of its own where that is asked for; to be closed. */
    public static SameDiffRunner of(SameDiff graph, String name, Signature signature, Isolation isolation) {
        DeadlyOps.refuse(graph, name);
        return new SameDiffRunner(graph, engine(graph, name, isolation), name, signature, true);
    }

    private static Engine engine(SameDiff graph, String name, Isolation isolation) {
        return isolation.always() || DeadlyOps.endangers(graph)
                ? StandIns.around(graph, name, new OwnProcess(graph, name, isolation.timeout()))
                : here(graph, name);
    }

    private static Engine here(SameDiff graph, String name) {
        return StandIns.around(graph, name, new Engine.Here(graph));
    }

    /**
     * A graph that is in memory, with the signature that {@link SignatureInference} finds.
     *
     * @param inputs placeholders, or none for all
     * @param outputs variables, or none for all that nothing uses
     */
    public static SameDiffRunner of(SameDiff graph, String name, List<String> inputs, List<String> outputs) {
        DeadlyOps.refuse(graph, name);
        var engine = here(graph, name);
        var signature = new SignatureInference(graph, engine, name, inputs, outputs).infer();
        return new SameDiffRunner(graph, engine, name, signature, true);
    }

    /** The same, run in a JVM of its own where that is asked for; to be closed. */
    public static SameDiffRunner of(
            SameDiff graph, String name, List<String> inputs, List<String> outputs, Isolation isolation) {
        DeadlyOps.refuse(graph, name);
        var engine = engine(graph, name, isolation);
        try {
            var signature = new SignatureInference(graph, engine, name, inputs, outputs).infer();
            return new SameDiffRunner(graph, engine, name, signature, true);
        } catch (RuntimeException e) {
            engine.close();
            throw e instanceof DeadlyOpException deadly ? deadly.refusal() : e;
        }
    }

    /**
     * A graph that is in memory, with inputs of given shapes.
     *
     * @param outputs variables, or none for all that nothing uses
     */
    public static SameDiffRunner of(
            SameDiff graph, String name, Map<String, List<Dimension>> inputs, List<String> outputs) {
        var engine = here(graph, name);
        return of(
                graph,
                name,
                new SignatureInference(graph, engine, name, List.copyOf(inputs.keySet()), outputs).infer(inputs));
    }

    /** What goes in and what comes out. */
    public Signature signature() {
        return signature;
    }

    /**
     * The graph in plain records.
     *
     * @throws SpecException if the graph is not what the signature says, or is no inference graph
     */
    public SourceGraph source() {
        try {
            return new SourceReader(graph, name, signature, lenient, this::run).read();
        } catch (DeadlyOpException e) {
            throw e.refusal();
        }
    }

    /** Whether it runs in a JVM of its own. */
    public boolean isIsolated() {
        return StandIns.process(engine) != null;
    }

    /** Ends the JVM of its own, if there is one. */
    @Override
    public void close() {
        engine.close();
    }

    /**
     * Runs the graph.
     *
     * @return the signature's outputs by name
     */
    public Map<String, NpyArray> run(Map<String, NpyArray> inputs) {
        return run(
                inputs,
                Map.of(),
                signature.outputs().stream().map(TensorSpec::name).toList());
    }

    /**
     * Runs the graph with some of its variables given, whatever makes them.
     *
     * @return the wanted variables by name
     * @throws DeadlyOpException if it runs in a JVM of its own, which an operation ended
     */
    public Map<String, NpyArray> run(
            Map<String, NpyArray> inputs, Map<String, NpyArray> given, Collection<String> wanted) {
        var arrays = new HashMap<String, INDArray>();
        inputs.forEach((input, array) -> arrays.put(input, PlainArrays.array(array)));
        given.forEach((variable, array) -> arrays.put(variable, PlainArrays.array(array)));
        var outputs = new LinkedHashMap<String, NpyArray>();
        run(arrays, wanted).forEach((output, array) -> outputs.put(output, PlainArrays.plain(array, output)));
        return outputs;
    }

    private Map<String, INDArray> run(Map<String, INDArray> inputs, Collection<String> outputs) {
        try {
            return engine.run(inputs, outputs);
        } catch (DeadlyOpException | SpecException e) {
            throw e;
        } catch (RuntimeException e) {
            var shapes = new LinkedHashMap<String, String>();
            inputs.forEach((input, array) -> shapes.put(input, Arrays.toString(array.shape())));
            throw new SpecException(name + ": SameDiff cannot run it on " + shapes + ": " + e, e);
        }
    }
}
