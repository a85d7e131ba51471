package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Threads that open, run, cancel, reload and close models at random: every answer is the serial one, or a clear end. */
final class ChaosTest {
    private static final boolean FULL = Boolean.getBoolean("smalti.full");
    private static final int THREADS = FULL ? 64 : 16;
    private static final Duration TIME = FULL ? Duration.ofMinutes(10) : Duration.ofSeconds(6);
    private static final int SEEDS = 16;

    @TempDir
    Path folder;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void everyAnswerIsTheSerialOneOrAClearEnd() throws Exception {
        var pictures = new ArrayList<Pixels>();
        var codes = new ArrayList<Codes>();
        var decoded = new ArrayList<Pixels>();
        var generated = new ArrayList<Pixels>();
        try (var codec = SmaltiModel.open(Bundles.CODEC);
                var generator = SmaltiModel.open(Bundles.GENERATOR)) {
            for (int seed = 0; seed < SEEDS; seed++) {
                pictures.add(pixels(seed));
                codes.add(codec.codec().encode(pictures.get(seed)));
                decoded.add(codec.codec().decode(codes.get(seed)));
                generated.add(generator.generator().generate(1 + seed % 5, seed));
            }
        }
        var other = Bundles.copy(Bundles.GENERATOR, folder);
        var ends = new LongAdder();
        var answers = new LongAdder();
        var futures = new Futures();
        var footprint = new Footprint();
        var shared = new AtomicReference<>(SmaltiModel.open(Bundles.CODEC, options()));
        long end = System.nanoTime() + TIME.toNanos();
        var threads = Executors.newFixedThreadPool(THREADS);
        try (var live = LiveModel.open(Bundles.GENERATOR, options())) {
            var running = new ArrayList<Future<?>>();
            for (int number = 0; number < THREADS; number++) {
                var random = new Random(number);
                running.add(threads.submit(() -> {
                    while (System.nanoTime() < end) {
                        int seed = random.nextInt(SEEDS);
                        int what = random.nextInt(1000);
                        try {
                            var model = Objects.requireNonNull(shared.get());
                            if (what < 300) {
                                assertThat(model.codec().encode(pictures.get(seed)))
                                        .isEqualTo(codes.get(seed));
                            } else if (what < 450) {
                                var future = futures.counted(model.codec().decodeAsync(codes.get(seed)));
                                assertThat(future.join()).isEqualTo(decoded.get(seed));
                            } else if (what < 550) {
                                var hurried = RequestOptions.defaults()
                                        .withTimeout(Duration.ofMillis(1 + random.nextInt(20)))
                                        .withPriority(random.nextBoolean() ? Priority.HIGH : Priority.LOW)
                                        .withCaller("caller " + random.nextInt(3));
                                assertThat(model.codec().with(hurried).reconstruct(pictures.get(seed)))
                                        .isEqualTo(decoded.get(seed));
                            } else if (what < 650) {
                                var future = futures.counted(model.codec().reconstructAsync(pictures.get(seed)));
                                if (random.nextBoolean()) {
                                    Thread.onSpinWait();
                                }
                                future.cancel(true);
                                assertThat(future).isDone();
                            } else if (what < 670) {
                                Thread.currentThread().interrupt();
                                assertThat(model.codec().encode(pictures.get(seed)))
                                        .isEqualTo(codes.get(seed));
                            } else if (what < 950) {
                                assertThat(generated(live, futures, seed, random))
                                        .isEqualTo(generated.get(seed));
                            } else if (what < 985) {
                                Pixels streamed = live.call(it -> {
                                    var request = Generation.of(1 + seed % 5, seed);
                                    try (var stream = it.generator().stream(request)) {
                                        return stream.findFirst().orElseThrow();
                                    }
                                });
                                assertThat(streamed).isEqualTo(generated.get(seed));
                            } else if (what < 990) {
                                live.reload(random.nextBoolean() ? other : Bundles.GENERATOR);
                            } else if (what < 995) {
                                shared.getAndSet(SmaltiModel.open(Bundles.CODEC, options()))
                                        .close();
                            } else {
                                try (var own = SmaltiModel.open(Bundles.CODEC, options())) {
                                    assertThat(own.codec().decode(codes.get(seed)))
                                            .isEqualTo(decoded.get(seed));
                                }
                            }
                            answers.increment();
                        } catch (RuntimeException e) {
                            assertThat(isClearEnd(e)).as("%s", e).isTrue();
                            ends.increment();
                        } finally {
                            Thread.interrupted();
                        }
                    }
                }));
            }
            if (FULL) {
                TimeUnit.NANOSECONDS.sleep(TIME.toNanos() / 3);
                footprint.settled();
            }
            for (var one : running) {
                one.get();
            }
        } finally {
            threads.shutdown();
            Objects.requireNonNull(shared.get()).close();
        }
        assertThat(answers.sum()).isGreaterThan(ends.sum());
        futures.check();
        footprint.check();
        if (FULL) {
            System.err.println(answers + " answers, " + ends + " clear ends; " + futures + "; " + footprint);
        }
    }

    /** Each of them must end, and end once. */
    private static final class Futures {
        private final LongAdder asked = new LongAdder();
        private final LongAdder ended = new LongAdder();

        <T> CompletableFuture<T> counted(CompletableFuture<T> future) {
            asked.increment();
            var unused = future.whenComplete((done, failure) -> ended.increment());
            return future;
        }

        void check() throws InterruptedException {
            // one is complete a moment before those are called that it tells of it
            while (ended.sum() < asked.sum()) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            assertThat(ended.sum()).isEqualTo(asked.sum());
        }

        @Override
        public String toString() {
            return asked + " futures";
        }
    }

    /** What this process has of the machine, where the machine tells. */
    private static final class Footprint {
        /** Far less than the graphs that are opened in a minute, if their memory did not come back. */
        private static final long MOST_GROWTH = 256L << 20;

        private final long handles = handles();
        private long nativeBytes;
        private long nativeBytesAtTheEnd;

        /** A third of the time is over. */
        void settled() throws IOException {
            nativeBytes = nativeBytes();
        }

        void check() throws IOException, InterruptedException {
            assertThat(handles()).isLessThanOrEqualTo(handles);
            // whoever still ran or waited for something of a closed model would do so for ever
            while (Thread.getAllStackTraces().entrySet().stream()
                    .anyMatch(thread -> thread.getKey().getName().startsWith("smalti-run-")
                            && Arrays.stream(thread.getValue())
                                    .anyMatch(frame -> frame.getClassName().startsWith("smalti.")))) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            if (FULL) {
                nativeBytesAtTheEnd = nativeBytes();
                assertThat(nativeBytesAtTheEnd - nativeBytes).as("%s", this).isLessThan(MOST_GROWTH);
            }
        }

        private static long handles() {
            var system = ManagementFactory.getOperatingSystemMXBean();
            return system instanceof UnixOperatingSystemMXBean unix ? unix.getOpenFileDescriptorCount() : 0;
        }

        /** Memory beside the heap; 0 where nobody tells. */
        private static long nativeBytes() throws IOException {
            var status = Path.of("/proc/self/status");
            if (!Files.isReadable(status)) {
                return 0;
            }
            long resident = Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .sum();
            return resident
                    - ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
        }

        @Override
        public String toString() {
            return handles + " handles before, " + handles() + " after; " + (nativeBytes >> 20)
                    + " MiB beside the heap after a third of the time, " + (nativeBytesAtTheEnd >> 20) + " at its end";
        }
    }

    private static Pixels generated(LiveModel live, Futures futures, int seed, Random random) {
        var request = Generation.of(1 + seed % 5, seed);
        if (random.nextBoolean()) {
            return live.call(model -> model.generator().generate(request));
        }
        CompletableFuture<Pixels> future =
                live.callAsync(model -> model.generator().generateAsync(request));
        return futures.counted(future).join();
    }

    private static RuntimeOptions options() {
        return RuntimeOptions.defaults().withMaxBatch(8).withMaxWaiting(200);
    }

    /** Closed, refused, too late or cancelled; the shared model is closed while others use it. */
    private static boolean isClearEnd(Throwable e) {
        if (e instanceof CompletionException && e.getCause() != null) {
            return isClearEnd(e.getCause());
        }
        return e instanceof QueueFullException
                || e instanceof DeadlineException
                || e instanceof CancellationException
                || e instanceof ModelClosedException;
    }

    private static Pixels pixels(long seed) {
        int count = 1 + (int) (seed % 3);
        int side = 8 + 8 * (int) (seed % 4);
        var bytes = new byte[count * side * side * 3];
        new Random(seed).nextBytes(bytes);
        return new Pixels(count, side, side, 3, ByteBuffer.wrap(bytes));
    }
}
