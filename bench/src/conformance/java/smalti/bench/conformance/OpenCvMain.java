package smalti.bench.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_dnn;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.MatVector;
import org.bytedeco.opencv.opencv_core.StringVector;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;

/** Runs a {@link JobFolder} in OpenCV's dnn module; everything goes in and comes out as floats. */
final class OpenCvMain {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long MOST_BYTES = 1L << 28;

    private OpenCvMain() {}

    public static void main(String[] arguments) throws IOException {
        var folder = Path.of(arguments[0]);
        for (var job : MAPPER.readTree(folder.resolve("jobs.json").toFile())) {
            var outcome = MAPPER.createObjectNode();
            try {
                outcome.set("outputs", run(job, folder));
            } catch (RuntimeException e) {
                outcome.put("error", String.valueOf(e.getMessage()));
            }
            MAPPER.writeValue(folder.resolve(job.path("id").asText() + ".json").toFile(), outcome);
        }
    }

    private static JsonNode run(JsonNode job, Path folder) throws IOException {
        var net = opencv_dnn.readNetFromONNX(job.path("model").asText());
        for (var input : job.path("inputs").properties()) {
            var array = read(folder.resolve(input.getValue().asText()));
            var shape = array.shape().stream().mapToInt(Math::toIntExact).toArray();
            var blob = new Mat(shape.length, shape, opencv_core.CV_32F);
            new FloatPointer(blob.data()).put(floats(array));
            net.setInput(blob, input.getKey(), 1, new org.bytedeco.opencv.opencv_core.Scalar(0));
        }
        var names = new StringVector();
        job.path("outputs").forEach(name -> names.push_back(name.asText()));
        var blobs = new MatVector();
        net.forward(blobs, names);
        var outputs = MAPPER.createObjectNode();
        for (int k = 0; k < blobs.size(); k++) {
            var blob = blobs.get(k);
            var shape = new long[blob.dims()];
            for (int i = 0; i < shape.length; i++) {
                shape[i] = blob.size(i);
            }
            var converted = new Mat();
            blob.convertTo(converted, opencv_core.CV_32F);
            var values = new float[Math.toIntExact(converted.total())];
            new FloatPointer(converted.data()).get(values);
            var file = job.path("id").asText() + ".out." + k + ".npy";
            try (var out = Files.newOutputStream(folder.resolve(file))) {
                NpyArray.of(values, shape).write(out);
            }
            outputs.put(job.path("outputs").get(k).asText(), file);
        }
        return outputs;
    }

    private static NpyArray read(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return NpyArray.read(in, file.toString(), MOST_BYTES);
        }
    }

    private static float[] floats(NpyArray array) {
        if (array.type() == ElementType.FLOAT32) {
            return array.floats();
        }
        boolean bytes = array.type() == ElementType.UINT8;
        var pixels = bytes ? array.bytes() : new byte[0];
        var codes = bytes ? new long[0] : array.longs();
        var floats = new float[bytes ? pixels.length : codes.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = bytes ? pixels[i] & 0xFF : codes[i];
        }
        return floats;
    }
}
