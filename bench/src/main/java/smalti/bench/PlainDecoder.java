package smalti.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import smalti.runtime.Codes;
import smalti.runtime.Pixels;
import smalti.spec.bundle.Signature;

/** {@code detokenize.onnx} on ONNX Runtime's Java API with nothing around it: one request, over and over. */
final class PlainDecoder implements AutoCloseable {
    private final OrtSession session;
    private final ByteBuffer pixels;
    private final Map<String, OnnxTensor> inputs;
    private final Map<String, OnnxTensor> outputs;

    /**
     * @param signature of the graph
     * @param expected pixels of the size that the codes decode to
     * @param threads of ONNX Runtime
     */
    PlainDecoder(Path graph, Signature signature, Codes codes, Pixels expected, int threads) throws OrtException {
        var environment = OrtEnvironment.getEnvironment();
        try (var sessionOptions = new OrtSession.SessionOptions()) {
            sessionOptions.setInterOpNumThreads(1);
            sessionOptions.setIntraOpNumThreads(threads);
            session = environment.createSession(graph.toString(), sessionOptions);
        }
        var values = codes.values();
        var input = ByteBuffer.allocateDirect(values.length * Long.BYTES).order(ByteOrder.nativeOrder());
        input.asLongBuffer().put(values);
        pixels = ByteBuffer.allocateDirect(expected.data().remaining());
        inputs = Map.of(
                signature.inputs().get(0).name(),
                OnnxTensor.createTensor(
                        environment, input.asLongBuffer(), new long[] {codes.count(), codes.height(), codes.width()}));
        var shape = new long[] {expected.count(), expected.height(), expected.width(), expected.channels()};
        outputs = Map.of(
                signature.outputs().get(0).name(),
                OnnxTensor.createTensor(environment, pixels, shape, OnnxJavaType.UINT8));
    }

    /** @return [N,H,W,C], overwritten by the next call */
    ByteBuffer decode() throws OrtException {
        session.run(inputs, Set.of(), outputs).close();
        return pixels;
    }

    @Override
    public void close() throws OrtException {
        inputs.values().forEach(OnnxTensor::close);
        outputs.values().forEach(OnnxTensor::close);
        session.close();
    }
}
