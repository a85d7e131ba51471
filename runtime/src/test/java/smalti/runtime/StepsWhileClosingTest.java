package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A call of two steps that was let in comes to its end, wherever in it a close comes. */
@Timeout(60)
final class StepsWhileClosingTest {
    private static final Pixels PIXELS = new Pixels(1, 8, 8, 3, ByteBuffer.allocate(192));

    private final ThreadBudget budget = ThreadBudget.of(1);
    private final RuntimeOptions options =
            RuntimeOptions.defaults().withBudget(budget).withDrainTimeout(Duration.ofHours(1));

    /** How a picture is asked for. */
    @SuppressWarnings("ImmutableEnumChecker") // lambdas without state
    enum Asking {
        ASYNC(codec -> codec.reconstructAsync(PIXELS)),
        SYNC(codec -> elsewhere(() -> codec.reconstruct(PIXELS))),
        IMAGES(codec -> elsewhere(() -> codec.reconstruct(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB))));

        private final Function<Codec, CompletableFuture<?>> ask;

        Asking(Function<Codec, CompletableFuture<?>> ask) {
            this.ask = ask;
        }

        private static <T> CompletableFuture<T> elsewhere(Supplier<T> work) {
            return CompletableFuture.supplyAsync(work, Threads.SERVERS);
        }
    }

    @ParameterizedTest
    @EnumSource(Asking.class)
    void theSecondStepIsRunWhileTheModelCloses(Asking asking) {
        var model = SmaltiModel.open(Bundles.CODEC, options);
        var codec = model.codec();
        assertThat(budget.tryTake(1)).isTrue();
        var answer = asking.ask.apply(codec);
        awaitWaiting(model);
        var closing = CompletableFuture.runAsync(model::close, Threads.SERVERS);
        while (!model.health().toString().contains("closing")) {
            Thread.onSpinWait();
        }
        // whoever comes now is too late
        assertThatThrownBy(() -> codec.encode(PIXELS)).isInstanceOf(ModelClosedException.class);
        assertThatThrownBy(() -> codec.reconstruct(PIXELS)).isInstanceOf(ModelClosedException.class);
        for (var late : new CompletableFuture<?>[] {codec.reconstructAsync(PIXELS), codec.encodeAsync(PIXELS)}) {
            assertThatThrownBy(late::join).hasCauseInstanceOf(ModelClosedException.class);
        }
        assertThat(answer).isNotDone();
        assertThat(closing).isNotDone();
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
        assertThat(answer.join()).isNotNull();
        closing.join();
        assertThat(model.health()).hasToString("closed");
    }

    @Test
    void whatIsNotDoneInTimeFailsAsClosed() {
        var model = SmaltiModel.open(Bundles.CODEC, options.withDrainTimeout(Duration.ofMillis(50)));
        assertThat(budget.tryTake(1)).isTrue();
        var answer = model.codec().reconstructAsync(PIXELS);
        model.close();
        assertThatThrownBy(answer::join).hasCauseInstanceOf(ModelClosedException.class);
    }

    @Test
    void whatHangsOnBothStepsMayCloseTheModel() {
        var model = SmaltiModel.open(Bundles.CODEC, options);
        model.codec().reconstructAsync(PIXELS).thenRun(model::close).join();
        assertThat(model.health()).hasToString("closed");
        var other = SmaltiModel.open(Bundles.CODEC, options);
        assertThat(budget.tryTake(1)).isTrue();
        var given = other.codec().reconstructAsync(PIXELS);
        var closed = given.handle((done, failure) -> {
            other.close();
            return failure;
        });
        given.cancel(true);
        assertThat(closed).isCompletedWithValueMatching(failure -> failure != null);
    }

    /** What is refused at its start is not under way. */
    @Test
    void aCallThatCannotBeginHoldsUpNoClose() {
        var model = SmaltiModel.open(Bundles.CODEC, options);
        var odd = new Pixels(1, 7, 8, 3, ByteBuffer.allocate(168));
        assertThat(catchThrowable(() -> model.codec().reconstructAsync(odd))).isInstanceOf(InputException.class);
        assertThat(catchThrowable(() -> model.codec().reconstruct(odd))).isInstanceOf(InputException.class);
        model.close();
        assertThat(model.health()).hasToString("closed");
    }

    @Test
    void whatIsNoPictureLoadsNoGraph() {
        try (var model = SmaltiModel.open(Bundles.CODEC, options)) {
            var codec = model.codec();
            var grey = new Pixels(1, 8, 8, 1, ByteBuffer.allocate(64));
            assertThat(catchThrowable(() -> codec.reconstruct(grey))).isInstanceOf(InputException.class);
            assertThat(catchThrowable(() -> codec.reconstructAsync(grey))).isInstanceOf(InputException.class);
            assertThat(catchThrowable(() -> codec.reconstruct(List.of()))).isInstanceOf(InputException.class);
            assertThat(model.devices()).isEmpty();
        }
    }

    /** What is observed ends within the call, on the thread that made it or on one that works for it. */
    @Test
    void aCloseWithinACallOfTwoStepsIsToldThatItWouldWaitForItself() {
        var close = new AtomicReference<Runnable>(() -> {});
        var refusals = new CopyOnWriteArrayList<Throwable>();
        var observations = ObservationRegistry.create();
        observations.observationConfig().observationHandler(new ObservationHandler<>() {
            @Override
            public void onStop(Observation.Context context) {
                if (refusals.size() < 2) {
                    refusals.add(catchThrowable(Objects.requireNonNull(close.get())::run));
                }
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return true;
            }
        });
        try (var model = SmaltiModel.open(Bundles.CODEC, options.withObservations(observations))) {
            close.set(model::close);
            model.codec().reconstruct(PIXELS);
            assertThat(refusals)
                    .hasSize(2)
                    .allSatisfy(refusal -> assertThat(refusal)
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("a close within a call would wait for that call"));
            refusals.remove(1);
            model.codec().reconstructAsync(PIXELS).join();
            assertThat(refusals.get(1)).isInstanceOf(IllegalStateException.class);
        }
    }

    /** As where another wait has taken the time to drain already. */
    @Test
    void aCloseTakesNoLongerThanIsLeft() {
        var model = SmaltiModel.open(Bundles.CODEC, options);
        assertThat(budget.tryTake(1)).isTrue();
        var answer = model.codec().reconstructAsync(PIXELS);
        model.closeWithin(Duration.ZERO);
        assertThatThrownBy(answer::join).hasCauseInstanceOf(ModelClosedException.class);
    }

    private static void awaitWaiting(SmaltiModel model) {
        while (model.devices().size() < 2) {
            Thread.onSpinWait();
        }
    }
}
