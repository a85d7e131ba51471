package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Callers on virtual threads: they wait without holding up others, and what they ask for is run elsewhere. */
@Timeout(60)
final class VirtualThreadsTest {
    private static final RequestOptions PLAIN = RequestOptions.defaults();

    @Test
    void aThousandCallersGetTheirOwnAnswers() throws Exception {
        var virtual = virtualThreads();
        var pictures = new ArrayList<Pixels>();
        var codes = new ArrayList<Codes>();
        var decoded = new ArrayList<Pixels>();
        try (var model =
                SmaltiModel.open(Bundles.CODEC, RuntimeOptions.defaults().withMaxWaiting(100_000))) {
            for (int seed = 0; seed < 8; seed++) {
                pictures.add(pixels(seed));
                codes.add(model.codec().encode(pictures.get(seed)));
                decoded.add(model.codec().decode(codes.get(seed)));
            }
            var running = new ArrayList<Future<?>>();
            for (int number = 0; number < 1000; number++) {
                int seed = number % 8;
                int way = number / 8 % 4;
                running.add(virtual.submit(() -> {
                    assertThat(Threads.currentIsVirtual()).isTrue();
                    var codec = model.codec();
                    switch (way) {
                        case 0 -> assertThat(codec.encode(pictures.get(seed))).isEqualTo(codes.get(seed));
                        case 1 ->
                            assertThat(codec.reconstruct(pictures.get(seed))).isEqualTo(decoded.get(seed));
                        case 2 ->
                            assertThat(codec.decodeAsync(codes.get(seed)).join())
                                    .isEqualTo(decoded.get(seed));
                        default -> {
                            try (var all = codec.decode(Stream.of(codes.get(seed), codes.get(seed)))) {
                                assertThat(all).containsExactly(decoded.get(seed), decoded.get(seed));
                            }
                        }
                    }
                    return true;
                }));
            }
            for (var one : running) {
                one.get();
            }
        }
        virtual.shutdown();
    }

    /** Native code would hold the thread that carries it; who waits holds none. */
    @Test
    void callersThatWaitHoldUpNobody() throws Exception {
        var virtual = virtualThreads();
        var runsOn = new ConcurrentLinkedQueue<Boolean>();
        var door = new CountDownLatch(1);
        var ran = new AtomicInteger();
        var batcher = new Batcher<String>(
                "slow",
                (batch, alone, stop) -> {
                    runsOn.add(Threads.currentIsVirtual());
                    try {
                        door.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    ran.addAndGet(batch.size());
                    return 0;
                },
                new BatchSettings(4, 10_000, ThreadBudget.of(2), 1, 1),
                BatchListener.NONE,
                Threads.SERVERS);
        int callers = 20 * Runtime.getRuntime().availableProcessors();
        var waiting = new ArrayList<Future<?>>();
        for (int i = 0; i < callers; i++) {
            waiting.add(virtual.submit(() -> batcher.run("request", Demand.of("kind", 1), PLAIN)));
        }
        while (batcher.depth() < callers - 8) {
            Thread.onSpinWait();
        }
        // many more wait than there are threads to carry them, and this one is carried
        assertThat(virtual.submit(() -> "carried").get()).isEqualTo("carried");
        assertThat(waiting).noneMatch(Future::isDone);
        door.countDown();
        for (var one : waiting) {
            one.get();
        }
        assertThat(ran).hasValue(callers);
        assertThat(runsOn).isNotEmpty().containsOnly(false);
        virtual.shutdown();
    }

    @Test
    void anInterruptedOneIsLetGo() throws Exception {
        var virtual = virtualThreads();
        var budget = ThreadBudget.of(1);
        assertThat(budget.tryTake(1)).isTrue();
        var batcher = new Batcher<String>(
                "held",
                (batch, alone, stop) -> 0,
                new BatchSettings(4, 100, budget, 1, 1),
                BatchListener.NONE,
                Threads.SERVERS);
        var caller = new ArrayList<Thread>();
        var isThere = new CountDownLatch(1);
        var call = virtual.submit(() -> {
            caller.add(Thread.currentThread());
            isThere.countDown();
            try {
                batcher.run("request", Demand.of("kind", 1), PLAIN);
                return List.of();
            } catch (CancellationException e) {
                return List.of(Thread.currentThread().isInterrupted());
            }
        });
        isThere.await();
        while (batcher.depth() == 0) {
            Thread.onSpinWait();
        }
        caller.get(0).interrupt();
        assertThat(call.get()).isEqualTo(List.of(true));
        assertThat(batcher.depth()).isZero();
        virtual.shutdown();
    }

    /** A thread of its own for each task; this is compiled for a Java that has none of them. */
    private static ExecutorService virtualThreads() throws ReflectiveOperationException {
        assumeTrue(
                Runtime.version().feature() >= 21,
                "virtual threads are there since Java 21, and this is " + Runtime.version());
        return (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }

    private static Pixels pixels(long seed) {
        int count = 1 + (int) (seed % 3);
        int side = 8 + 8 * (int) (seed % 2);
        var bytes = new byte[count * side * side * 3];
        new Random(seed).nextBytes(bytes);
        return new Pixels(count, side, side, 3, ByteBuffer.wrap(bytes));
    }
}
