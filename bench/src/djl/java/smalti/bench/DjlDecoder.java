package smalti.bench;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslatorContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import smalti.runtime.Codes;

/** {@code detokenize.onnx} on DJL's engine for ONNX Runtime, as its documentation has it: a translator, a predictor a thread. */
final class DjlDecoder implements AutoCloseable {
    private final Model model;

    /** @param options of the engine, such as intraOpNumThreads */
    DjlDecoder(Path graph, Map<String, String> options) throws IOException, MalformedModelException {
        model = Model.newInstance("detokenize", "OnnxRuntime");
        model.load(graph.getParent(), graph.getFileName().toString(), options);
    }

    /** For one thread. */
    Predictor<Codes, ByteBuffer> predictor() {
        return model.newPredictor(new Decoding());
    }

    @Override
    public void close() {
        model.close();
    }

    private static final class Decoding implements NoBatchifyTranslator<Codes, ByteBuffer> {
        @Override
        public NDList processInput(TranslatorContext context, Codes codes) {
            var shape = new Shape(codes.count(), codes.height(), codes.width());
            return new NDList(context.getNDManager().create(codes.values(), shape));
        }

        @Override
        public ByteBuffer processOutput(TranslatorContext context, NDList pixels) {
            return pixels.singletonOrThrow().toByteBuffer();
        }
    }
}
