package smalti.bench;

import ai.onnxruntime.OrtException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import smalti.runtime.Codes;
import smalti.runtime.Device;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;

/**
 * What serving costs: decoding by the runtime beside the least that a Java program can do with ONNX Runtime on the same
 * file, in turns within one run. Prints medians over rounds or turns, with their 95% intervals.
 *
 * <ul>
 *   <li>one caller, one picture at a time: the median time of a call, as a ratio
 *   <li>many callers: pictures a second, as a ratio to the best of all loops over ONNX Runtime, with as many threads and
 *       as large batches as serve best; and as one to as many threads that take turns at sessions of ONNX Runtime, each
 *       a picture at a time, so that they too wait and are woken
 * </ul>
 */
public final class ServingTimes {
    private static final int CALLERS = 32;
    private static final String OURS = CALLERS + " callers, the runtime";
    private static final String TURNS = CALLERS + " callers that take turns at ONNX Runtime";

    private final SmaltiModel model;
    private final Path graph;
    private final int size;

    private ServingTimes(SmaltiModel model, Path graph, int size) {
        this.model = model;
        this.graph = graph;
        this.size = size;
    }

    /** @param args a bundle's folder, and how many codes a picture has on each side */
    public static void main(String[] args) throws Exception {
        if (args.length != 2) {
            throw new SpecException("usage: bench/serving BUNDLE SIDE");
        }
        var bundle = Path.of(args[0]);
        try (var model = SmaltiModel.open(
                bundle, RuntimeOptions.defaults().withMaxWaiting(1 << 20).withMaxPixels(1L << 40))) {
            if (!model.hasCodec()) {
                throw new SpecException(bundle + ": must be a bundle with a codec");
            }
            model.warm();
            var graph = bundle.resolve(Timing.detokenize(model).file());
            var times = new ServingTimes(model, graph, Integer.parseInt(args[1]));
            times.oneCaller();
            times.manyCallers();
        }
    }

    private void oneCaller() throws Exception {
        var one = codes(1);
        var into = ByteBuffer.allocateDirect(bytesOfPixels(one));
        try (var plain = decoder(one, Device.cpu().threads())) {
            var times = Timing.calls(() -> model.codec().decode(one, into).count(), () -> {
                plain.decode();
                return 1;
            });
            Timing.print("one caller, ONNX Runtime alone, µs", times.theirs());
            Timing.print("one caller, the runtime adds, µs", times.differences());
            Timing.print("one caller, runtime / ONNX Runtime alone", times.ratios());
        }
    }

    private void manyCallers() throws Exception {
        int processors = Runtime.getRuntime().availableProcessors();
        var one = codes(1);
        int bytes = bytesOfPixels(one);
        var programs = new LinkedHashMap<String, Timing.Program>();
        programs.put(
                OURS,
                () -> Timing.served(CALLERS, () -> {
                    var into = ByteBuffer.allocateDirect(bytes);
                    return () -> model.codec().decode(one, into).count();
                }));
        programs.put(TURNS, () -> turns(one, processors));
        for (int batch : new int[] {1, 4, 16}) {
            var codes = codes(batch);
            programs.put("one run of batches of " + batch, () -> loop(codes, 1, processors));
            programs.put(processors + " runs of batches of " + batch, () -> loop(codes, processors, 1));
        }
        var rates = Timing.inTurns(programs);
        rates.forEach((name, rate) -> Timing.print(name + ", pictures a second", rate));
        var ours = Timing.take(rates, OURS);
        var turns = Timing.take(rates, TURNS);
        var best = Timing.best(rates);
        Timing.print("the runtime / the best loop: " + best.getKey(), Timing.ratios(ours, best.getValue()));
        Timing.print("the runtime / callers that take turns", Timing.ratios(ours, turns));
    }

    /** Threads that each run one session of their own batch over and over. */
    private double loop(Codes codes, int runs, int threadsOfOne) throws OrtException, InterruptedException {
        return withDecoders(
                codes,
                runs,
                threadsOfOne,
                free -> Timing.served(runs, () -> {
                    var mine = free.remove();
                    return () -> {
                        mine.decode();
                        return codes.count();
                    };
                }));
    }

    /** Callers that share sessions of one thread each. */
    private double turns(Codes one, int sessions) throws OrtException, InterruptedException {
        return withDecoders(
                one,
                sessions,
                1,
                free -> Timing.served(CALLERS, () -> () -> {
                    var mine = free.take();
                    try {
                        mine.decode();
                        return 1;
                    } finally {
                        free.add(mine);
                    }
                }));
    }

    private interface Decoding {
        double rate(BlockingQueue<PlainDecoder> decoders) throws InterruptedException;
    }

    private double withDecoders(Codes codes, int count, int threadsOfOne, Decoding decoding)
            throws OrtException, InterruptedException {
        var decoders = new ArrayList<PlainDecoder>();
        try {
            for (int i = 0; i < count; i++) {
                decoders.add(decoder(codes, threadsOfOne));
            }
            return decoding.rate(new ArrayBlockingQueue<>(count, true, List.copyOf(decoders)));
        } finally {
            for (var decoder : decoders) {
                decoder.close();
            }
        }
    }

    private PlainDecoder decoder(Codes codes, int threads) throws OrtException {
        var signature = Timing.detokenize(model).signature();
        return new PlainDecoder(graph, signature, codes, model.codec().decode(codes), threads);
    }

    private int bytesOfPixels(Codes codes) {
        return model.codec().decode(codes).data().remaining();
    }

    private Codes codes(int count) {
        return Timing.codes(model, size, count);
    }
}
