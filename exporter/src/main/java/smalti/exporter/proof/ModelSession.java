package smalti.exporter.proof;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.spec.SpecException;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.IoReason;
import smalti.spec.file.NpyArray;
import smalti.spec.onnx.EngineGuard;
import smalti.spec.onnx.EngineText;
import smalti.spec.onnx.OnnxFile;
import smalti.spec.onnx.OnnxType;

/**
 * Any ONNX model, opened in ONNX Runtime on one core, so that the same inputs give the same bits everywhere. It runs in
 * a process of its own: what ends that process is an error here.
 */
public final class ModelSession implements AutoCloseable {
    /** Names the file for the moment. */
    private static final Pattern LOADED_FROM = Pattern.compile("Load model from .*? failed:\\s*");

    private final SessionSetup setup;
    private final String name;
    private final RunLimits limits;
    private final @Nullable Path own;
    private final Map<String, OnnxType.OfTensor> small;
    private EngineProcess process;
    private EngineProcess.Opened opened;

    /** @param own a folder of this session, which goes with it */
    private ModelSession(SessionSetup setup, String name, @Nullable Path own, Map<String, OnnxType.OfTensor> small) {
        this.setup = setup;
        this.name = name;
        this.limits = RunLimits.inForce();
        this.own = own;
        this.small = small;
        this.process = EngineProcess.acquire();
        try {
            this.opened = opened();
        } catch (ProofException e) {
            process.release();
            throw e;
        }
    }

    /** What goes into a graph or comes out. */
    public sealed interface Item {
        /** Numbers. */
        record Array(Tensor tensor) implements Item {}

        /** A tensor of strings. */
        record Texts(List<Long> dims, List<String> texts) implements Item {}

        /** Tensors or maps one after another; comes out alone, as ONNX Runtime's Java API can feed none. */
        record Sequence(List<Item> items) implements Item {}

        /** A map as text, sorted; comes out alone. */
        record Entries(String text) implements Item {}
    }

    /** Which of ONNX Runtime's optimizations are done. */
    public enum Form {
        /** All that no {@link smalti.spec.onnx.EngineFault} speaks against. */
        FUSED,

        /** None: the nodes run one by one. */
        AS_WRITTEN
    }

    /**
     * Opens a file, and what belongs to it in its folder.
     *
     * @param name in errors
     * @throws ProofException if ONNX Runtime refuses it
     * @throws EngineEndedException if it ends ONNX Runtime's process, or takes more than the limits
     */
    public static ModelSession open(Path file, String name, Form form) {
        return guarded(file, name, form == Form.AS_WRITTEN, false, null);
    }

    /** As above, of a model that is in no file; its large constants are written beside it, as a file of its own would have them. */
    public static ModelSession open(Model model, String name, Form form) {
        try {
            var folder = Files.createTempDirectory(EngineProcess.root(), "model-");
            var file = folder.resolve("model.onnx");
            try {
                OnnxWriter.writeTemporary(model, file);
                return guarded(file, name, form == Form.AS_WRITTEN, false, folder);
            } catch (RuntimeException | IOException e) {
                AtomicFiles.deleteRecursively(folder);
                throw e;
            }
        } catch (IOException e) {
            throw new SpecException(
                    name + ": must be written into the folder for temporary files to be run, and is not: "
                            + IoReason.of(e) + "; make room there, or name another folder by java.io.tmpdir",
                    e);
        }
    }

    /** As above. */
    public static ModelSession open(Model model, String name) {
        return open(model, name, Form.FUSED);
    }

    /** As above. */
    public static ModelSession open(Path file, String name) {
        return open(file, name, Form.FUSED);
    }

    /** As above, with the nodes one by one. */
    public static ModelSession openAsWritten(Model model, String name) {
        return open(model, name, Form.AS_WRITTEN);
    }

    /** Opens a file on all cores, where speed counts for more than the last bits. */
    public static ModelSession openOnAllCores(Path file) {
        return guarded(file, String.valueOf(file.getFileName()), false, true, null);
    }

    /** Opens a file whatever faults of ONNX Runtime it meets, to see that they are still there. */
    static ModelSession openUnguarded(Path file, String name) {
        return new ModelSession(new SessionSetup(file, false, false, Map.of(), Map.of()), name, null, Map.of());
    }

    private static ModelSession guarded(
            Path file, String name, boolean asWritten, boolean onAllCores, @Nullable Path own) {
        OnnxFile read = null;
        try {
            read = OnnxFile.read(file);
        } catch (SpecException e) {
            // no model: ONNX Runtime says so in its own words
        }
        var guard = guard(read, name);
        var config = new TreeMap<>(guard.config());
        if (onAllCores) {
            // threads that spin between runs would take the cores from SameDiff
            config.put("session.intra_op.allow_spinning", "0");
        }
        var small = read == null ? Map.<String, OnnxType.OfTensor>of() : small(read);
        var codes = new TreeMap<String, Integer>();
        small.forEach((value, type) -> codes.put(value, type.element()));
        var setup = new SessionSetup(file, asWritten || guard.isAsWritten(), onAllCores, config, codes);
        return new ModelSession(setup, name, own, small);
    }

    /** Inputs and outputs of types that Java has no numbers for. */
    private static Map<String, OnnxType.OfTensor> small(OnnxFile read) {
        var small = new TreeMap<String, OnnxType.OfTensor>();
        Stream.concat(read.graph().inputs().stream(), read.graph().outputs().stream())
                .forEach(value -> {
                    if (value.type() instanceof OnnxType.OfTensor tensor
                            && tensor.element() != 0
                            && ValueType.ofOnnxCode(tensor.element()).isEmpty()) {
                        small.put(value.name(), tensor);
                    }
                });
        return small;
    }

    /** The shape of an input that is fed in float32 as Java has no numbers of its type; empty of any other input. */
    public Optional<List<Axis>> shapeOfSmall(String input) {
        return Optional.ofNullable(small.get(input))
                .flatMap(OnnxType.OfTensor::axes)
                .map(axes -> axes.stream()
                        .map(axis -> axis.isFixed() && axis.size() >= 0 ? Axis.of(axis.size()) : Axis.UNKNOWN)
                        .toList());
    }

    private static EngineGuard guard(@Nullable OnnxFile read, String name) {
        try {
            return read == null ? EngineGuard.NONE : EngineGuard.of(read, name);
        } catch (SpecException e) {
            throw new ProofException(e.problems());
        }
    }

    /** The version of ONNX Runtime. */
    public static String version() {
        var process = EngineProcess.acquire();
        try {
            return process.version();
        } catch (EngineRefusal | EngineEnd e) {
            throw new ProofException("ONNX Runtime cannot be started: " + e.getMessage(), e);
        } finally {
            process.release();
        }
    }

    /** Starts ONNX Runtime's process, which takes a moment, and does not wait for it. */
    public static void prepare() {
        EngineProcess.prepare();
    }

    private EngineProcess.Opened opened() {
        try {
            return process.open(setup, limits);
        } catch (EngineRefusal e) {
            throw new ProofException(name + ": ONNX Runtime refuses it: " + reason(e), e);
        } catch (EngineEnd e) {
            if (process.endedIdle()) {
                process = another();
                return opened();
            }
            throw new EngineEndedException(name + ": ONNX Runtime cannot open it: " + e.getMessage(), e);
        }
    }

    /** In one line, without its names for kinds of errors and the file for the moment. */
    private static String reason(EngineRefusal e) {
        return LOADED_FROM
                .matcher(EngineText.plain(String.valueOf(e.getMessage())))
                .replaceAll("");
    }

    private EngineProcess another() {
        process.release();
        return EngineProcess.acquire();
    }

    /** The inputs that must be given. */
    public Set<String> inputs() {
        return new LinkedHashSet<>(opened.inputs());
    }

    /**
     * Runs the graph.
     *
     * @return all outputs by name
     * @throws ProofException if ONNX Runtime fails, or its Java API cannot take an input or give an output
     * @throws EngineEndedException if it ends ONNX Runtime's process, or takes more than the limits
     */
    public Map<String, Item> run(Map<String, Item> inputs) {
        return run(inputs, false, "").outputs();
    }

    /** Runs the graph, for how long ONNX Runtime takes, in nanoseconds. */
    public long nanos(Map<String, Item> inputs) {
        return run(inputs, true, "").nanos();
    }

    /**
     * Runs a graph whose inputs and outputs are all arrays.
     *
     * @return all outputs by name
     * @throws ProofException as of {@link #run}
     */
    public Map<String, NpyArray> runArrays(Map<String, NpyArray> inputs) {
        var items = new LinkedHashMap<String, Item>();
        var shapes = new LinkedHashMap<String, Object>();
        inputs.forEach((input, array) -> {
            items.put(input, new Item.Array(Tensor.of(array)));
            shapes.put(input, array.shape());
        });
        var outputs = new LinkedHashMap<String, NpyArray>();
        run(items, false, " on " + shapes).outputs().forEach((output, item) -> {
            if (!(item instanceof Item.Array array)) {
                throw new IllegalStateException("the output " + output + " is no array but " + item);
            }
            outputs.put(output, array.tensor().npy());
        });
        return outputs;
    }

    private EngineProcess.Ran run(Map<String, Item> inputs, boolean isTimedOnly, String on) {
        inputs.forEach((input, item) -> EngineRun.unfit(item).ifPresent(unfit -> {
            throw new ProofException(
                    List.of(name + ": ONNX Runtime's Java API cannot feed the input " + input + " " + unfit));
        }));
        if (!process.isAlive()) {
            // another session of this thread ended it
            process = another();
            opened = opened();
        }
        try {
            return process.run(opened.session(), inputs, isTimedOnly, limits);
        } catch (EngineRefusal e) {
            throw new ProofException(name + ": ONNX Runtime cannot run it" + on + ": " + reason(e), e);
        } catch (EngineEnd e) {
            throw new EngineEndedException(name + ": ONNX Runtime cannot run it" + on + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            process.close(opened.session());
        }
        process.release();
        if (own != null) {
            try {
                AtomicFiles.deleteRecursively(own);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
