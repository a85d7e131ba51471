package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import smalti.runtime.BatchListener.Outcome;
import smalti.runtime.Ticket.Slice;

/** Requests of squares: item i of {@code Squares(first, n)} is (first + i)². */
@Timeout(60)
final class BatcherTest {
    private static final RequestOptions PLAIN = RequestOptions.defaults();

    private final Kitchen kitchen = new Kitchen();
    private final Log log = new Log();

    @Test
    void aRequestAloneRunsOnItsCallersThread() {
        var batcher = batcher(4, 100, 1);
        var squares = run(batcher, new Squares(3, 4), PLAIN);
        assertThat(squares.answers).containsExactly(9, 16, 25, 36);
        assertThat(kitchen.threads).containsExactly(Thread.currentThread());
        assertThat(log.outcomes).containsExactly(Outcome.COMPLETED);
    }

    @Test
    void aLargeRequestIsCut() {
        var batcher = batcher(4, 100, 1);
        assertThat(run(batcher, new Squares(0, 11), PLAIN).answers)
                .containsExactly(0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100);
        assertThat(kitchen.batches).containsExactly("0:4", "4:4", "8:3");
    }

    @Test
    void whatWaitsIsRunTogetherAsSoonAsThereAreThreads() {
        var batcher = batcher(8, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var others = new ArrayList<CompletableFuture<Squares>>();
        for (int i = 0; i < 10; i++) {
            others.add(submit(batcher, new Squares(10 * i, 1), PLAIN));
        }
        assertThat(batcher.depth()).isEqualTo(10);
        kitchen.open();
        assertThat(first.join().answers).containsExactly(1);
        for (int i = 0; i < 10; i++) {
            assertThat(others.get(i).join().answers).containsExactly(100 * i * i);
        }
        assertThat(kitchen.batches).containsExactly("1:1", "0:1 10:1 20:1 30:1 40:1 50:1 60:1 70:1", "80:1 90:1");
    }

    @Test
    void asManyRunAtOnceAsThereAreThreads() {
        var batcher = batcher(1, 100, 3);
        kitchen.close();
        var all = new ArrayList<CompletableFuture<Squares>>();
        for (int i = 0; i < 9; i++) {
            all.add(submit(batcher, new Squares(i, 1), PLAIN));
        }
        kitchen.awaitRunning(3);
        assertThat(batcher.depth()).isEqualTo(6);
        kitchen.open();
        all.forEach(CompletableFuture::join);
        assertThat(kitchen.most).hasValue(3);
    }

    @Test
    void whatIsWarmedTakesItsTurn() {
        var batcher = batcher(4, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var warming = new Thread(() -> batcher.warm(new Squares(2, 2), Demand.of("squares", 2)));
        warming.start();
        await(() -> warming.getState() == Thread.State.WAITING);
        kitchen.open();
        first.join();
        await(() -> !warming.isAlive());
        assertThat(kitchen.batches).startsWith("1:1", "2:2", "2:2").hasSizeGreaterThan(SizeCosts.LEAST_SEEN + 1);
        assertThat(kitchen.most).hasValue(1);
        assertThat(run(batcher, new Squares(3, 1), PLAIN).answers).containsExactly(9);
    }

    /** Another model holds the threads: to close does not wait for those. */
    @Test
    void whatWaitsToBeWarmedEndsWithTheBatcher() throws Exception {
        var budget = ThreadBudget.of(1);
        var batcher = new Batcher<>("kitchen", kitchen, settings(4, 100, budget), log, Threads.SERVERS);
        assertThat(budget.tryTake(1)).isTrue();
        var failure = new CompletableFuture<RuntimeException>();
        var warming = new Thread(() -> {
            try {
                batcher.warm(new Squares(2, 2), Demand.of("squares", 2));
            } catch (RuntimeException e) {
                failure.complete(e);
            }
        });
        warming.start();
        await(() -> warming.getState() == Thread.State.WAITING);
        batcher.drain(Duration.ZERO);
        assertThat(failure.get()).isInstanceOf(ModelClosedException.class).hasMessage("kitchen is closed");
        assertThat(kitchen.batches).isEmpty();
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
        assertThat(budget.tryTake(1)).as("nothing took the thread").isTrue();
    }

    @Test
    void oneBadRequestFailsAlone() {
        var batcher = batcher(8, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var good = submit(batcher, new Squares(2, 2), PLAIN);
        var bad = submit(batcher, new Squares(-1, 1), PLAIN);
        var other = submit(batcher, new Squares(5, 1), PLAIN);
        kitchen.open();
        assertThat(first.join().answers).containsExactly(1);
        assertThat(good.join().answers).containsExactly(4, 9);
        assertThat(other.join().answers).containsExactly(25);
        assertThatThrownBy(bad::join)
                .isInstanceOf(CompletionException.class)
                .hasRootCauseMessage("a square of -1 was asked for");
        assertThat(log.count(Outcome.FAILED)).isEqualTo(1);
        assertThat(log.count(Outcome.COMPLETED)).isEqualTo(3);
    }

    @Test
    void whatFailsAsABatchOfItsOwnIsNotRunAgain() {
        var runs = new AtomicInteger();
        var budget = ThreadBudget.of(1);
        var batcher = new Batcher<String>(
                "kitchen",
                (batch, alone, stop) -> {
                    runs.incrementAndGet();
                    throw new IllegalStateException("burnt");
                },
                new BatchSettings(4, 100, budget, 1, 1),
                BatchListener.NONE,
                Threads.SERVERS);
        assertThat(budget.tryTake(1)).isTrue();
        var failed = batcher.submit("bread", Demand.of("bread", 1), PLAIN, () -> "bread");
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
        assertThatThrownBy(failed::join).hasRootCauseMessage("burnt");
        assertThat(runs).hasValue(1);
    }

    @Test
    void whatItsRunThrowsReachesACallerWhoWaits() throws Exception {
        var batcher = batcher(8, 100, 1);
        assertThatThrownBy(() -> run(batcher, new Squares(-1, 1), PLAIN))
                .isInstanceOf(RunException.class)
                .hasRootCauseInstanceOf(IllegalArgumentException.class)
                .hasRootCauseMessage("a square of -1 was asked for");
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var waiting = Executors.newSingleThreadExecutor();
        var result = waiting.submit(() -> run(batcher, new Squares(-1, 1), PLAIN));
        await(() -> batcher.depth() == 1);
        kitchen.open();
        first.join();
        assertThatThrownBy(result::get)
                .hasCauseInstanceOf(RunException.class)
                .hasRootCauseInstanceOf(IllegalArgumentException.class);
        waiting.shutdown();
        // the threads came back
        assertThat(run(batcher, new Squares(6, 1), PLAIN).answers).containsExactly(36);
    }

    @Test
    void outOfMemoryFailsOnlyWhomItHits() {
        var batcher = batcher(8, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var huge = submit(batcher, new Squares(Kitchen.HUGE, 1), PLAIN);
        var good = submit(batcher, new Squares(7, 1), PLAIN);
        kitchen.open();
        first.join();
        assertThat(good.join().answers).containsExactly(49);
        assertThatThrownBy(huge::join).hasRootCauseInstanceOf(OutOfMemoryError.class);
    }

    @Test
    void anErrorReachesWhomItHitsAndLeavesTheThreads() {
        var batcher = batcher(8, 100, 1);
        assertThatThrownBy(() -> run(batcher, new Squares(Kitchen.HUGE, 1), PLAIN))
                .isInstanceOf(RunException.class)
                .hasCauseInstanceOf(OutOfMemoryError.class);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var broken = submit(batcher, new Squares(Kitchen.BROKEN, 1), PLAIN);
        var large = submit(batcher, new Squares(Kitchen.HUGE - 9, 20), PLAIN);
        var good = submit(batcher, new Squares(7, 1), PLAIN);
        kitchen.open();
        first.join();
        assertThat(good.join().answers).containsExactly(49);
        assertThatThrownBy(broken::join).hasRootCauseInstanceOf(NoClassDefFoundError.class);
        assertThatThrownBy(large::join).hasRootCauseInstanceOf(OutOfMemoryError.class);
        assertThat(run(batcher, new Squares(6, 1), PLAIN).answers).containsExactly(36);
        assertThat(log.count(Outcome.FAILED)).isEqualTo(3);
        assertThat(log.outcomes).hasSize(6);
    }

    @Test
    void aListenerThatFailsCostsNobodyAnAnswer() {
        var settings = settings(8, 100, ThreadBudget.of(1));
        BatchListener broken = new BatchListener() {
            @Override
            public void batch(int items, long copyNanos, long runNanos) {
                throw new IllegalStateException("no such meter");
            }

            @Override
            public void request(Outcome outcome, int items, long queuedNanos, long totalNanos) {
                throw new NoClassDefFoundError("no such meter");
            }
        };
        var batcher = new Batcher<>("squares", kitchen, settings, broken, Threads.SERVERS);
        assertThat(run(batcher, new Squares(2, 1), PLAIN).answers).containsExactly(4);
        assertThat(submit(batcher, new Squares(3, 1), PLAIN).join().answers).containsExactly(9);
        var bad = submit(batcher, new Squares(-1, 1), PLAIN);
        assertThatThrownBy(bad::join).hasRootCauseMessage("a square of -1 was asked for");
        batcher.drain(Duration.ofSeconds(20));
    }

    @Test
    void whereTheMachineHasNoThreadLeftTheCallersOwnServes() {
        var settings = settings(8, 100, ThreadBudget.of(1));
        var batcher = new Batcher<>("squares", kitchen, settings, log, task -> {
            throw new OutOfMemoryError("unable to create native thread");
        });
        for (int i = 0; i < 5; i++) {
            assertThat(submit(batcher, new Squares(i, 20), PLAIN).join().answers[19])
                    .isEqualTo((i + 19) * (i + 19));
        }
        assertThat(kitchen.threads).containsOnly(Thread.currentThread());
        batcher.drain(Duration.ofSeconds(20));
    }

    @Test
    void tooMuchIsRefusedAtOnce() {
        var batcher = batcher(4, 5, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var waits = submit(batcher, new Squares(2, 4), PLAIN);
        assertThatThrownBy(() -> run(batcher, new Squares(3, 2), PLAIN))
                .isInstanceOfSatisfying(
                        QueueFullException.class, e -> assertThat(e.depth()).isEqualTo(4))
                .hasMessageContaining("squares: 2 more cannot wait where 4 of at most 5 wait already");
        assertThat(submit(batcher, new Squares(3, 2), PLAIN)).isCompletedExceptionally();
        kitchen.open();
        first.join();
        waits.join();
        assertThat(log.count(Outcome.REFUSED)).isEqualTo(2);
    }

    @Test
    void theTimeoutRunsWhileARequestWaits() {
        var batcher = batcher(4, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var late = submit(batcher, new Squares(2, 1), PLAIN.withTimeout(Duration.ofMillis(20)));
        var patient = submit(batcher, new Squares(3, 1), PLAIN.withTimeout(Duration.ofMinutes(1)));
        // although the run before it is not over
        assertThatThrownBy(late::join).hasRootCauseInstanceOf(DeadlineException.class);
        assertThat(batcher.depth()).isEqualTo(1);
        kitchen.open();
        first.join();
        assertThat(patient.join().answers).containsExactly(9);
        assertThat(kitchen.batches).doesNotContain("2:1");
        assertThat(log.count(Outcome.EXPIRED)).isEqualTo(1);
    }

    @Test
    void aTimeoutOfAgesIsNone() {
        var batcher = batcher(4, 100, 1);
        var ages = PLAIN.withTimeout(Duration.ofSeconds(Long.MAX_VALUE));
        assertThat(run(batcher, new Squares(3, 1), ages).answers).containsExactly(9);
        assertThat(submit(batcher, new Squares(4, 1), ages).join().answers).containsExactly(16);
    }

    @Test
    void aCancelledRequestIsNotRun() {
        var batcher = batcher(4, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var cancelled = submit(batcher, new Squares(2, 1), PLAIN);
        cancelled.cancel(true);
        assertThat(batcher.depth()).isZero();
        kitchen.open();
        first.join();
        assertThat(kitchen.batches).containsExactly("1:1");
        assertThat(log.count(Outcome.CANCELLED)).isEqualTo(1);
    }

    @Test
    void aRunIsStoppedOnceNobodyWaitsForAnyOfIt() {
        var batcher = batcher(4, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var one = submit(batcher, new Squares(2, 1), PLAIN);
        var two = submit(batcher, new Squares(3, 1), PLAIN);
        kitchen.letOneGo();
        first.join();
        kitchen.awaitRunning(1);
        one.cancel(true);
        assertThat(kitchen.stopped).hasValue(0);
        two.cancel(true);
        await(() -> kitchen.stopped.get() == 1);
        kitchen.open();
        assertThat(run(batcher, new Squares(4, 1), PLAIN).answers).containsExactly(16);
        assertThat(log.count(Outcome.CANCELLED)).isEqualTo(2);
    }

    @Test
    void anInterruptedCallerIsLetGo() throws Exception {
        var batcher = batcher(4, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var seen = new CompletableFuture<Boolean>();
        var caller = new Thread(() -> {
            try {
                run(batcher, new Squares(2, 1), PLAIN);
                seen.complete(false);
            } catch (CancellationException e) {
                seen.complete(Thread.currentThread().isInterrupted());
            }
        });
        caller.start();
        await(() -> batcher.depth() == 1);
        caller.interrupt();
        assertThat(seen.get()).isTrue();
        kitchen.open();
        first.join();
        assertThat(kitchen.batches).containsExactly("1:1");
    }

    @Test
    void aRunOnAnInterruptedThreadGoesOnToItsEnd() {
        var batcher = batcher(4, 100, 1);
        Thread.currentThread().interrupt();
        var squares = new Squares(3, 2);
        run(batcher, squares, PLAIN);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(squares.answers).containsExactly(9, 16);
        assertThat(log.outcomes).containsExactly(Outcome.COMPLETED);
    }

    /** Its buffers are written by the run: nobody may use them before that is over. */
    @Test
    void anInterruptedCallerIsLetGoOnceItsRunIsOver() throws Exception {
        var isStarted = new CountDownLatch(1);
        var isOver = new AtomicBoolean();
        var budget = ThreadBudget.of(1);
        var batcher = new Batcher<Squares>(
                "squares",
                (batch, alone, stop) -> {
                    var stopped = new CountDownLatch(1);
                    stop.onStop(stopped::countDown);
                    isStarted.countDown();
                    join(stopped);
                    // a run takes its time to stop
                    sleep(30);
                    isOver.set(true);
                    throw new IllegalStateException("stopped");
                },
                settings(4, 100, budget),
                log,
                Threads.SERVERS);
        // so that the caller's own thread has none
        assertThat(budget.tryTake(1)).isTrue();
        var seen = new CompletableFuture<Boolean>();
        var caller = new Thread(() -> {
            try {
                run(batcher, new Squares(2, 1), PLAIN);
                seen.completeExceptionally(new AssertionError("it was not interrupted"));
            } catch (CancellationException e) {
                seen.complete(isOver.get() && Thread.currentThread().isInterrupted());
            }
        });
        caller.start();
        await(() -> batcher.depth() == 1);
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
        isStarted.await();
        caller.interrupt();
        assertThat(seen.get()).isTrue();
        assertThat(log.outcomes).containsExactly(Outcome.CANCELLED);
        batcher.drain(Duration.ofSeconds(20));
    }

    @Test
    void everyRequestEndsOnceWhenTheTimeToDrainIsOverInMidLoad() {
        var batcher = batcher(4, 1000, 2);
        kitchen.close();
        var ends = new AtomicInteger();
        var all = new ArrayList<CompletableFuture<Squares>>();
        for (int i = 0; i < 100; i++) {
            var future = submit(batcher, new Squares(i, 1 + i % 7), PLAIN);
            var unused = future.whenComplete((done, failure) -> ends.incrementAndGet());
            all.add(future);
        }
        kitchen.awaitRunning(2);
        // one batch is served, then the time is over
        kitchen.letOneGo();
        await(() -> log.count(Outcome.COMPLETED) > 0);
        kitchen.awaitRunning(2);
        batcher.drain(Duration.ZERO);
        for (int i = 0; i < 100; i++) {
            var future = all.get(i);
            await(future::isDone);
            if (future.isCompletedExceptionally()) {
                assertThatThrownBy(future::join)
                        .hasRootCauseInstanceOf(ModelClosedException.class)
                        .hasRootCauseMessage("squares is closed");
            } else {
                future.join().check(future.join());
            }
        }
        await(() -> ends.get() == 100);
        assertThat(log.outcomes).hasSize(100);
        assertThat(log.count(Outcome.COMPLETED)).isPositive();
        assertThat(log.count(Outcome.COMPLETED) + log.count(Outcome.FAILED)).isEqualTo(100);
        assertThat(batcher.depth()).isZero();
    }

    @Test
    void drainingFinishesWhatWasAskedFor() {
        var batcher = batcher(1, 100, 1);
        kitchen.close();
        var all = new ArrayList<CompletableFuture<Squares>>();
        for (int i = 0; i < 5; i++) {
            all.add(submit(batcher, new Squares(i, 1), PLAIN));
        }
        kitchen.awaitRunning(1);
        var draining = CompletableFuture.runAsync(() -> batcher.drain(Duration.ofSeconds(50)));
        await(() -> submit(batcher, new Squares(9, 1), PLAIN).isCompletedExceptionally());
        assertThat(draining).isNotDone();
        assertThatThrownBy(() -> run(batcher, new Squares(9, 1), PLAIN))
                .isInstanceOf(ModelClosedException.class)
                .hasMessage("squares is closed");
        kitchen.open();
        draining.join();
        assertThat(all).allSatisfy(future -> assertThat(future).succeedsWithin(Duration.ofSeconds(5)));
    }

    @Test
    void drainingGivesUpWhenItsTimeIsOver() {
        var batcher = batcher(1, 100, 1);
        kitchen.close();
        var runs = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var waits = submit(batcher, new Squares(2, 1), PLAIN);
        batcher.drain(Duration.ofMillis(10));
        assertThat(kitchen.stopped).hasValue(1);
        for (var future : List.of(runs, waits)) {
            assertThatThrownBy(future::join)
                    .hasRootCauseInstanceOf(ModelClosedException.class)
                    .hasRootCauseMessage("squares is closed");
        }
        assertThat(kitchen.batches).containsExactly("1:1");
    }

    @Test
    void everyAnswerIsItsRequestsOwn() throws Exception {
        var batcher = batcher(8, 1_000_000, 3);
        kitchen.jitter = true;
        var threads = Executors.newFixedThreadPool(16);
        var done = new AtomicInteger();
        var tasks = new ArrayList<CompletableFuture<Void>>();
        for (int caller = 0; caller < 16; caller++) {
            var random = new Random(caller);
            tasks.add(CompletableFuture.runAsync(
                    () -> {
                        for (int i = 0; i < 200; i++) {
                            var squares = new Squares(random.nextInt(10_000), 1 + random.nextInt(20));
                            var options = PLAIN.withPriority(random.nextBoolean() ? Priority.HIGH : Priority.LOW)
                                    .withCaller(random.nextBoolean() ? "" : "caller");
                            if (random.nextInt(10) == 0) {
                                submit(batcher, squares, options).cancel(true);
                            } else if (random.nextBoolean()) {
                                squares.check(run(batcher, squares, options));
                                done.incrementAndGet();
                            } else {
                                squares.check(submit(batcher, squares, options).join());
                                done.incrementAndGet();
                            }
                        }
                    },
                    threads));
        }
        tasks.forEach(CompletableFuture::join);
        threads.shutdown();
        batcher.drain(Duration.ofSeconds(20));
        assertThat(log.outcomes).hasSize(16 * 200);
        assertThat(log.count(Outcome.COMPLETED)).isGreaterThanOrEqualTo(done.get());
        assertThat(log.count(Outcome.FAILED)).isZero();
    }

    /** The memory of a request is its caller's again once he hears of it: whoever frees it then must not crash the JVM. */
    @Test
    void nobodyHearsOfAFailureWhileARunHoldsTheMemory() {
        for (var ending : List.of("expires", "is drained", "fails elsewhere")) {
            boolean isWide = ending.equals("fails elsewhere");
            var writes = new AtomicBoolean();
            var begun = new CountDownLatch(1);
            var settings = new BatchSettings(1, 100, ThreadBudget.of(isWide ? 2 : 1), 1, 1);
            BatchRunner<Squares> runner = (batch, alone, stop) -> {
                if (batch.get(0).first() == 1) {
                    join(begun);
                    throw new IllegalArgumentException("as the test wants it");
                }
                writes.set(true);
                begun.countDown();
                if (!isWide) {
                    var stopped = new CountDownLatch(1);
                    stop.onStop(stopped::countDown);
                    join(stopped);
                    stop.onStop(null);
                }
                // ONNX Runtime goes on for a while
                sleep(50);
                writes.set(false);
                return 0;
            };
            var batcher = new Batcher<>("squares", runner, settings, log, Threads.SERVERS);
            var options = ending.equals("expires") ? PLAIN.withTimeout(Duration.ofMillis(100)) : PLAIN;
            var heard = submit(batcher, new Squares(0, 2), options).handle((done, failure) -> writes.get());
            join(begun);
            if (ending.equals("is drained")) {
                batcher.drain(Duration.ZERO);
            }
            assertThat(heard.join()).as(ending).isFalse();
        }
    }

    @Test
    void whatIsCompletedFromOutsideIsGivenUp() {
        var batcher = batcher(1, 100, 1);
        kitchen.close();
        var first = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        var late = submit(batcher, new Squares(2, 1), PLAIN).orTimeout(1, TimeUnit.MILLISECONDS);
        assertThatThrownBy(late::join).hasCauseInstanceOf(TimeoutException.class);
        await(() -> batcher.depth() == 0);
        kitchen.open();
        assertThat(first.join().answers).containsExactly(1);
        assertThat(log.count(Outcome.CANCELLED)).isEqualTo(1);
    }

    /** As the second step of a request whose first one took all the time. */
    @Test
    void whatIsTooLateWhenItComesIsNotRunByItsCallerEither() {
        var batcher = batcher(1, 100, 1);
        assertThatThrownBy(() -> run(batcher, new Squares(1, 1), PLAIN.withTimeout(Duration.ofNanos(1))))
                .isInstanceOf(DeadlineException.class)
                .hasMessageContaining("would not be done within what was left of its timeout");
        assertThat(kitchen.batches).isEmpty();
        assertThat(log.outcomes).containsExactly(Outcome.EXPIRED);
    }

    /** What was learnt may be wrong, as of a slow start, and only runs put it right. */
    @Test
    void whereNothingWaitsARequestIsTriedWhateverWasLearnt() {
        var batcher = batcher(1, 100, 2);
        kitchen.close();
        var slow = submit(batcher, new Squares(1, 1), PLAIN);
        kitchen.awaitRunning(1);
        sleep(500);
        kitchen.open();
        slow.join();
        for (int i = 0; i < SizeCosts.LEAST_SEEN; i++) {
            kitchen.close();
            var again = submit(batcher, new Squares(1, 1), PLAIN);
            kitchen.awaitRunning(1);
            sleep(500);
            kitchen.open();
            again.join();
        }
        kitchen.close();
        var other = submit(batcher, new Squares(2, 1), PLAIN);
        kitchen.awaitRunning(1);
        var brief = submit(batcher, new Squares(3, 1), PLAIN.withTimeout(Duration.ofMillis(400)));
        kitchen.awaitRunning(2);
        kitchen.open();
        assertThat(other.join().answers).containsExactly(4);
        assertThat(brief.join().answers).containsExactly(9);
    }

    private Batcher<Squares> batcher(int maxBatch, int maxWaiting, int threads) {
        var settings = new BatchSettings(maxBatch, maxWaiting, ThreadBudget.of(threads), 1, 1);
        return new Batcher<>("squares", kitchen, settings, log, Threads.SERVERS);
    }

    private static BatchSettings settings(int maxBatch, int maxWaiting, ThreadBudget budget) {
        return new BatchSettings(maxBatch, maxWaiting, budget, 1, 1);
    }

    private static Squares run(Batcher<Squares> batcher, Squares squares, RequestOptions options) {
        batcher.run(squares, Demand.of("squares", squares.answers.length), options);
        return squares;
    }

    private static CompletableFuture<Squares> submit(
            Batcher<Squares> batcher, Squares squares, RequestOptions options) {
        return batcher.submit(squares, Demand.of("squares", squares.answers.length), options, () -> squares);
    }

    private static long sleep(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
            return 0;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void join(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) {
        while (!condition.holds()) {
            sleep(1);
        }
    }

    /** A request, and its answer. */
    private static final class Squares {
        private final int first;
        private final int[] answers;

        Squares(int first, int count) {
            this.first = first;
            this.answers = new int[count];
        }

        void check(Squares same) {
            assertThat(same).isSameAs(this);
            for (int i = 0; i < answers.length; i++) {
                assertThat(answers[i]).isEqualTo((first + i) * (first + i));
            }
        }
    }

    /** Runs batches, or holds them back while it is closed. */
    private static final class Kitchen implements BatchRunner<Squares> {
        static final int HUGE = 40_000;
        static final int BROKEN = 41_000;

        private final List<String> batches = Collections.synchronizedList(new ArrayList<>());
        private final List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
        private final AtomicInteger running = new AtomicInteger();
        private final AtomicInteger most = new AtomicInteger();
        private final AtomicInteger stopped = new AtomicInteger();
        private final Semaphore turns = new Semaphore(0);
        private volatile CountDownLatch door = new CountDownLatch(0);
        private volatile boolean jitter;

        void close() {
            door = new CountDownLatch(1);
        }

        void open() {
            door.countDown();
        }

        void letOneGo() {
            turns.release();
        }

        void awaitRunning(int count) {
            await(() -> running.get() == count);
        }

        @Override
        public long run(List<Slice<Squares>> batch, boolean alone, StopSignal stop) {
            threads.add(Thread.currentThread());
            batches.add(batch.stream()
                    .map(slice -> slice.ticket().request().first + slice.first() + ":" + slice.count())
                    .collect(Collectors.joining(" ")));
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            var given = new AtomicInteger();
            stop.onStop(() -> {
                given.set(1);
                stopped.incrementAndGet();
            });
            try {
                while (door.getCount() > 0 && given.get() == 0 && !turns.tryAcquire()) {
                    sleep(1);
                }
                if (given.get() == 1) {
                    throw new IllegalStateException("stopped");
                }
                if (jitter && batch.size() % 3 == 0) {
                    Thread.onSpinWait();
                }
                for (var slice : batch) {
                    cook(slice);
                }
                return 0;
            } finally {
                stop.onStop(null);
                running.decrementAndGet();
            }
        }

        private static void cook(Slice<Squares> slice) {
            var squares = slice.ticket().request();
            if (squares.first < 0) {
                throw new IllegalArgumentException("a square of " + squares.first + " was asked for");
            }
            if (squares.first == BROKEN) {
                throw new NoClassDefFoundError("as the test wants it");
            }
            for (int i = slice.first(); i < slice.first() + slice.count(); i++) {
                if (squares.first + i == HUGE) {
                    throw new OutOfMemoryError("as the test wants it");
                }
                squares.answers[i] = (squares.first + i) * (squares.first + i);
            }
        }
    }

    /** What a listener is told. */
    private static final class Log implements BatchListener {
        private final List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void batch(int items, long copyNanos, long runNanos) {}

        @Override
        public void request(Outcome outcome, int items, long queuedNanos, long totalNanos) {
            assertThat(queuedNanos).isBetween(0L, totalNanos);
            outcomes.add(outcome);
        }

        long count(Outcome outcome) {
            return List.copyOf(outcomes).stream().filter(outcome::equals).count();
        }
    }
}
