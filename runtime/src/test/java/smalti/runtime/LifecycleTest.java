package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    private static final int THREADS = 8;

    @Test
    void useAfterCloseIsRefused() {
        var model = SmaltiModel.open(Bundles.CODEC);
        var codec = model.codec();
        var pixels = new Pixels(1, 2, 2, 3, ByteBuffer.allocate(12));
        var codes = codec.encode(pixels);
        model.close();
        model.close();
        closed(() -> codec.encode(pixels));
        closed(() -> codec.decode(codes));
        closed(() -> codec.decode(codes, ByteBuffer.allocateDirect(12)));
        closed(() -> codec.reconstruct(pixels));
        closed(model::codec);
        var other = SmaltiModel.open(Bundles.CONDITIONAL);
        var generator = other.generator();
        other.close();
        closed(() -> generator.generate(1, 0, 0));
        closed(other::generator);
    }

    @Test
    void aModelThatWasNeverUsedCloses() {
        SmaltiModel.open(Bundles.CODEC).close();
    }

    @Test
    void threadsGetTheirOwnResults() throws Exception {
        try (var model =
                SmaltiModel.open(Bundles.CODEC, RuntimeOptions.defaults().withMaxBatch(4))) {
            runAll(Duration.ofSeconds(1), thread -> {
                // each asks for sizes of its own, so that a buffer that two share would show
                var pixels = pixels(thread, 1 + thread, 8 + 2 * thread, 16);
                var expected = model.codec().encode(pixels);
                var expectedPixels = model.codec().decode(expected);
                return () -> {
                    assertThat(model.codec().encode(pixels)).isEqualTo(expected);
                    assertThat(model.codec().decode(expected)).isEqualTo(expectedPixels);
                    return true;
                };
            });
        }
    }

    @Test
    void closingWaitsForRunningCalls() throws Exception {
        for (int round = 0; round < 15; round++) {
            var codecModel = SmaltiModel.open(Bundles.CODEC);
            var generatorModel = SmaltiModel.open(Bundles.GENERATOR);
            var pixels = pixels(round, 16, 64, 64);
            var expected = codecModel.codec().encode(pixels);
            var expectedPictures = generatorModel.generator().generate(16, round);
            long seed = round;
            var called = new CountDownLatch(1);
            var closer = Executors.newSingleThreadExecutor();
            long pause = 7L * round;
            var closing = closer.submit(() -> {
                called.await();
                TimeUnit.MILLISECONDS.sleep(pause);
                codecModel.close();
                generatorModel.close();
                return true;
            });
            var runs = runAll(Duration.ofSeconds(20), thread -> () -> {
                try {
                    if (thread % 2 == 0) {
                        assertThat(codecModel.codec().encode(pixels)).isEqualTo(expected);
                    } else {
                        assertThat(generatorModel.generator().generate(16, seed))
                                .isEqualTo(expectedPictures);
                    }
                    called.countDown();
                    return true;
                } catch (ModelClosedException e) {
                    assertThat(e).hasMessageContaining("is closed");
                    return false;
                }
            });
            closing.get();
            closer.shutdown();
            assertThat(runs).as("calls before the end of round %s", round).isPositive();
        }
    }

    private interface Work {
        /** What thread {@code thread} repeats until it returns false or the time is over. */
        Callable<Boolean> of(int thread);
    }

    private static int runAll(Duration time, Work work) throws Exception {
        var threads = Executors.newFixedThreadPool(THREADS);
        try {
            long end = System.nanoTime() + time.toNanos();
            var running = new ArrayList<Future<Integer>>();
            for (int thread = 0; thread < THREADS; thread++) {
                int number = thread;
                running.add(threads.submit(() -> {
                    var step = work.of(number);
                    int runs = 0;
                    while (System.nanoTime() < end && step.call()) {
                        runs++;
                    }
                    return runs;
                }));
            }
            int runs = 0;
            for (var one : running) {
                runs += one.get();
            }
            return runs;
        } finally {
            threads.shutdown();
        }
    }

    private static Pixels pixels(long seed, int count, int height, int width) {
        var bytes = new byte[count * height * width * 3];
        new Random(seed).nextBytes(bytes);
        return new Pixels(count, height, width, 3, ByteBuffer.wrap(bytes));
    }

    private static void closed(Runnable call) {
        assertThatThrownBy(call::run).isInstanceOf(ModelClosedException.class).hasMessageContaining("is closed");
    }
}
