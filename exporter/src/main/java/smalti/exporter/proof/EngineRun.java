package smalti.exporter.proof;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.bundle.ElementType;
import smalti.spec.onnx.EngineTypes;

/** One run of a session, and what came out. */
final class EngineRun implements AutoCloseable {
    private static final int FLOAT = ValueType.FLOAT32.onnxCode();

    private final Casts casts;
    private final Map<String, Integer> small;
    private final Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    private final OrtSession.Result results;
    private final long nanos;

    /**
     * @param small as {@link SessionSetup} has them
     * @param inputs arrays in direct memory, and texts
     */
    EngineRun(Casts casts, OrtSession session, Map<String, Integer> small, Map<String, Item> inputs)
            throws OrtException, EngineRefusal {
        this.casts = casts;
        this.small = small;
        try {
            for (var input : inputs.entrySet()) {
                tensors.put(input.getKey(), tensor(input.getKey(), input.getValue()));
            }
            long before = System.nanoTime();
            results = session.run(tensors);
            nanos = System.nanoTime() - before;
        } catch (OrtException | EngineRefusal e) {
            tensors.values().forEach(OnnxTensor::close);
            throw e;
        }
    }

    /** How long ONNX Runtime took. */
    long nanos() {
        return nanos;
    }

    Map<String, Item> outputs() throws OrtException, EngineRefusal {
        var outputs = new LinkedHashMap<String, Item>();
        for (var result : results) {
            var code = small.get(result.getKey());
            if (code != null && result.getValue() instanceof OnnxTensor tensor) {
                try (var floats = casts.cast(tensor, code, FLOAT)) {
                    outputs.put(result.getKey(), item(floats));
                }
            } else {
                outputs.put(result.getKey(), item(result.getValue()));
            }
        }
        return outputs;
    }

    /** What of an item ONNX Runtime's Java API takes as an input; empty where it takes it. */
    static Optional<String> unfit(Item item) {
        if (item instanceof Item.Array array) {
            return carrier(array.tensor().type()).isPresent()
                    ? Optional.empty()
                    : Optional.of("of " + array.tensor().type());
        }
        return item instanceof Item.Texts
                ? Optional.empty()
                : Optional.of("that is a " + item.getClass().getSimpleName());
    }

    /** The type that Java hands numbers to ONNX Runtime in: it makes no unsigned ones beyond bytes. */
    private static Optional<ValueType> carrier(ValueType type) {
        return switch (type) {
            case UINT16, UINT32, UINT64 -> Optional.of(ValueType.INT64);
            default ->
                type.elementType().flatMap(EngineRun::javaType).isPresent() ? Optional.of(type) : Optional.empty();
        };
    }

    private OnnxTensor tensor(String name, Item item) throws OrtException, EngineRefusal {
        if (item instanceof Item.Texts texts) {
            return OnnxTensor.createTensor(
                    casts.environment(), texts.texts().toArray(String[]::new), shape(texts.dims()));
        } else if (item instanceof Item.Array array) {
            var type = array.tensor().type();
            var carrier = carrier(type);
            var java = carrier.flatMap(ValueType::elementType).flatMap(EngineRun::javaType);
            if (carrier.isPresent() && java.isPresent()) {
                var tensor = array.tensor().cast(carrier.get());
                var made = OnnxTensor.createTensor(
                        casts.environment(), Casts.direct(tensor.data()), shape(tensor.dims()), java.get());
                int code = small.getOrDefault(name, type.onnxCode());
                if (code == carrier.get().onnxCode()) {
                    return made;
                }
                try (made) {
                    return casts.cast(made, carrier.get().onnxCode(), code);
                }
            }
        }
        throw new EngineRefusal(
                "ONNX Runtime's Java API cannot feed an input " + unfit(item).orElse(""));
    }

    private static long[] shape(List<Long> dims) {
        return dims.stream().mapToLong(Long::longValue).toArray();
    }

    private static Optional<OnnxJavaType> javaType(ElementType type) {
        return Optional.of(type)
                .filter(EngineTypes::areMade)
                .map(made ->
                        OnnxJavaType.mapFromOnnxTensorType(TensorInfo.OnnxTensorType.valueOf(EngineTypes.name(made))));
    }

    private static Item item(OnnxValue value) throws OrtException, EngineRefusal {
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
        throw new EngineRefusal("ONNX Runtime's Java API cannot give an output of " + value.getInfo());
    }

    private static Item tensor(OnnxTensor tensor) throws OrtException, EngineRefusal {
        var info = tensor.getInfo();
        var dims = Arrays.stream(info.getShape()).boxed().toList();
        if (info.type == OnnxJavaType.STRING) {
            var texts = new ArrayList<String>();
            flatten(tensor.getValue(), texts);
            return new Item.Texts(dims, texts);
        }
        var type = type(info);
        long bytes = info.getNumElements() * type.bytes();
        if (bytes > Integer.MAX_VALUE) {
            throw new EngineRefusal("an output has " + bytes + " bytes, and must have at most " + Integer.MAX_VALUE);
        }
        // of no elements ONNX Runtime has no buffer
        var data = bytes == 0 ? ByteBuffer.allocate(0) : tensor.getByteBuffer();
        return new Item.Array(new Tensor(type, dims, data));
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

    private static ValueType type(TensorInfo info) throws EngineRefusal {
        return EngineTypes.ofName(info.onnxType.name())
                .map(ValueType::of)
                .orElseThrow(
                        () -> new EngineRefusal("ONNX Runtime's Java API cannot give an output of " + info.onnxType));
    }

    @Override
    public void close() {
        results.close();
        tensors.values().forEach(OnnxTensor::close);
    }
}
