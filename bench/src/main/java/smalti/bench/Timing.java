package smalti.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import smalti.runtime.Codes;
import smalti.runtime.SmaltiModel;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;

/** Programs timed in turns within one run, once the JVM has compiled what each of them does over and over. */
final class Timing {
    private static final int ROUNDS = 7;
    private static final long ROUND_NANOS = 2_000_000_000;

    /** The JVM still compiles after ten seconds, on the processors that are measured. */
    private static final long WARM_UP_NANOS = 15_000_000_000L;

    private static final int TURNS = 100;

    /** A turn, of which the first part does not count: as long as the other's threads spin for work yet. */
    private static final long TURN_NANOS = 250_000_000;

    private static final long UNCOUNTED_NANOS = 100_000_000;
    private static final double MICROSECOND = 1000;

    private Timing() {}

    /** What one thread does over and over; says how many pictures that were. */
    interface Step {
        int pictures() throws Exception;
    }

    /** Makes what one thread does. */
    interface Worker {
        Step step() throws Exception;
    }

    /** Says how many pictures a second it serves. */
    interface Program {
        double rate() throws Exception;
    }

    /** By turn. */
    record Pair(List<Double> ours, List<Double> theirs) {
        List<Double> ratios() {
            return Timing.ratios(ours, theirs);
        }

        List<Double> differences() {
            var differences = new ArrayList<Double>();
            for (int turn = 0; turn < ours.size(); turn++) {
                differences.add(ours.get(turn) - theirs.get(turn));
            }
            return differences;
        }
    }

    /** Microseconds that a call of each takes, the median of each turn. */
    static Pair calls(Step ours, Step theirs) throws Exception {
        long warm = System.nanoTime() + WARM_UP_NANOS;
        while (System.nanoTime() < warm) {
            turn(ours);
            turn(theirs);
        }
        var pair = new Pair(new ArrayList<>(), new ArrayList<>());
        for (int turn = 0; turn < TURNS; turn++) {
            pair.ours.add(turn(ours));
            pair.theirs.add(turn(theirs));
        }
        return pair;
    }

    private static double turn(Step step) throws Exception {
        var times = new ArrayList<Long>();
        long first = System.nanoTime();
        long start = first;
        while (times.isEmpty() || start - first < TURN_NANOS) {
            step.pictures();
            long end = System.nanoTime();
            if (start - first >= UNCOUNTED_NANOS) {
                times.add(end - start);
            }
            start = end;
        }
        return median(times) / MICROSECOND;
    }

    /** Pictures a second of each, by round; each is first run for a while that does not count. */
    static Map<String, List<Double>> inTurns(Map<String, Program> programs) throws Exception {
        for (var program : programs.values()) {
            long end = System.nanoTime() + WARM_UP_NANOS;
            while (System.nanoTime() < end) {
                program.rate();
            }
        }
        var rates = new LinkedHashMap<String, List<Double>>();
        programs.keySet().forEach(name -> rates.put(name, new ArrayList<>()));
        var turns = new ArrayList<>(programs.entrySet());
        for (int round = 0; round < ROUNDS; round++) {
            for (var program : turns) {
                Objects.requireNonNull(rates.get(program.getKey()))
                        .add(program.getValue().rate());
            }
            Collections.rotate(turns, 1);
        }
        return rates;
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

    /** Takes a program's rates out of those of all. */
    static List<Double> take(Map<String, List<Double>> rates, String name) {
        return Objects.requireNonNull(rates.remove(name), name);
    }

    /** The one of the greatest median. */
    static Map.Entry<String, List<Double>> best(Map<String, List<Double>> rates) {
        return rates.entrySet().stream()
                .max(Comparator.comparingDouble(rate -> median(rate.getValue())))
                .orElseThrow();
    }

    static List<Double> ratios(List<Double> ours, List<Double> theirs) {
        var ratios = new ArrayList<Double>();
        for (int round = 0; round < ours.size(); round++) {
            ratios.add(ours.get(round) / theirs.get(round));
        }
        return ratios;
    }

    static double median(List<? extends Number> values) {
        var sorted = values.stream().mapToDouble(Number::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    /** The median, with an interval that holds it in at least 95 of 100 runs: of seven values all of them. */
    static void print(String what, List<Double> values) {
        var sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        // ranks of a median vary as heads of so many coins
        int first = (int) Math.max(0, (sorted.length - 1) / 2.0 - 0.98 * Math.sqrt(sorted.length));
        System.out.printf(
                Locale.ROOT,
                "%-52s %10.3f (%.3f to %.3f)%n",
                what,
                median(values),
                sorted[first],
                sorted[sorted.length - 1 - first]);
    }

    static BundleManifest.Graph detokenize(SmaltiModel model) {
        return Objects.requireNonNull(model.manifest().graphs().get(Role.DETOKENIZE.fileStem()));
    }

    /** Codes of pictures of {@code size} by {@code size} codes. */
    static Codes codes(SmaltiModel model, int size, int count) {
        var codebook = model.manifest().contracts().get(Contract.Codebook.class);
        var random = new CounterRandom(1, 0);
        var values = new long[count * size * size];
        for (int i = 0; i < values.length; i++) {
            values[i] = (long) (random.uniform(0, i) * codebook.codes());
        }
        return new Codes(count, size, size, values, codebook.exportedFingerprint());
    }
}
