package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SmaltiException;
import smalti.spec.SpecException;

/** Each kind of failure is of one type, thrown or in a future, with nothing around it. */
class FailureTest {
    private static final Pixels PICTURE = new Pixels(1, 4, 4, 3, ByteBuffer.allocate(48));

    @TempDir
    Path temporary;

    @Test
    void aModelThatIsClosed() {
        var model = SmaltiModel.open(Bundles.CODEC);
        var codec = model.codec();
        var codes = codec.encode(PICTURE);
        codec.decode(codes);
        model.close();
        same(Failure.CLOSED, ModelClosedException.class, () -> codec.encode(PICTURE), () -> codec.encodeAsync(PICTURE));
        same(Failure.CLOSED, ModelClosedException.class, () -> codec.decode(codes), () -> codec.decodeAsync(codes));
        same(
                Failure.CLOSED,
                ModelClosedException.class,
                () -> codec.reconstruct(PICTURE),
                () -> codec.reconstructAsync(PICTURE));
        thrown(Failure.CLOSED, ModelClosedException.class, model::codec);
        thrown(Failure.CLOSED, ModelClosedException.class, model::warm);
    }

    @Test
    void aRunThatFails() {
        var copy = Bundles.promisingAnotherHeight(temporary);
        try (var model = SmaltiModel.open(copy)) {
            var codec = model.codec();
            var codes = codec.encode(PICTURE);
            same(Failure.RUN, RunException.class, () -> codec.decode(codes), () -> codec.decodeAsync(codes));
            same(
                    Failure.RUN,
                    RunException.class,
                    () -> codec.reconstruct(PICTURE),
                    () -> codec.reconstructAsync(PICTURE));
            assertThatThrownBy(() -> codec.decode(codes)).hasCauseInstanceOf(ai.onnxruntime.OrtException.class);
            assertThat(failed(codec.reconstructAsync(PICTURE))).hasCauseInstanceOf(ai.onnxruntime.OrtException.class);
        }
    }

    @Test
    void whatIsRefusedAndWhatExpires() {
        var budget = ThreadBudget.of(1);
        var options = RuntimeOptions.defaults().withBudget(budget).withMaxWaiting(1);
        try (var model = SmaltiModel.open(Bundles.GENERATOR, options)) {
            var generator = model.generator();
            assertThat(budget.tryTake(1)).isTrue();
            var one = Generation.of(1, 1);
            var hasty = generator.with(RequestOptions.defaults().withTimeout(Duration.ofMillis(1)));
            same(Failure.EXPIRED, DeadlineException.class, () -> hasty.generate(one), () -> hasty.generateAsync(one));
            var waits = generator.generateAsync(one);
            same(
                    Failure.REFUSED,
                    QueueFullException.class,
                    () -> generator.generate(one),
                    () -> generator.generateAsync(one));
            waits.cancel(false);
            assertThat(failed(waits)).isInstanceOf(CancellationException.class);
            assertThat(Failure.of(failed(waits))).isEqualTo(Failure.CANCELLED);
            budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
            assertThat(generator.generate(one).count()).isEqualTo(1);
        }
    }

    @Test
    void whatIsGivenUpByAnInterrupt() throws Exception {
        var budget = ThreadBudget.of(1);
        try (var model =
                SmaltiModel.open(Bundles.GENERATOR, RuntimeOptions.defaults().withBudget(budget))) {
            var generator = model.generator();
            assertThat(budget.tryTake(1)).isTrue();
            var failure = new AtomicReference<Throwable>();
            var thread = new Thread(() -> failure.set(catchThrowable(() -> generator.generate(1, 1))));
            thread.start();
            thread.interrupt();
            thread.join();
            assertThat(failure.get()).isInstanceOf(CancellationException.class);
            budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
        }
    }

    @Test
    void whatIsGivenIsWrong() {
        try (var model = SmaltiModel.open(Bundles.CODEC)) {
            var codec = model.codec();
            var foreign = new Codes(1, 1, 1, new long[] {0}, "another");
            thrown(Failure.INPUT, InputException.class, () -> codec.decode(foreign));
            thrown(Failure.INPUT, InputException.class, () -> codec.decodeAsync(foreign));
            thrown(Failure.INPUT, InputException.class, () -> codec.encode(PICTURE.range(0, 2)));
            thrown(
                    Failure.INPUT,
                    InputException.class,
                    () -> codec.encode(new Pixels(1, 3, 3, 3, ByteBuffer.allocate(27))));
        }
        thrown(Failure.INPUT, InputException.class, () -> new Pixels(1, 4, 4, 3, ByteBuffer.allocate(1)));
        thrown(Failure.INPUT, InputException.class, () -> new Codes(1, 1, 1, new long[2], ""));
        thrown(Failure.INPUT, InputException.class, () -> Tensor.of(new float[1], 2));
        thrown(Failure.INPUT, InputException.class, () -> Generation.of(0, 1));
        var options = RequestOptions.defaults();
        thrown(Failure.INPUT, InputException.class, () -> options.withTimeout(Duration.ZERO));
    }

    @Test
    void aModelThatCannotBeLoaded() {
        var missing = temporary.resolve("missing");
        thrown(Failure.MODEL, LoadException.class, () -> SmaltiModel.open(missing));
        thrown(Failure.MODEL, LoadException.class, () -> OnnxModel.open(missing));
        var copy = Bundles.copy(Bundles.CODEC, temporary);
        Bundles.replace(copy, "tokenize.onnx", new byte[] {1}, true);
        try (var model = SmaltiModel.open(copy)) {
            var codec = model.codec();
            thrown(Failure.MODEL, LoadException.class, () -> codec.encode(PICTURE));
            thrown(Failure.MODEL, LoadException.class, () -> codec.encodeAsync(PICTURE));
            thrown(Failure.MODEL, LoadException.class, model::warm);
            thrown(Failure.MODEL, LoadException.class, model::generator);
        }
        var options = RuntimeOptions.defaults();
        thrown(Failure.MODEL, SpecException.class, () -> options.withMaxBatch(0));
    }

    @Test
    void whatAServiceMakesOfAFutureIsLookedThrough() {
        var refused = new InputException("no such class");
        assertThat(Failure.of(new ExecutionException(new CompletionException(refused))))
                .isEqualTo(Failure.INPUT);
        assertThat(Failure.of(new CompletionException("no cause", null))).isEqualTo(Failure.OTHER);
        assertThat(Failure.of(new NullPointerException())).isEqualTo(Failure.OTHER);
    }

    /** By a call, and by a future in all ways in which it is asked. */
    private static <E extends SmaltiException> void same(
            Failure kind, Class<E> type, ThrowingCallable call, Supplier<CompletableFuture<?>> ask) {
        thrown(kind, type, call);
        assertThat(failed(ask.get())).isExactlyInstanceOf(type);
        assertThatThrownBy(() -> ask.get().get(1, TimeUnit.MINUTES))
                .isExactlyInstanceOf(ExecutionException.class)
                .cause()
                .isExactlyInstanceOf(type);
        assertThatThrownBy(() -> ask.get().join())
                .isExactlyInstanceOf(CompletionException.class)
                .cause()
                .isExactlyInstanceOf(type);
        var dependent = ask.get().thenApply(done -> done);
        assertThat(Failure.of(failed(dependent))).isEqualTo(kind);
    }

    private static void thrown(Failure kind, Class<? extends SmaltiException> type, ThrowingCallable call) {
        var failure = catchThrowable(call);
        assertThat(failure).isExactlyInstanceOf(type);
        assertThat(Failure.of(failure)).isEqualTo(kind);
    }

    /** What a callback of the future sees. */
    private static Throwable failed(CompletableFuture<?> future) {
        return future.handle((done, failure) -> failure)
                .orTimeout(1, TimeUnit.MINUTES)
                .join();
    }
}
