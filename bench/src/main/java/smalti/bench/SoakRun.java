package smalti.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import smalti.runtime.Codes;
import smalti.runtime.DeadlineException;
import smalti.runtime.Generation;
import smalti.runtime.Pixels;
import smalti.runtime.Priority;
import smalti.runtime.QueueFullException;
import smalti.runtime.RequestOptions;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.spec.bundle.Role;

/**
 * A service for as long as one likes, at four fifths of what it can serve: pictures of many sizes and counts, all faces
 * of all bundles in one process, asked for in all ways, some of them given up. Every answer is held against that of the
 * same request alone.
 *
 * <p>Meanwhile memory (RSS), file handles and threads are counted. The first third of the time is left out, in which
 * memory pools and compiled code find their size. Each may not grow: the slope of what follows must be within its
 * noise, that is, two standard errors off it leave no growth that could be told from none.
 */
public final class SoakRun {
    private static final double LOAD = 0.8;
    private static final int CALLERS = 16;
    private static final long SAMPLE_MILLIS = 2000;
    private static final double USUAL_MINUTES = 30;

    /** What is less is none: so much comes and goes with a page table or a compiled method. */
    private static final double LEAST_MIB = 1;

    private static final double LEAST_HANDLES = 1;
    private static final double LEAST_THREADS = 2;

    private final List<Way> ways = new ArrayList<>();
    private final Executor callers = Executors.newFixedThreadPool(4, task -> {
        var thread = new Thread(task, "caller");
        thread.setDaemon(true);
        return thread;
    });
    private final LongAdder right = new LongAdder();
    private final LongAdder wrong = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder expired = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final LongAdder failed = new LongAdder();

    private final List<Double> minutes = new ArrayList<>();
    private final List<Double> mebibytes = new ArrayList<>();
    private final List<Double> handles = new ArrayList<>();
    private final List<Double> threads = new ArrayList<>();

    /** A way to ask for something, whose answer is known. */
    private record Way(Object answer, Asker asker) {}

    private interface Asker {
        CompletableFuture<?> ask(RequestOptions options);
    }

    private SoakRun() {}

    /** @param args bundles, and then minutes if they are not 30 */
    public static void main(String[] args) throws IOException, InterruptedException {
        var bundles = new ArrayList<>(List.of(args));
        double minutes = USUAL_MINUTES;
        if (!bundles.isEmpty() && bundles.get(bundles.size() - 1).matches("[0-9]+(\\.[0-9]+)?")) {
            minutes = Double.parseDouble(bundles.remove(bundles.size() - 1));
        }
        if (bundles.isEmpty()) {
            throw new SpecException("usage: bench/soak BUNDLE... [MINUTES]");
        }
        if (!Files.isReadable(Path.of("/proc/self/status"))) {
            throw new SpecException("a soak reads /proc/self, which is Linux's alone");
        }
        var models = new ArrayList<SmaltiModel>();
        boolean holds;
        try {
            var run = new SoakRun();
            for (var bundle : bundles) {
                var model = SmaltiModel.open(Path.of(bundle), RuntimeOptions.defaults());
                models.add(model);
                model.warm();
                run.addWays(model);
            }
            holds = run.soak(minutes);
        } finally {
            models.forEach(SmaltiModel::close);
        }
        System.exit(holds ? 0 : 1);
    }

    private void addWays(SmaltiModel model) {
        var random = new Random(17);
        if (model.hasCodec()) {
            addCodecWays(model, random);
        }
        if (model.hasGenerator()) {
            var generator = model.generator();
            for (int seed = 0; seed < 24; seed++) {
                int count = 1 + random.nextInt(8);
                var plain = Generation.of(count, seed);
                var request = generator.classes().isEmpty()
                        ? plain
                        : plain.ofClass(seed % generator.classes().size());
                var answer = generator.generate(request);
                ways.add(new Way(answer, options -> generator.with(options).generateAsync(request)));
                ways.add(new Way(
                        answer, options -> here(() -> generator.with(options).generate(request))));
            }
            var many = Generation.of(40, 5);
            if (generator.classes().isEmpty()) {
                var answer = generator.generate(many).count();
                ways.add(new Way(
                        answer,
                        options -> here(() -> {
                            try (var stream = generator.with(options).stream(many)) {
                                return stream.mapToInt(Pixels::count).sum();
                            }
                        })));
            }
        }
    }

    private void addCodecWays(SmaltiModel model, Random random) {
        var codec = model.codec();
        var pixels = model.manifest().pixels();
        var tokenize = Objects.requireNonNull(model.manifest().graphs().get(Role.TOKENIZE.fileStem()));
        var height = tokenize.signature().inputs().get(0).shape().get(1);
        int factor = (int) height.factor();
        int most = pixels.height() / factor;
        for (int i = 0; i < 24; i++) {
            int side = height.isFixed() ? pixels.height() : factor * (1 + random.nextInt(most));
            int count = 1 + random.nextInt(4);
            var bytes = new byte[count * side * side * pixels.channels()];
            random.nextBytes(bytes);
            var pictures = new Pixels(count, side, side, pixels.channels(), ByteBuffer.wrap(bytes));
            Codes codes = codec.encode(pictures);
            Pixels decoded = codec.decode(codes);
            ways.add(new Way(codes, options -> codec.with(options).encodeAsync(pictures)));
            ways.add(new Way(codes, options -> here(() -> codec.with(options).encode(pictures))));
            ways.add(new Way(decoded, options -> codec.with(options).decodeAsync(codes)));
            ways.add(new Way(decoded, options -> codec.with(options).reconstructAsync(pictures)));
            ways.add(new Way(
                    decoded,
                    options -> here(() -> {
                        var into = ByteBuffer.allocateDirect(bytes.length);
                        return codec.with(options).decode(codes, into);
                    })));
            if (i % 8 == 0) {
                ways.add(new Way(
                        List.of(decoded, decoded, decoded),
                        options -> here(() -> {
                            try (var stream = codec.with(options).decode(Stream.of(codes, codes, codes))) {
                                return stream.toList();
                            }
                        })));
            }
        }
    }

    /** A call that waits, on a thread of a caller. */
    private <T> CompletableFuture<T> here(Supplier<T> call) {
        return CompletableFuture.supplyAsync(call, callers);
    }

    private boolean soak(double whole) throws IOException, InterruptedException {
        double perSecond = LOAD * capacity(Math.min(10, 10 * whole));
        System.out.printf(
                Locale.ROOT,
                "%d ways to ask, %.1f requests a second, which is %.0f%% of what can be served%n",
                ways.size(),
                perSecond,
                100 * LOAD);
        var stop = new AtomicBoolean();
        var open = new Phaser(1);
        var random = new Random(3);
        long nanos = Math.round(whole * TimeUnit.MINUTES.toNanos(1));
        var load = new Thread(() -> {
            new Arrivals(perSecond, 11).during(nanos, due -> ask(random, open));
            stop.set(true);
        });
        load.start();
        long start = System.nanoTime();
        while (!stop.get()) {
            sample((System.nanoTime() - start) / 6e10);
            Thread.sleep(SAMPLE_MILLIS);
        }
        load.join();
        open.arriveAndAwaitAdvance();
        return verdict();
    }

    private void ask(Random random, Phaser open) {
        var way = ways.get(random.nextInt(ways.size()));
        int kind = random.nextInt(100);
        var options = RequestOptions.defaults();
        if (kind < 10) {
            options = options.withTimeout(Duration.ofMillis(1 + random.nextInt(200)));
        } else if (kind < 30) {
            options = options.withPriority(random.nextBoolean() ? Priority.HIGH : Priority.LOW)
                    .withCaller("caller " + random.nextInt(5));
        }
        open.register();
        var future = way.asker.ask(options);
        var unused = future.whenComplete((answer, failure) -> {
            count(way, answer, failure);
            open.arriveAndDeregister();
        });
        if (kind >= 97) {
            future.cancel(true);
        }
    }

    private void count(Way way, @Nullable Object answer, @Nullable Throwable failure) {
        var cause = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause == null) {
            (way.answer.equals(answer) ? right : wrong).increment();
        } else if (cause instanceof QueueFullException) {
            refused.increment();
        } else if (cause instanceof DeadlineException) {
            expired.increment();
        } else if (cause instanceof CancellationException) {
            cancelled.increment();
        } else {
            failed.increment();
            System.out.println("failed: " + cause);
        }
    }

    /** Requests a second of callers that each wait for their own. */
    private double capacity(double seconds) throws InterruptedException {
        var done = new LongAdder();
        var stop = new AtomicBoolean();
        var busy = new CountDownLatch(CALLERS);
        for (int i = 0; i < CALLERS; i++) {
            again(new Random(i), done, stop, busy);
        }
        long start = System.nanoTime();
        Thread.sleep(Math.round(1000 * seconds));
        double rate = done.sum() * 1e9 / (System.nanoTime() - start);
        stop.set(true);
        busy.await();
        return rate;
    }

    private void again(Random random, LongAdder done, AtomicBoolean stop, CountDownLatch busy) {
        var unused = ways.get(random.nextInt(ways.size()))
                .asker
                .ask(RequestOptions.defaults())
                .whenComplete((answer, failure) -> {
                    done.increment();
                    if (stop.get() || failure != null) {
                        busy.countDown();
                    } else {
                        again(random, done, stop, busy);
                    }
                });
    }

    private void sample(double minute) throws IOException {
        var status = Files.readAllLines(Path.of("/proc/self/status"));
        boolean isNewMinute = minutes.isEmpty() || (int) minute > (int) (double) minutes.get(minutes.size() - 1);
        minutes.add(minute);
        mebibytes.add(number(status, "VmRSS:") / 1024);
        threads.add(number(status, "Threads:"));
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            handles.add((double) open.count());
        }
        if (isNewMinute) {
            int last = minutes.size() - 1;
            System.out.printf(
                    Locale.ROOT,
                    "minute %.0f: %.1f MiB, %.0f handles, %.0f threads; %d right, %d refused, %d expired, %d cancelled%n",
                    minute,
                    mebibytes.get(last),
                    handles.get(last),
                    threads.get(last),
                    right.sum(),
                    refused.sum(),
                    expired.sum(),
                    cancelled.sum());
        }
    }

    private static double number(List<String> status, String key) {
        var line =
                status.stream().filter(any -> any.startsWith(key)).findFirst().orElseThrow();
        return Double.parseDouble(line.replaceAll("[^0-9]", ""));
    }

    private boolean verdict() {
        int from = minutes.size() / 3;
        boolean holds = holds("MiB", mebibytes, from, LEAST_MIB);
        holds &= holds("handles", handles, from, LEAST_HANDLES);
        holds &= holds("threads", threads, from, LEAST_THREADS);
        System.out.printf(
                Locale.ROOT,
                "%d right, %d wrong, %d failed, %d refused, %d expired, %d cancelled%n",
                right.sum(),
                wrong.sum(),
                failed.sum(),
                refused.sum(),
                expired.sum(),
                cancelled.sum());
        holds &= wrong.sum() == 0 && failed.sum() == 0 && right.sum() > 0;
        System.out.println(holds ? "pass" : "fail");
        return holds;
    }

    private boolean holds(String what, List<Double> values, int from, double least) {
        var drift = Drift.of(minutes.subList(from, minutes.size()), values.subList(from, values.size()));
        boolean holds = drift.sureGrowth() <= least;
        System.out.printf(Locale.ROOT, "%-8s %s%s%n", what, drift, holds ? "" : ": grows");
        return holds;
    }
}
