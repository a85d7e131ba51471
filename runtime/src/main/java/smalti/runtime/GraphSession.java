package smalti.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.onnx.EngineGuard;
import smalti.spec.onnx.EngineTypes;
import smalti.spec.onnx.OnnxFile;

/** One graph in ONNX Runtime. Many threads may run it at once; closing it while one does crashes the JVM. */
final class GraphSession implements AutoCloseable {
    private static final Map<ElementType, OnnxJavaType> JAVA_TYPES = javaTypes();

    private final String file;
    private final Signature signature;
    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Map<String, String> runConfig;
    /** Outputs that ONNX Runtime cannot write into memory of ours. */
    private final Set<String> copied;

    private GraphSession(
            String file,
            Signature signature,
            OrtEnvironment environment,
            OrtSession session,
            Map<String, String> runConfig) {
        this.file = file;
        this.signature = signature;
        this.environment = environment;
        this.session = session;
        this.runConfig = runConfig;
        this.copied = signature.outputs().stream()
                .filter(output -> !EngineTypes.areMade(output.type()))
                .map(TensorSpec::name)
                .collect(Collectors.toSet());
    }

    /** @throws LoadException if ONNX Runtime refuses the graph or the plan, or the graph is not what the signature says */
    static GraphSession load(String file, Signature signature, byte[] onnx, SessionPlan plan) {
        var environment = OnnxRuntime.environment();
        var guard = guard(file, onnx);
        OrtSession session;
        try (var options = plan.options(guard)) {
            session = environment.createSession(onnx, options);
        } catch (OrtException e) {
            throw new LoadException(
                    file + ": ONNX Runtime cannot load it" + plan.where() + " (" + OnnxRuntimeReason.of(e) + ")", e);
        }
        var graph = new GraphSession(file, signature, environment, session, plan.runConfig());
        try {
            graph.checkSignature();
        } catch (LoadException e) {
            graph.close();
            throw e;
        }
        return graph;
    }

    /** @throws LoadException if the file must not be opened at all */
    private static EngineGuard guard(String file, byte[] onnx) {
        OnnxFile read;
        try {
            read = OnnxFile.read(onnx, file);
        } catch (SpecException e) {
            // no model: ONNX Runtime says so in its own words
            return EngineGuard.NONE;
        }
        try {
            return EngineGuard.of(read, file);
        } catch (SpecException e) {
            throw new LoadException(e.problems(), e);
        }
    }

    /**
     * Runs once.
     *
     * @param inputs in the signature's order, in direct memory
     * @param outputs in the signature's order, in direct memory; written in place
     * @param stop ends the run
     * @throws RunException if ONNX Runtime fails, or the run is stopped
     */
    void run(List<HostTensor> inputs, List<HostTensor> outputs, StopSignal stop) {
        try (var options = runOptions();
                var fed = new Tensors();
                var pinned = new Tensors()) {
            fed.addAll(inputs);
            // the others ONNX Runtime makes itself, and they are copied
            pinned.addAll(outputs.stream()
                    .filter(output -> EngineTypes.areMade(output.spec().type()))
                    .toList());
            stop.onStop(() -> terminate(options));
            try (var results = session.run(fed.byName, copied, pinned.byName, options)) {
                for (var output : outputs) {
                    if (copied.contains(output.spec().name())) {
                        copy(results, output);
                    }
                }
            } finally {
                stop.onStop(null);
            }
        } catch (OrtException e) {
            throw new RunException(file + ": ONNX Runtime failed (" + OnnxRuntimeReason.of(e) + ")", e);
        }
    }

    /**
     * Runs once, where the shapes of the outputs are ONNX Runtime's to say.
     *
     * @param inputs in the signature's order, in direct memory
     * @return the outputs in the signature's order, on the heap
     * @throws RunException as {@link #run(List, List, StopSignal)}
     */
    List<HostTensor> run(List<HostTensor> inputs, StopSignal stop) {
        var names = signature.outputs().stream().map(TensorSpec::name).collect(Collectors.toSet());
        try (var options = runOptions();
                var fed = new Tensors()) {
            fed.addAll(inputs);
            stop.onStop(() -> terminate(options));
            try (var results = session.run(fed.byName, names, options)) {
                var outputs = new ArrayList<HostTensor>();
                for (var spec : signature.outputs()) {
                    outputs.add(copy(spec, results));
                }
                return outputs;
            } finally {
                stop.onStop(null);
            }
        } catch (OrtException e) {
            throw new RunException(file + ": ONNX Runtime failed (" + OnnxRuntimeReason.of(e) + ")", e);
        }
    }

    private OrtSession.RunOptions runOptions() throws OrtException {
        var options = new OrtSession.RunOptions();
        try {
            for (var entry : runConfig.entrySet()) {
                options.addRunConfigEntry(entry.getKey(), entry.getValue());
            }
            return options;
        } catch (OrtException e) {
            options.close();
            throw e;
        }
    }

    private void copy(OrtSession.Result results, HostTensor into) {
        var made = copy(into.spec(), results);
        if (!Arrays.equals(made.shape(), into.shape())) {
            throw new IllegalStateException(file + ": " + into.spec().name() + " came out as "
                    + Arrays.toString(made.shape()) + " instead of " + Arrays.toString(into.shape()));
        }
        into.data().put(made.data());
    }

    private HostTensor copy(TensorSpec spec, OrtSession.Result results) {
        var value = results.get(spec.name()).orElseThrow();
        if (!(value instanceof OnnxTensor tensor)) {
            throw new IllegalStateException(file + ": " + spec.name() + " came out as " + value.getType());
        }
        return new HostTensor(spec, tensor.getInfo().getShape(), tensor.getByteBuffer());
    }

    /**
     * What ONNX Runtime says of a graph: a dimension of no name, or of one that is no plain name, gets one of its own.
     *
     * @throws LoadException if it cannot be loaded, or has inputs or outputs that are no tensors of numbers
     */
    static Signature signature(String file, byte[] onnx) {
        var environment = OnnxRuntime.environment();
        guard(file, onnx);
        try (var options = new OrtSession.SessionOptions()) {
            // only to look at: nothing is prepared for a run
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
            options.setIntraOpNumThreads(1);
            options.addConfigEntry("session.disable_prepacking", "1");
            try (var session = environment.createSession(onnx, options)) {
                var problems = new ArrayList<String>();
                var axes = new AxisNames();
                var inputs = specs(file, session.getInputInfo(), axes, problems);
                var outputs = specs(file, session.getOutputInfo(), axes, problems);
                inputs.stream()
                        .filter(input -> !EngineTypes.areMade(input.type()))
                        .forEach(input -> problems.add(file + ": " + input.name() + " is an input of " + input.type()
                                + ", which ONNX Runtime's Java API cannot make; let the graph take "
                                + (input.type() == ElementType.UINT16 ? ElementType.INT32 : ElementType.INT64)
                                + " and cast it"));
                if (!problems.isEmpty()) {
                    throw new LoadException(problems);
                }
                return new Signature(inputs, outputs);
            }
        } catch (OrtException e) {
            throw new LoadException(file + ": ONNX Runtime cannot load it (" + OnnxRuntimeReason.of(e) + ")", e);
        }
    }

    private static List<TensorSpec> specs(
            String file, Map<String, NodeInfo> infos, AxisNames axes, List<String> problems) {
        var specs = new ArrayList<TensorSpec>();
        infos.forEach((name, info) -> {
            var type = info.getInfo() instanceof TensorInfo tensor ? elementType(tensor) : null;
            if (type == null) {
                problems.add(file + ": " + name + " must be a tensor of "
                        + Arrays.stream(ElementType.values())
                                .map(String::valueOf)
                                .collect(Collectors.joining(", "))
                        + ", got " + shown(info));
            } else {
                var tensor = (TensorInfo) info.getInfo();
                var shape = new ArrayList<Dimension>();
                for (int axis = 0; axis < tensor.getShape().length; axis++) {
                    shape.add(dimension(name, axis, tensor, axes));
                }
                specs.add(new TensorSpec(name, type, shape));
            }
        });
        return specs;
    }

    private static Dimension dimension(String tensor, int axis, TensorInfo info, AxisNames axes) {
        long size = info.getShape()[axis];
        if (size >= 0) {
            return Dimension.of(size);
        }
        var name = info.getDimensionNames()[axis];
        return Dimension.free(name.isEmpty() ? axes.invented("free_" + tensor + "_" + axis) : axes.of(name));
    }

    /** Java's word for a type does not tell an unsigned one from a signed one. */
    private static @Nullable ElementType elementType(TensorInfo info) {
        return EngineTypes.ofName(info.onnxType.name()).orElse(null);
    }

    private void terminate(OrtSession.RunOptions options) {
        try {
            options.setTerminate(true);
        } catch (OrtException e) {
            throw new IllegalStateException(
                    file + ": ONNX Runtime cannot stop a run (" + OnnxRuntimeReason.of(e) + ")", e);
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException(
                    file + ": ONNX Runtime failed to close it (" + OnnxRuntimeReason.of(e) + ")", e);
        }
    }

    /** ONNX Runtime's tensors over host tensors. Closing them leaves the host tensors' memory alone. */
    private final class Tensors implements AutoCloseable {
        private final Map<String, OnnxTensor> byName = new LinkedHashMap<>();

        void addAll(List<HostTensor> tensors) throws OrtException {
            for (var tensor : tensors) {
                byName.put(tensor.spec().name(), tensor(tensor));
            }
        }

        private OnnxTensor tensor(HostTensor tensor) throws OrtException {
            return OnnxTensor.createTensor(
                    environment,
                    tensor.data(),
                    tensor.shape(),
                    javaType(tensor.spec().type()));
        }

        @Override
        public void close() {
            for (var tensor : byName.values()) {
                tensor.close();
            }
        }
    }

    private void checkSignature() {
        var problems = new ArrayList<String>();
        try {
            compare("inputs", signature.inputs(), session.getInputInfo(), problems);
            compare("outputs", signature.outputs(), session.getOutputInfo(), problems);
        } catch (OrtException e) {
            throw new LoadException(file + ": ONNX Runtime cannot describe it (" + OnnxRuntimeReason.of(e) + ")", e);
        }
        if (!problems.isEmpty()) {
            throw new LoadException(problems);
        }
    }

    private void compare(String side, List<TensorSpec> specs, Map<String, NodeInfo> infos, List<String> problems) {
        var names = new HashSet<String>();
        for (var spec : specs) {
            names.add(spec.name());
        }
        if (!names.equals(infos.keySet())) {
            problems.add(file + ": " + side + " must be " + specs + " as the signature says, got " + infos.keySet());
            return;
        }
        for (var spec : specs) {
            var info = infos.get(spec.name());
            if (info == null || !(info.getInfo() instanceof TensorInfo tensor) || !fits(spec, tensor)) {
                problems.add(file + ": " + side + " must have " + spec + " as the signature says, got "
                        + (info == null ? "nothing" : shown(info)));
            }
        }
    }

    /** A free dimension is −1 in ONNX Runtime; so is an output's fixed one that it could not infer. */
    private static boolean fits(TensorSpec spec, TensorInfo tensor) {
        var shape = tensor.getShape();
        if (elementType(tensor) != spec.type() || shape.length != spec.shape().size()) {
            return false;
        }
        for (int axis = 0; axis < shape.length; axis++) {
            Dimension dimension = spec.shape().get(axis);
            if (shape[axis] >= 0 && !dimension.equals(Dimension.of(shape[axis]))) {
                return false;
            }
        }
        return true;
    }

    /** Looked up for every tensor of every run. */
    private static Map<ElementType, OnnxJavaType> javaTypes() {
        var types = new EnumMap<ElementType, OnnxJavaType>(ElementType.class);
        for (var type : ElementType.values()) {
            if (EngineTypes.areMade(type)) {
                types.put(
                        type,
                        OnnxJavaType.mapFromOnnxTensorType(TensorInfo.OnnxTensorType.valueOf(EngineTypes.name(type))));
            }
        }
        return types;
    }

    private static OnnxJavaType javaType(ElementType type) {
        var known = JAVA_TYPES.get(type);
        if (known == null) {
            throw new IllegalStateException("ONNX Runtime's Java API makes no tensors of " + type);
        }
        return known;
    }

    private static String shown(NodeInfo info) {
        return info.getInfo() instanceof TensorInfo tensor
                ? Arrays.toString(tensor.getShape()) + " "
                        + tensor.onnxType
                                .name()
                                .replace("ONNX_TENSOR_ELEMENT_DATA_TYPE_", "")
                                .toLowerCase(Locale.ROOT)
                : info.getInfo().toString();
    }
}
