package smalti.exporter.proof;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
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
        var environment = OrtEnvironment.getEnvironment();
        var data = ByteBuffer.allocateDirect(array.data().remaining()).order(ByteOrder.nativeOrder());
        long[] shape = array.shape().stream().mapToLong(Long::longValue).toArray();
        return switch (array.type()) {
            case FLOAT32 ->
                OnnxTensor.createTensor(
                        environment, data.asFloatBuffer().put(array.floats()).flip(), shape);
            case INT64 ->
                OnnxTensor.createTensor(
                        environment, data.asLongBuffer().put(array.longs()).flip(), shape);
            case UINT8 ->
                OnnxTensor.createTensor(environment, data.put(array.bytes()).flip(), shape, OnnxJavaType.UINT8);
        };
    }

    private static NpyArray plain(OnnxTensor tensor) {
        long[] shape = tensor.getInfo().getShape();
        return switch (tensor.getInfo().type) {
            case FLOAT -> {
                var values = new float[tensor.getFloatBuffer().remaining()];
                tensor.getFloatBuffer().get(values);
                yield NpyArray.of(values, shape);
            }
            case INT64 -> {
                var values = new long[tensor.getLongBuffer().remaining()];
                tensor.getLongBuffer().get(values);
                yield NpyArray.of(values, shape);
            }
            case UINT8 -> {
                var values = new byte[tensor.getByteBuffer().remaining()];
                tensor.getByteBuffer().get(values);
                yield NpyArray.of(values, shape);
            }
            default ->
                throw new IllegalStateException("an output of " + tensor.getInfo().type + " " + Arrays.toString(shape));
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
