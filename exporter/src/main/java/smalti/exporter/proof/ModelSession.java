package smalti.exporter.proof;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.spec.ElementType;
import smalti.spec.SpecException;
import smalti.spec.onnx.EngineGuard;
import smalti.spec.onnx.OnnxFile;

/** Any ONNX model, opened in ONNX Runtime on one core, so that the same inputs give the same bits everywhere. */
public final class ModelSession implements AutoCloseable {
    private final OrtSession session;
    private final String name;

    private ModelSession(OrtSession session, String name) {
        this.session = session;
        this.name = name;
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

    /**
     * Opens the bytes of a file.
     *
     * @param name in errors
     * @throws ProofException if ONNX Runtime refuses them
     */
    public static ModelSession open(byte[] model, String name) {
        return open(name, () -> OnnxFile.read(model, name), options -> {
            options.setIntraOpNumThreads(1);
            return environment().createSession(model, options);
        });
    }

    /**
     * Opens a file, and what belongs to it in its folder.
     *
     * @param name in errors
     * @throws ProofException if ONNX Runtime refuses it
     */
    public static ModelSession open(Path file, String name) {
        return open(name, () -> OnnxFile.read(file), options -> {
            options.setIntraOpNumThreads(1);
            return environment().createSession(file.toString(), options);
        });
    }

    /**
     * Opens a file, and what belongs to it in its folder, and runs its nodes one by one, none merged with another.
     *
     * @param name in errors
     * @throws ProofException if ONNX Runtime refuses it
     */
    public static ModelSession openAsWritten(Path file, String name) {
        return open(name, () -> OnnxFile.read(file), options -> {
            options.setIntraOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
            return environment().createSession(file.toString(), options);
        });
    }

    /**
     * Opens the bytes of a file and runs its nodes one by one, none merged with another.
     *
     * @param name in errors
     * @throws ProofException if ONNX Runtime refuses them
     */
    public static ModelSession openAsWritten(byte[] model, String name) {
        return open(name, () -> OnnxFile.read(model, name), options -> {
            options.setIntraOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
            return environment().createSession(model, options);
        });
    }

    /** Opens a file on all cores, where speed counts for more than the last bits. */
    static ModelSession openOnAllCores(Path file) {
        return open(String.valueOf(file.getFileName()), () -> OnnxFile.read(file), options -> {
            // threads that spin between runs would take the cores from SameDiff
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            return environment().createSession(file.toString(), options);
        });
    }

    /** ONNX Runtime, which keeps no record of what it does and sends none to its makers. */
    static OrtEnvironment environment() {
        var environment = OrtEnvironment.getEnvironment();
        try {
            environment.setTelemetry(false);
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot be kept from reporting: " + e.getMessage(), e);
        }
        return environment;
    }

    private interface Opener {
        OrtSession open(OrtSession.SessionOptions options) throws OrtException;
    }

    private static EngineGuard guard(String name, Supplier<OnnxFile> file) {
        OnnxFile read;
        try {
            read = file.get();
        } catch (SpecException e) {
            // no model: ONNX Runtime says so in its own words
            return EngineGuard.NONE;
        }
        try {
            return EngineGuard.of(read, name);
        } catch (SpecException e) {
            throw new ProofException(e.problems());
        }
    }

    private static ModelSession open(String name, Supplier<OnnxFile> file, Opener opener) {
        var guard = guard(name, file);
        try (var options = new OrtSession.SessionOptions()) {
            for (var entry : guard.config().entrySet()) {
                options.addConfigEntry(entry.getKey(), entry.getValue());
            }
            if (guard.isAsWritten()) {
                options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
            }
            // what is wrong comes as an exception; the log would tell it a second time
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            return new ModelSession(opener.open(options), name);
        } catch (OrtException e) {
            throw new ProofException(name + ": ONNX Runtime refuses it: " + e.getMessage(), e);
        }
    }

    /** The inputs that must be given. */
    public Set<String> inputs() {
        return session.getInputNames();
    }

    /**
     * Runs the graph.
     *
     * @return all outputs by name
     * @throws ProofException if ONNX Runtime fails, or its Java API cannot take an input or give an output
     */
    public Map<String, Item> run(Map<String, Item> inputs) {
        return run(inputs, "");
    }

    /** @param on what it runs on, in errors */
    Map<String, Item> run(Map<String, Item> inputs, String on) {
        var tensors = new LinkedHashMap<String, OnnxTensor>();
        try {
            for (var input : inputs.entrySet()) {
                tensors.put(input.getKey(), tensor(input.getKey(), input.getValue()));
            }
            var outputs = new LinkedHashMap<String, Item>();
            try (var results = session.run(tensors)) {
                for (var result : results) {
                    outputs.put(result.getKey(), item(result.getValue()));
                }
            }
            return outputs;
        } catch (OrtException e) {
            throw new ProofException(
                    name + ": ONNX Runtime cannot run it" + on + ": "
                            + String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " "),
                    e);
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    private OnnxTensor tensor(String input, Item item) throws OrtException {
        var environment = environment();
        if (item instanceof Item.Texts texts) {
            return OnnxTensor.createTensor(environment, texts.texts().toArray(String[]::new), shape(texts.dims()));
        } else if (item instanceof Item.Array array) {
            var tensor = array.tensor();
            var data = ByteBuffer.allocateDirect(tensor.data().remaining()).order(ByteOrder.nativeOrder());
            data.put(tensor.data().duplicate()).flip();
            return OnnxTensor.createTensor(environment, data, shape(tensor.dims()), javaType(input, tensor.type()));
        }
        throw new ProofException(List.of(name + ": ONNX Runtime's Java API cannot feed the input " + input + ", "
                + item.getClass().getSimpleName()));
    }

    private static long[] shape(List<Long> dims) {
        return dims.stream().mapToLong(Long::longValue).toArray();
    }

    private OnnxJavaType javaType(String input, ValueType type) {
        return type.elementType()
                .flatMap(ModelSession::javaType)
                .orElseThrow(() -> new ProofException(
                        List.of(name + ": ONNX Runtime's Java API cannot feed the input " + input + " of " + type)));
    }

    private static Optional<OnnxJavaType> javaType(ElementType type) {
        return switch (type) {
            case UINT8 -> Optional.of(OnnxJavaType.UINT8);
            case INT64 -> Optional.of(OnnxJavaType.INT64);
            case FLOAT32 -> Optional.of(OnnxJavaType.FLOAT);
            case FLOAT64 -> Optional.of(OnnxJavaType.DOUBLE);
            case FLOAT16 -> Optional.of(OnnxJavaType.FLOAT16);
            case BFLOAT16 -> Optional.of(OnnxJavaType.BFLOAT16);
            case INT8 -> Optional.of(OnnxJavaType.INT8);
            case INT16 -> Optional.of(OnnxJavaType.INT16);
            case INT32 -> Optional.of(OnnxJavaType.INT32);
            case BOOL -> Optional.of(OnnxJavaType.BOOL);
            // it gives such outputs and takes no such inputs
            case UINT16, UINT32, UINT64 -> Optional.empty();
        };
    }

    private Item item(OnnxValue value) throws OrtException {
        if (value instanceof OnnxTensor tensor) {
            return tensor(tensor);
        } else if (value instanceof OnnxSequence sequence) {
            var items = new ArrayList<Item>();
            var parts = sequence.getValue();
            try {
                for (var part : parts) {
                    items.add(item(part));
                }
            } finally {
                parts.forEach(OnnxValue::close);
            }
            return new Item.Sequence(items);
        } else if (value instanceof OnnxMap map) {
            var sorted = new TreeMap<String, String>();
            map.getValue().forEach((key, entry) -> sorted.put(String.valueOf(key), String.valueOf(entry)));
            return new Item.Entries(sorted.toString());
        }
        throw new ProofException(
                List.of(name + ": ONNX Runtime's Java API cannot give an output of " + value.getInfo()));
    }

    private Item tensor(OnnxTensor tensor) throws OrtException {
        var info = tensor.getInfo();
        var dims = Arrays.stream(info.getShape()).boxed().toList();
        if (info.type == OnnxJavaType.STRING) {
            var texts = new ArrayList<String>();
            flatten(tensor.getValue(), texts);
            return new Item.Texts(dims, texts);
        }
        var type = type(info);
        var data = ByteBuffer.allocate(Math.toIntExact(info.getNumElements() * type.bytes()));
        // of no elements ONNX Runtime has no buffer
        if (data.hasRemaining()) {
            data.put(tensor.getByteBuffer());
        }
        return new Item.Array(new Tensor(type, dims, data.flip()));
    }

    private static void flatten(Object value, List<String> texts) {
        if (value instanceof Object[] parts) {
            for (var part : parts) {
                flatten(part, texts);
            }
        } else {
            texts.add((String) value);
        }
    }

    /** The Java type alone would not tell unsigned numbers from signed ones. */
    private ValueType type(TensorInfo info) {
        return switch (info.onnxType) {
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT -> ValueType.FLOAT32;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE -> ValueType.FLOAT64;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 -> ValueType.FLOAT16;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 -> ValueType.BFLOAT16;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 -> ValueType.UINT8;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 -> ValueType.INT8;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 -> ValueType.UINT16;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 -> ValueType.INT16;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32 -> ValueType.UINT32;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 -> ValueType.INT32;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64 -> ValueType.UINT64;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 -> ValueType.INT64;
            case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL -> ValueType.BOOL;
            default ->
                throw new ProofException(
                        List.of(name + ": ONNX Runtime's Java API cannot give an output of " + info.onnxType));
        };
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new ProofException(name + ": ONNX Runtime cannot close it: " + e.getMessage(), e);
        }
    }
}
