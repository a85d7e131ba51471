package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Closing and reloading from what hangs on futures: a drain may take an hour here, so what waits for itself shows. */
@Timeout(60)
// to close within is what is tried
@SuppressWarnings("try")
final class ClosingWithinTest {
    private static final String REFUSAL = "a close within a call would wait for that call";

    private final ThreadBudget budget = ThreadBudget.of(1);
    private final RuntimeOptions options =
            RuntimeOptions.defaults().withBudget(budget).withDrainTimeout(Duration.ofHours(1));

    /** How something hangs on a future. */
    @SuppressWarnings("ImmutableEnumChecker") // lambdas without state
    enum Hanging {
        THEN_RUN((future, work) -> future.thenRun(work)),
        THEN_APPLY((future, work) -> future.thenApply(done -> {
            work.run();
            return done;
        })),
        WHEN_COMPLETE((future, work) -> future.whenComplete((done, failure) -> work.run())),
        HANDLE((future, work) -> future.handle((done, failure) -> {
            work.run();
            return done;
        })),
        NESTED((future, work) -> future.thenCompose(
                done -> CompletableFuture.completedFuture(done).thenAccept(again -> work.run())));

        private final Hang hang;

        Hanging(Hang hang) {
            this.hang = hang;
        }

        CompletableFuture<?> on(CompletableFuture<?> future, Runnable work) {
            return hang.on(future, work);
        }

        private interface Hang {
            CompletableFuture<?> on(CompletableFuture<?> future, Runnable work);
        }
    }

    @ParameterizedTest
    @EnumSource(Hanging.class)
    void whatHangsOnACallMayCloseTheModel(Hanging hanging) {
        var live = LiveModel.open(Bundles.GENERATOR, options);
        hold();
        var future = live.callAsync(ClosingWithinTest::picture);
        var closed = hanging.on(future, live::close);
        release();
        closed.join();
        assertThat(live.health()).hasToString("closed");
    }

    @ParameterizedTest
    @EnumSource(Hanging.class)
    void whatHangsOnACallMayReloadTheModel(Hanging hanging) {
        try (var live = LiveModel.open(Bundles.GENERATOR, options)) {
            hold();
            var first = live.callAsync(ClosingWithinTest::picture);
            var reloaded = hanging.on(first, () -> live.reload(Bundles.GENERATOR));
            release();
            reloaded.join();
            hold();
            var second = live.callAsync(ClosingWithinTest::picture)
                    .thenCompose(done -> live.callAsync(ClosingWithinTest::picture));
            var again = hanging.on(second, () -> live.reload(Bundles.GENERATOR));
            release();
            again.join();
            assertThat(live.health().ready()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Hanging.class)
    void whatIsAPartOfACallMayNot(Hanging hanging) {
        try (var live = LiveModel.open(Bundles.GENERATOR, options)) {
            hold();
            var refusal = new AtomicReference<Throwable>();
            var future = live.callAsync(model ->
                    hanging.on(picture(model), () -> closing(live, refusal)).thenApply(done -> "done"));
            release();
            future.join();
            assertThat(refusal.get()).isInstanceOf(IllegalStateException.class).hasMessage(REFUSAL);
        }
    }

    @Test
    void norMayASecondStepOfIt() {
        var pixels = new Pixels(1, 8, 8, 3, ByteBuffer.allocate(192));
        try (var live = LiveModel.open(Bundles.CODEC, options)) {
            hold();
            var future = live.callAsync(model -> model.codec()
                    .reconstructAsync(pixels)
                    .thenCompose(again -> model.codec().encodeAsync(again))
                    .thenAccept(codes -> live.close()));
            release();
            assertThatThrownBy(future::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(REFUSAL);
        }
    }

    @Test
    void norMayWhoWaitsForItInACall() {
        try (var live = LiveModel.open(Bundles.GENERATOR, options)) {
            assertThatThrownBy(() -> live.call(model -> {
                        hold();
                        var closed = picture(model).thenRun(live::close);
                        release();
                        return closed.join();
                    }))
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(REFUSAL);
            assertThatThrownBy(() -> live.callAsync(model -> {
                        live.close();
                        return picture(model);
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(REFUSAL);
        }
    }

    /** Another model is none of the call's. */
    @Test
    void anotherModelIsOpenedAndClosedAnywhere() {
        try (var live = LiveModel.open(Bundles.GENERATOR, options)) {
            hold();
            var ready = live.callAsync(model -> picture(model).thenApply(done -> {
                try (var other = LiveModel.open(Bundles.GENERATOR, options)) {
                    return other.health().ready();
                }
            }));
            release();
            assertThat(ready.join()).isTrue();
        }
    }

    @Test
    void whoeverEndsACallFromOutsideMayCloseTheModel() {
        ended(future -> future.cancel(true));
        ended(future -> future.complete("other"));
        ended(future -> future.completeExceptionally(new TimeoutException()));
        ended(future -> future.completeOnTimeout("late", 1, TimeUnit.MILLISECONDS));
        ended(future -> future.orTimeout(1, TimeUnit.MILLISECONDS));
    }

    private void ended(Consumer<CompletableFuture<Object>> end) {
        var live = LiveModel.open(Bundles.GENERATOR, options);
        hold();
        var future = live.<Object>callAsync(model -> picture(model).thenApply(done -> done));
        var request = new CompletableFuture<Object>();
        var given = live.callAsync(model -> request);
        var closed = future.handle((done, failure) -> {
            given.cancel(true);
            // the thread is busy, so what waits in the model's queue has to have gone
            release();
            live.close();
            return done;
        });
        end.accept(future);
        closed.join();
        assertThat(request).as("what was given up").isCancelled();
        assertThat(live.health()).hasToString("closed");
    }

    @ParameterizedTest
    @EnumSource(Hanging.class)
    void whatHangsOnARequestMayCloseItsModel(Hanging hanging) {
        var bundle = SmaltiModel.open(Bundles.GENERATOR, options);
        bundle.warm();
        hold();
        var made = hanging.on(picture(bundle), bundle::close);
        release();
        made.join();
        assertThat(bundle.health()).hasToString("closed");

        for (var requests : OnnxModel.Requests.values()) {
            var onnx = OnnxModel.open(Bundles.GENERATOR.resolve("generator.onnx"), requests, options);
            var length = onnx.inputs().get(0).shape().get(1).factor();
            var noise = Tensor.of(new float[(int) length], 1, length);
            hold();
            var run = hanging.on(onnx.runAsync(Map.of(onnx.inputs().get(0).name(), noise)), onnx::close);
            release();
            run.join();
            assertThat(onnx.health()).hasToString("closed");
        }
    }

    /** Where the machine gives no thread, futures are completed within the run. */
    @Test
    void aThreadThatRunsABatchIsToldThatItWouldWaitForItself() {
        var settings = new BatchSettings(4, 100, budget, 1, 1);
        var batcher = new Batcher<String>("nothing", (batch, alone, stop) -> 0, settings, BatchListener.NONE, task -> {
            throw new RejectedExecutionException();
        });
        hold();
        var future = batcher.submit("nothing", Demand.of("nothing", 1), RequestOptions.defaults(), () -> "done");
        var refusal = new AtomicReference<Throwable>();
        var told = future.thenRun(() -> {
            try {
                batcher.requireOutside();
            } catch (IllegalStateException e) {
                refusal.set(e);
            }
        });
        release();
        told.join();
        assertThat(refusal.get()).hasMessage("nothing: a close within a run would wait for that run");
        batcher.requireOutside();
        batcher.drain(Duration.ofHours(1));
    }

    private void hold() {
        assertThat(budget.tryTake(1)).isTrue();
    }

    private void release() {
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
    }

    private static void closing(LiveModel live, AtomicReference<Throwable> refusal) {
        try {
            live.close();
        } catch (IllegalStateException e) {
            refusal.set(e);
        }
    }

    private static CompletableFuture<Pixels> picture(SmaltiModel model) {
        return model.generator().generateAsync(Generation.of(1, 1));
    }
}
