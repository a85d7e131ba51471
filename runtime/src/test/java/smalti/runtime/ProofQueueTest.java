package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import smalti.runtime.OnnxModel.Requests;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** Requests that wait until it is seen whether their rows are independent: let in once, told once, counted from arrival. */
@Timeout(60)
final class ProofQueueTest {
    private static final TensorSpec X = TensorSpec.of("x", ElementType.FLOAT32, "N W");
    private static final Signature SIGNATURE =
            new Signature(List.of(X), List.of(TensorSpec.of("y", ElementType.FLOAT32, "N W")));

    @TempDir
    Path folder;

    private final ThreadBudget budget = ThreadBudget.of(1);
    private final CountDownLatch tries = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final Limits limits = Limits.of(8, 8);
    private final Batcher<String> batcher = new Batcher<>(
            "m.onnx/rows",
            (batch, alone, stop) -> 0,
            new BatchSettings(limits, budget, 1, 1),
            BatchListener.NONE,
            Threads.SERVERS);

    /** Whose tries take as long as a test likes. */
    private final ProofQueue queue =
            new ProofQueue("m.onnx", batcher::place, new RowsProof("m.onnx", SIGNATURE, limits, false, trial -> {
                tries.countDown();
                join(mayEnd);
            }));

    @Test
    void aFailureThatNobodyCanBeToldEndsTheRequestAllTheSame() {
        var hasty = RequestOptions.defaults().withTimeout(Duration.ofMillis(1));
        var answer = queue.later(job(1, 2), hasty, failure -> {
            throw new IllegalStateException("as the test wants it");
        });
        assertThatThrownBy(answer::join).hasCauseInstanceOf(DeadlineException.class);
        var cancelled = queue.later(job(1, 2), RequestOptions.defaults(), failure -> {
            throw new IllegalStateException("as the test wants it");
        });
        assertThat(catchThrowable(() -> cancelled.cancel(false))).hasMessage("as the test wants it");
        assertThat(cancelled).isCancelled();
        // else this would wait for an hour
        queue.calls().close(Duration.ofHours(1));
        assertThat(batcher.room().waiting()).isZero();
        mayEnd.countDown();
    }

    @Test
    void aMeterThatFailsCostsNobodyTheEndOfARequest() throws Exception {
        var broken = new SimpleMeterRegistry() {
            @Override
            protected Counter newCounter(Meter.Id id) {
                return new Broken(super.newCounter(id));
            }
        };
        var model = open(RuntimeOptions.defaults().withMeters(broken).withDrainTimeout(Duration.ofHours(1)));
        assertThat(budget.tryTake(1)).isTrue();
        var hasty = RequestOptions.defaults().withTimeout(Duration.ofMillis(1));
        var expired = model.with(hasty).runAsync(rows(2));
        assertThatThrownBy(expired::join).hasCauseInstanceOf(DeadlineException.class);
        var cancelled = model.runAsync(rows(2));
        assertThat(cancelled.cancel(true)).isTrue();
        letGo();
        model.close();
        assertThat(model.health()).hasToString("closed");
    }

    /** The failure is told by another thread, and the interrupt comes meanwhile. */
    @Test
    void whoIsInterruptedWhileAFailureIsToldIsHandedOnce() {
        var caller = Thread.currentThread();
        var isTold = new CountDownLatch(1);
        var hasty = RequestOptions.defaults().withTimeout(Duration.ofMillis(1));
        assertThatThrownBy(() -> queue.now(job(1, 2), hasty, failure -> {
                    caller.interrupt();
                    join(isTold);
                }))
                .isInstanceOf(CancellationException.class);
        assertThat(Thread.interrupted()).isTrue();
        isTold.countDown();
        var next = queue.later(job(1, 2), RequestOptions.defaults(), failure -> {});
        // it is under way, however often the one before was handed
        assertThat(queue.calls().close(Duration.ofMillis(20))).isEqualTo(Duration.ZERO);
        mayEnd.countDown();
        next.join().close();
        assertThat(queue.calls().close(Duration.ofHours(1))).isPositive();
    }

    @Test
    void whoWasLetInIsNotRefusedAfterwards() {
        mayEnd.countDown();
        assertThat(budget.tryTake(1)).isTrue();
        var known = batcher.submit("known", Demand.of("kind", 1), RequestOptions.defaults(), () -> "known");
        var waiting = queue.later(job(6, 2), RequestOptions.defaults(), failure -> {});
        var seen = waiting.join();
        // it keeps its room until the queue has it
        assertThat(batcher.room().waiting()).isEqualTo(7);
        assertThatThrownBy(() -> batcher.submit("more", Demand.of("kind", 2), RequestOptions.defaults(), () -> "more")
                        .join())
                .hasCauseInstanceOf(QueueFullException.class);
        var one = batcher.submit("one", Demand.of("kind", 1), RequestOptions.defaults(), () -> "one");
        var answer = batcher.submit("six", Demand.of("kind", 6), RequestOptions.defaults(), seen.place(), () -> "six");
        seen.close();
        assertThat(batcher.room().waiting()).isEqualTo(8);
        assertThat(answer).isNotDone();
        letGo();
        assertThat(List.of(known.join(), answer.join(), one.join())).containsExactly("known", "six", "one");
        assertThat(batcher.room().waiting()).isZero();
    }

    @Test
    void theRoomOfOneThatIsRunAtOnceIsFree() {
        var place = batcher.place(Demand.of("kind", 8));
        assertThat(batcher.room().waiting()).isEqualTo(8);
        batcher.run("eight", Demand.of("kind", 8), RequestOptions.defaults(), place);
        assertThat(batcher.room().waiting()).isZero();
        place.leave();
        assertThat(batcher.room().waiting()).isZero();
    }

    @Test
    void theTimeoutOfOneThatWasLetInCountsFromItsArrival() {
        assertThat(budget.tryTake(1)).isTrue();
        var place = batcher.place(Demand.of("kind", 1));
        pass(5);
        var hasty = RequestOptions.defaults().withTimeout(Duration.ofMillis(1));
        var expired = batcher.submit("late", Demand.of("kind", 1), hasty, place, () -> "late");
        assertThatThrownBy(expired::join).hasCauseInstanceOf(DeadlineException.class);
        letGo();
    }

    @Test
    void theTimeToWaitIsWorthSendingWhileProofsFillTheRoom() {
        batcher.room().sharedWith(queue::nanosUntilEmpty);
        var first = queue.later(job(4, 2), RequestOptions.defaults(), failure -> {});
        var same = queue.later(job(2, 2), RequestOptions.defaults(), failure -> {});
        var other = queue.later(job(2, 3), RequestOptions.defaults(), failure -> {});
        join(tries);
        pass(20);
        // so long is one tried already, and another kind comes behind it
        var shortest = Duration.ofMillis(40);
        assertThatThrownBy(() -> queue.later(job(2, 2), RequestOptions.defaults(), failure -> {}))
                .isInstanceOfSatisfying(QueueFullException.class, refusal -> {
                    assertThat(refusal.estimate()).isGreaterThanOrEqualTo(shortest);
                    assertThat(refusal.depth()).isEqualTo(8);
                });
        assertThatThrownBy(() -> batcher.submit("known", Demand.of("kind", 1), RequestOptions.defaults(), () -> "")
                        .join())
                .cause()
                .isInstanceOfSatisfying(
                        QueueFullException.class,
                        refusal -> assertThat(refusal.estimate()).isGreaterThanOrEqualTo(shortest));
        mayEnd.countDown();
        for (var answer : List.of(first, same, other)) {
            answer.join().close();
        }
        assertThat(batcher.room().waiting()).isZero();
        assertThat(queue.nanosUntilEmpty()).isZero();
    }

    @Test
    void itIsMeteredAndObservedFromItsArrival() throws Exception {
        var meters = new SimpleMeterRegistry();
        var started = new AtomicInteger();
        var stopped = new AtomicInteger();
        var observations = ObservationRegistry.create();
        observations.observationConfig().observationHandler(new ObservationHandler<>() {
            @Override
            public void onStart(Observation.Context context) {
                started.incrementAndGet();
            }

            @Override
            public void onStop(Observation.Context context) {
                stopped.incrementAndGet();
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return true;
            }
        });
        try (var model = open(RuntimeOptions.defaults().withMeters(meters).withObservations(observations))) {
            assertThat(budget.tryTake(1)).isTrue();
            var answer = model.runAsync(rows(2));
            assertThat(started).hasValue(1);
            var beside = CompletableFuture.supplyAsync(() -> model.run(rows(3)), Threads.SERVERS);
            while (started.get() < 2) {
                Thread.onSpinWait();
            }
            long since = System.nanoTime();
            pass(30);
            assertThat(stopped).hasValue(0);
            long waited = System.nanoTime() - since;
            letGo();
            assertThat(answer.join()).containsKey("y");
            assertThat(beside.join()).containsKey("y");
            for (var name : List.of("smalti.request.time", "smalti.queue.time")) {
                var timer = meters.get(name).timer();
                assertThat(timer.count()).as(name).isEqualTo(2);
                // the first of them came before that, the second may have been a moment short of it
                assertThat(timer.max(TimeUnit.NANOSECONDS)).as(name).isGreaterThanOrEqualTo((double) waited);
            }
        }
        assertThat(stopped).hasValue(2);
    }

    private OnnxModel open(RuntimeOptions options) throws Exception {
        var graph = new OnnxBytes()
                .node("Neg", "x", "y")
                .input("x", OnnxBytes.FLOAT, "n w")
                .output("y", OnnxBytes.FLOAT, "n w");
        var file = Files.write(folder.resolve("m.onnx"), graph.file());
        return OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options.withBudget(budget));
    }

    private static Map<String, Tensor> rows(int count) {
        return Map.of("x", Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, count, 12 / count));
    }

    private static GraphJob job(int rows, int width) {
        return GraphJob.of(SIGNATURE, List.of(HostTensor.direct(X, new long[] {rows, width})));
    }

    private void letGo() {
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
    }

    /** Lets so much time pass at least. */
    private static void pass(long millis) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < millis * 1_000_000) {
            Thread.onSpinWait();
        }
    }

    private static void join(CountDownLatch latch) {
        boolean isInterrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private record Broken(Counter counter) implements Counter {
        @Override
        public void increment(double amount) {
            // what is passed over is counted when a model is opened
            if (amount > 0) {
                throw new IllegalStateException("as the test wants it");
            }
        }

        @Override
        public double count() {
            return counter.count();
        }

        @Override
        public Id getId() {
            return counter.getId();
        }
    }
}
