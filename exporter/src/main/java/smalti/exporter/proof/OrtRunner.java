package smalti.exporter.proof;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import smalti.spec.ElementType;
import smalti.spec.NpyArray;

/** An ONNX file, opened in ONNX Runtime on the CPU. */
public final class OrtRunner implements AutoCloseable {
    private final OrtSession session;
    private final String name;

    private OrtRunner(OrtSession session, String name) {
        this.session = session;
        this.name = name;
    }

    /** The version of ONNX Runtime that proves. */
    public static String version() {
        return OrtEnvironment.getEnvironment().getVersion();
    }

    /** @throws ProofException if ONNX Runtime refuses the file */
    public static OrtRunner open(Path file) {
        var name = file.getFileName().toString();
        try (var options = new OrtSession.SessionOptions()) {
            // threads that spin between runs would take the cores from SameDiff
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            return new OrtRunner(OrtEnvironment.getEnvironment().createSession(file.toString(), options), name);
        } catch (OrtException e) {
            throw new ProofException(name + ": ONNX Runtime refuses it: " + e.getMessage(), e);
        }
    }

    /**
     * Runs the graph.
     *
     * @return all outputs by name
     */
    public Map<String, NpyArray> run(Map<String, NpyArray> inputs) {
        var tensors = new LinkedHashMap<String, OnnxTensor>();
        try {
            for (var input : inputs.entrySet()) {
                tensors.put(input.getKey(), tensor(input.getValue()));
            }
            var outputs = new LinkedHashMap<String, NpyArray>();
            try (var results = session.run(tensors)) {
                for (var result : results) {
                    outputs.put(result.getKey(), plain((OnnxTensor) result.getValue()));
                }
            }
            return outputs;
        } catch (OrtException e) {
            var shapes = new LinkedHashMap<String, Object>();
            inputs.forEach((input, array) -> shapes.put(input, array.shape()));
            throw new ProofException(name + ": ONNX Runtime cannot run it on " + shapes + ": " + e.getMessage(), e);
        } finally {
            tensors.values().forEach(OnnxTensor::close);
        }
    }

    private static OnnxTensor tensor(NpyArray array) throws OrtException {
        var data = ByteBuffer.allocateDirect(array.data().remaining()).order(ByteOrder.nativeOrder());
        data.put(array.data().duplicate()).flip();
        long[] shape = array.shape().stream().mapToLong(Long::longValue).toArray();
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), data, shape, javaType(array.type()));
    }

    private static NpyArray plain(OnnxTensor tensor) {
        var info = tensor.getInfo();
        for (var type : ElementType.values()) {
            if (javaType(type) == info.type) {
                var data = ByteBuffer.allocate(Math.toIntExact(info.getNumElements() * type.bytes()));
                // of no elements ONNX Runtime has no buffer
                if (data.hasRemaining()) {
                    data.put(tensor.getByteBuffer());
                }
                return new NpyArray(type, Arrays.stream(info.getShape()).boxed().toList(), data.flip());
            }
        }
        throw new IllegalStateException("an output of " + info.type + " " + Arrays.toString(info.getShape()));
    }

    static OnnxJavaType javaType(ElementType type) {
        return switch (type) {
            case UINT8 -> OnnxJavaType.UINT8;
            case INT64 -> OnnxJavaType.INT64;
            case FLOAT32 -> OnnxJavaType.FLOAT;
            case FLOAT64 -> OnnxJavaType.DOUBLE;
            case FLOAT16 -> OnnxJavaType.FLOAT16;
            case BFLOAT16 -> OnnxJavaType.BFLOAT16;
            case INT8 -> OnnxJavaType.INT8;
            case INT16 -> OnnxJavaType.INT16;
            case INT32 -> OnnxJavaType.INT32;
            case BOOL -> OnnxJavaType.BOOL;
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
