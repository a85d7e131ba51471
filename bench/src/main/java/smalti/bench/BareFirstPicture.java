package smalti.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.nio.LongBuffer;
import java.util.Map;
import java.util.zip.CRC32;

/** {@link FirstPicture} by ONNX Runtime's own Java API, and nothing else on the class path. */
public final class BareFirstPicture {
    private BareFirstPicture() {}

    /**
     * @param args a bundle's graph from codes to pixels, how many codes a picture has on each side, how many there are to
     *     choose from, and the name of the graph's input
     */
    public static void main(String[] args) throws OrtException {
        int side = Integer.parseInt(args[1]);
        var values = LongBuffer.wrap(codes(side, Integer.parseInt(args[2])));
        var environment = OrtEnvironment.getEnvironment();
        try (var session = environment.createSession(args[0]);
                var codes = OnnxTensor.createTensor(environment, values, new long[] {1, side, side});
                var result = session.run(Map.of(args[3], codes))) {
            var sum = new CRC32();
            sum.update(((OnnxTensor) result.get(0)).getByteBuffer());
            System.out.println(sum.getValue());
        }
    }

    static long[] codes(int side, int codebook) {
        var codes = new long[side * side];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = i % codebook;
        }
        return codes;
    }
}
