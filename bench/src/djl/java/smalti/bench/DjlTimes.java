package smalti.bench;

import ai.djl.engine.Engine;
import ai.djl.translate.TranslateException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import smalti.runtime.Codes;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;

/**
 * Decoding by the runtime beside DJL's engine for ONNX Runtime on the same native library and file, in turns within one
 * run: DJL as it comes, and with one thread a run, which serves many callers best. Prints medians over rounds or turns,
 * with their 95% intervals; a ratio above 1 says that the runtime is the faster.
 */
public final class DjlTimes {
    private static final int CALLERS = 32;

    private final SmaltiModel model;
    private final Codes codes;
    private final Map<String, DjlDecoder> peers;

    private DjlTimes(SmaltiModel model, Codes codes, Map<String, DjlDecoder> peers) {
        this.model = model;
        this.codes = codes;
        this.peers = peers;
    }

    /** @param args a bundle's folder, and how many codes a picture has on each side */
    public static void main(String[] args) throws Exception {
        if (args.length != 2) {
            throw new SpecException("usage: bench/djl BUNDLE SIDE");
        }
        // first: it makes ONNX Runtime's environment itself, of which there is one in a process
        Engine.getEngine("OnnxRuntime");
        var bundle = Path.of(args[0]);
        try (var model = SmaltiModel.open(
                bundle, RuntimeOptions.defaults().withMaxWaiting(1 << 20).withMaxPixels(1L << 40))) {
            var graph = bundle.resolve(Timing.detokenize(model).file());
            try (var plain = new DjlDecoder(graph, Map.of());
                    var narrow = new DjlDecoder(graph, Map.of("intraOpNumThreads", "1", "interOpNumThreads", "1"))) {
                var peers = new LinkedHashMap<String, DjlDecoder>();
                peers.put("DJL", plain);
                peers.put("DJL, one thread a run", narrow);
                var codes = Timing.codes(model, Integer.parseInt(args[1]), 1);
                var times = new DjlTimes(model, codes, peers);
                model.warm();
                times.checkPixels();
                times.oneCaller();
                times.manyCallers();
            }
        }
    }

    private void checkPixels() throws TranslateException {
        var expected = model.codec().decode(codes).data();
        for (var peer : peers.values()) {
            try (var predictor = peer.predictor()) {
                if (!predictor.predict(codes).equals(expected)) {
                    throw new IllegalStateException("DJL must decode to the runtime's pixels, and does not");
                }
            }
        }
    }

    private void oneCaller() throws Exception {
        var codec = model.codec();
        var into = ByteBuffer.allocateDirect(codec.decode(codes).data().remaining());
        for (var peer : peers.entrySet()) {
            try (var predictor = peer.getValue().predictor()) {
                var times = Timing.calls(
                        () -> {
                            predictor.predict(codes);
                            return 1;
                        },
                        () -> codec.decode(codes, into).count());
                Timing.print("one caller, the runtime, µs", times.theirs());
                Timing.print("one caller, " + peer.getKey() + ", µs", times.ours());
                Timing.print("one caller, times as fast as " + peer.getKey(), times.ratios());
            }
        }
    }

    private void manyCallers() throws Exception {
        var codec = model.codec();
        int bytes = codec.decode(codes).data().remaining();
        var programs = new LinkedHashMap<String, Timing.Program>();
        programs.put(
                "the runtime",
                () -> Timing.served(CALLERS, () -> {
                    var into = ByteBuffer.allocateDirect(bytes);
                    return () -> codec.decode(codes, into).count();
                }));
        peers.forEach((name, peer) -> programs.put(
                name,
                () -> Timing.served(CALLERS, () -> {
                    var predictor = peer.predictor();
                    return () -> {
                        predictor.predict(codes);
                        return 1;
                    };
                })));
        var rates = Timing.inTurns(programs);
        rates.forEach((name, rate) -> Timing.print(CALLERS + " callers, " + name + ", pictures a second", rate));
        var ours = Timing.take(rates, "the runtime");
        rates.forEach((name, rate) ->
                Timing.print(CALLERS + " callers, times as many as " + name, Timing.ratios(ours, rate)));
    }
}
