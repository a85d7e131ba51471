package smalti.bench;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import smalti.runtime.Codes;
import smalti.runtime.Device;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.BundleManifest;
import smalti.spec.CounterRandom;
import smalti.spec.Role;
import smalti.spec.SpecException;

/**
 * What serving costs: decoding by the runtime beside the least that a Java program can do with ONNX Runtime on the same
 * file, in turns within one run. Prints medians over rounds, with the least and the greatest.
 *
 * <ul>
 *   <li>one caller, one picture at a time: the median time of a call, as a ratio
 *   <li>many callers: pictures a second, as a ratio to the best of all loops over ONNX Runtime, with as many threads and
 *       as large batches as serve best
 * </ul>
 */
public final class ServingTimes {
    private static final int ROUNDS = 7;
    private static final long ROUND_NANOS = 2_000_000_000;
    private static final int CALLERS = 32;
    private static final int TURN = 25;

    private final SmaltiModel model;
    private final Path graph;
    private final Codes one;
    private final int size;

    private ServingTimes(Path bundle, int size) {
        this.model = SmaltiModel.open(bundle, RuntimeOptions.defaults().withMaxWaiting(1 << 20));
        if (!model.hasCodec()) {
            throw new SpecException(bundle + ": must be a bundle with a codec");
        }
        this.size = size;
        this.graph = bundle.resolve(detokenize().file());
        this.one = codes(1);
    }

    /** @param args a bundle's folder, and how many codes a picture has on each side */
    public static void main(String[] args) throws IOException, OrtException, InterruptedException {
        if (args.length != 2) {
            throw new SpecException("usage: bench/serving BUNDLE SIDE");
        }
        var times = new ServingTimes(Path.of(args[0]), Integer.parseInt(args[1]));
        try (times.model) {
            times.model.warm();
            times.oneCaller();
            times.manyCallers();
        }
    }

    private void oneCaller() throws OrtException {
        var codec = model.codec();
        var pixels = codec.decode(one);
        var into = ByteBuffer.allocateDirect(pixels.data().remaining());
        var ratios = new ArrayList<Double>();
        var plainTimes = new ArrayList<Double>();
        var added = new ArrayList<Double>();
        try (var plain = new PlainDecoder(
                graph, detokenize().signature(), one, pixels, Device.cpu().threads())) {
            for (int round = -1; round < ROUNDS; round++) {
                var ours = new ArrayList<Long>();
                var theirs = new ArrayList<Long>();
                long end = System.nanoTime() + ROUND_NANOS;
                while (System.nanoTime() < end) {
                    for (int i = 0; i < TURN; i++) {
                        long start = System.nanoTime();
                        codec.decode(one, into);
                        ours.add(System.nanoTime() - start);
                    }
                    for (int i = 0; i < TURN; i++) {
                        long start = System.nanoTime();
                        plain.decode();
                        theirs.add(System.nanoTime() - start);
                    }
                }
                if (round >= 0) {
                    double our = median(ours);
                    double their = median(theirs);
                    ratios.add(our / their);
                    plainTimes.add(their / 1000);
                    added.add((our - their) / 1000);
                }
            }
        }
        print("one caller, ONNX Runtime alone, µs", plainTimes);
        print("one caller, the runtime adds, µs", added);
        print("one caller, runtime / ONNX Runtime alone", ratios);
    }

    private void manyCallers() throws OrtException, InterruptedException {
        var pixels = model.codec().decode(one);
        int processors = Runtime.getRuntime().availableProcessors();
        var loops = new ArrayList<Loop>();
        for (int batch : new int[] {1, 4, 16}) {
            loops.add(new Loop(1, processors, batch));
            loops.add(new Loop(processors, 1, batch));
        }
        var ours = new ArrayList<Double>();
        var best = new ArrayList<Double>();
        var ratios = new ArrayList<Double>();
        for (int round = -1; round < ROUNDS; round++) {
            double runtime = served(CALLERS, () -> {
                var into = ByteBuffer.allocateDirect(pixels.data().remaining());
                return () -> {
                    model.codec().decode(one, into);
                    return 1;
                };
            });
            double most = 0;
            for (var loop : loops) {
                most = Math.max(most, loop.rate());
            }
            if (round >= 0) {
                ours.add(runtime);
                best.add(most);
                ratios.add(runtime / most);
            }
        }
        print(CALLERS + " callers, the runtime, pictures a second", ours);
        print("the best loop over ONNX Runtime, pictures a second", best);
        print(CALLERS + " callers, runtime / best loop", ratios);
    }

    private BundleManifest.Graph detokenize() {
        return detokenize(model);
    }

    static BundleManifest.Graph detokenize(SmaltiModel model) {
        return Objects.requireNonNull(model.manifest().graphs().get(Role.DETOKENIZE.fileStem()));
    }

    private Codes codes(int count) {
        return codes(model, size, count);
    }

    static Codes codes(SmaltiModel model, int size, int count) {
        var codebook = Objects.requireNonNull(model.manifest().codebook(), "a codec has a codebook");
        var random = new CounterRandom(1, 0);
        var values = new long[count * size * size];
        for (int i = 0; i < values.length; i++) {
            values[i] = (long) (random.uniform(0, i) * codebook.codes());
        }
        return new Codes(count, size, size, values, codebook.fingerprint());
    }

    /** What one thread does over and over; says how many pictures that were. */
    interface Step {
        int pictures() throws Exception;
    }

    interface Worker {
        Step step() throws Exception;
    }

    /** Pictures a second of so many threads. */
    static double served(int threads, Worker worker) throws InterruptedException {
        var stop = new AtomicBoolean();
        var pictures = new LongAdder();
        var ready = new CountDownLatch(threads);
        var all = new ArrayList<Thread>();
        for (int i = 0; i < threads; i++) {
            var thread = new Thread(() -> {
                try {
                    var step = worker.step();
                    ready.countDown();
                    while (!stop.get()) {
                        pictures.add(step.pictures());
                    }
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            thread.start();
            all.add(thread);
        }
        ready.await();
        Thread.sleep(200);
        long before = pictures.sum();
        long start = System.nanoTime();
        Thread.sleep(ROUND_NANOS / 2_000_000);
        double rate = (pictures.sum() - before) * 1e9 / (System.nanoTime() - start);
        stop.set(true);
        for (var thread : all) {
            thread.join();
        }
        return rate;
    }

    /** Threads that each run one session of their own batch over and over. */
    private final class Loop {
        private final int runs;
        private final int threadsOfOne;
        private final int batch;

        Loop(int runs, int threadsOfOne, int batch) {
            this.runs = runs;
            this.threadsOfOne = threadsOfOne;
            this.batch = batch;
        }

        double rate() throws OrtException, InterruptedException {
            var codes = codes(batch);
            var pixels = model.codec().decode(codes);
            var decoders = new ArrayList<PlainDecoder>();
            try {
                for (int i = 0; i < runs; i++) {
                    decoders.add(new PlainDecoder(graph, detokenize().signature(), codes, pixels, threadsOfOne));
                }
                var free = List.copyOf(decoders).iterator();
                return served(runs, () -> {
                    PlainDecoder mine;
                    synchronized (free) {
                        mine = free.next();
                    }
                    return () -> {
                        mine.decode();
                        return batch;
                    };
                });
            } finally {
                for (var decoder : decoders) {
                    decoder.close();
                }
            }
        }
    }

    static double median(List<? extends Number> values) {
        var sorted = values.stream().mapToDouble(Number::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    static void print(String what, List<Double> values) {
        var sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        System.out.printf(
                Locale.ROOT,
                "%-52s %10.3f (%.3f to %.3f)%n",
                what,
                median(values),
                sorted[0],
                sorted[sorted.length - 1]);
    }
}
