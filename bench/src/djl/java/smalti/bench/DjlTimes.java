package smalti.bench;

import ai.djl.MalformedModelException;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import smalti.runtime.Codes;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;

/**
 * Decoding by the runtime beside DJL's engine for ONNX Runtime on the same native library and file, in turns within one
 * run: DJL as it comes, and with one thread a run, which serves many callers best. Prints medians over rounds, with the
 * least and the greatest; a ratio above 1 says that the runtime is the faster.
 */
public final class DjlTimes {
    private static final int ROUNDS = 7;
    private static final long ROUND_NANOS = 1_500_000_000;
    private static final int CALLERS = 32;
    private static final int TURN = 25;

    private final SmaltiModel model;
    private final Codes codes;
    private final Map<String, DjlDecoder> peers;

    private DjlTimes(SmaltiModel model, Codes codes, Map<String, DjlDecoder> peers) {
        this.model = model;
        this.codes = codes;
        this.peers = peers;
    }

    /** @param args a bundle's folder, and how many codes a picture has on each side */
    public static void main(String[] args)
            throws IOException, MalformedModelException, TranslateException, InterruptedException {
        if (args.length != 2) {
            throw new SpecException("usage: bench/djl BUNDLE SIDE");
        }
        var bundle = Path.of(args[0]);
        try (var model = SmaltiModel.open(bundle, RuntimeOptions.defaults().withMaxWaiting(1 << 20))) {
            var graph = bundle.resolve(ServingTimes.detokenize(model).file());
            try (var plain = new DjlDecoder(graph, Map.of());
                    var narrow = new DjlDecoder(graph, Map.of("intraOpNumThreads", "1", "interOpNumThreads", "1"))) {
                var peers = new LinkedHashMap<String, DjlDecoder>();
                peers.put("DJL", plain);
                peers.put("DJL, one thread a run", narrow);
                var codes = ServingTimes.codes(model, Integer.parseInt(args[1]), 1);
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

    private void oneCaller() throws TranslateException {
        var codec = model.codec();
        var into = ByteBuffer.allocateDirect(codec.decode(codes).data().remaining());
        for (var peer : peers.entrySet()) {
            var ours = new ArrayList<Double>();
            var theirs = new ArrayList<Double>();
            var ratios = new ArrayList<Double>();
            try (var predictor = peer.getValue().predictor()) {
                for (int round = -1; round < ROUNDS; round++) {
                    var our = new ArrayList<Long>();
                    var their = new ArrayList<Long>();
                    long end = System.nanoTime() + ROUND_NANOS;
                    while (System.nanoTime() < end) {
                        for (int i = 0; i < TURN; i++) {
                            long start = System.nanoTime();
                            codec.decode(codes, into);
                            our.add(System.nanoTime() - start);
                        }
                        for (int i = 0; i < TURN; i++) {
                            long start = System.nanoTime();
                            predictor.predict(codes);
                            their.add(System.nanoTime() - start);
                        }
                    }
                    if (round >= 0) {
                        ours.add(ServingTimes.median(our) / 1000);
                        theirs.add(ServingTimes.median(their) / 1000);
                        ratios.add(ServingTimes.median(their) / ServingTimes.median(our));
                    }
                }
            }
            ServingTimes.print("one caller, the runtime, µs", ours);
            ServingTimes.print("one caller, " + peer.getKey() + ", µs", theirs);
            ServingTimes.print("one caller, times as fast as " + peer.getKey(), ratios);
        }
    }

    private void manyCallers() throws InterruptedException {
        var codec = model.codec();
        int bytes = codec.decode(codes).data().remaining();
        var ours = new ArrayList<Double>();
        var theirs = new LinkedHashMap<String, ArrayList<Double>>();
        var ratios = new LinkedHashMap<String, ArrayList<Double>>();
        for (int round = -1; round < ROUNDS; round++) {
            double our = ServingTimes.served(CALLERS, () -> {
                var into = ByteBuffer.allocateDirect(bytes);
                return () -> {
                    codec.decode(codes, into);
                    return 1;
                };
            });
            if (round >= 0) {
                ours.add(our);
            }
            for (var peer : peers.entrySet()) {
                double their = ServingTimes.served(CALLERS, () -> {
                    var predictor = peer.getValue().predictor();
                    return () -> {
                        predictor.predict(codes);
                        return 1;
                    };
                });
                if (round >= 0) {
                    theirs.computeIfAbsent(peer.getKey(), name -> new ArrayList<>())
                            .add(their);
                    ratios.computeIfAbsent(peer.getKey(), name -> new ArrayList<>())
                            .add(our / their);
                }
            }
        }
        ServingTimes.print(CALLERS + " callers, the runtime, pictures a second", ours);
        theirs.forEach(
                (name, rates) -> ServingTimes.print(CALLERS + " callers, " + name + ", pictures a second", rates));
        ratios.forEach((name, ratio) -> ServingTimes.print(CALLERS + " callers, times as many as " + name, ratio));
    }
}
