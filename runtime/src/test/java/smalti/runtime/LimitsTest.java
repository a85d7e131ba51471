package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import java.awt.image.BufferedImage;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

/** What is asked for is bounded before anything of it is made. */
@Timeout(60)
final class LimitsTest {
    /** What a refusal takes: its exception, a few records and lists. */
    private static final long FEW_BYTES = 1 << 16;

    private final ThreadBudget budget = ThreadBudget.of(1);
    private final RuntimeOptions options = RuntimeOptions.defaults().withBudget(budget);

    @Test
    void aRequestThatIsRefusedHasDrawnAndCopiedNothing() {
        var picture = new BufferedImage(1024, 1024, BufferedImage.TYPE_INT_RGB);
        var any = options.withMaxWaiting(1).withMaxPixels(Long.MAX_VALUE);
        try (var gan = SmaltiModel.open(Bundles.GENERATOR, any);
                var vae = SmaltiModel.open(Bundles.CODEC, any)) {
            var generator = gan.generator();
            var codec = vae.codec();
            assertThat(codec.encode(picture).count()).isEqualTo(1);
            assertThat(generator.generate(1, 1).count()).isEqualTo(1);
            assertThat(budget.tryTake(1)).isTrue();
            var waiting = List.of(
                    generator.generateAsync(Generation.of(1, 1)),
                    codec.encodeAsync(new Pixels(1, 4, 4, 3, ByteBuffer.allocate(48))));
            // the noise would be 6.4 MB, the pixels 3 MB
            refusedForFewBytes(QueueFullException.class, () -> generator.generate(100_000, 1));
            refusedForFewBytes(
                    QueueFullException.class,
                    () -> generator
                            .generateAsync(Generation.of(100_000, 1).withTruncation(0.5))
                            .join());
            refusedForFewBytes(QueueFullException.class, () -> codec.encode(picture));
            refusedForFewBytes(QueueFullException.class, () -> codec.reconstruct(picture));
            waiting.forEach(future -> future.cancel(true));
        }
    }

    @Test
    void aRequestBeyondTheLimitHasDrawnAndCopiedNothing() {
        var picture = new BufferedImage(1024, 1024, BufferedImage.TYPE_INT_RGB);
        try (var gan = SmaltiModel.open(Bundles.GENERATOR, options.withMaxPixels(10_000));
                var conditional = SmaltiModel.open(Bundles.CONDITIONAL, options.withMaxPixels(10_000));
                var vae = SmaltiModel.open(Bundles.CODEC, options.withMaxPixels(10_000))) {
            var generator = gan.generator();
            var ofClass = conditional.generator();
            var codec = vae.codec();
            codec.encode(new Pixels(1, 4, 4, 3, ByteBuffer.allocate(48)));
            refusedForFewBytes(InputException.class, () -> generator.generate(1_000_000, 1));
            refusedForFewBytes(
                    InputException.class,
                    () -> generator.generateAsync(Generation.of(1_000_000, 1)).join());
            refusedForFewBytes(
                    InputException.class,
                    () -> ofClass.generate(Generation.of(Integer.MAX_VALUE, 1).ofClass(0)));
            refusedForFewBytes(InputException.class, () -> ofClass.generate(1_000_000, 1, 0));
            refusedForFewBytes(InputException.class, () -> codec.encode(picture));
        }
    }

    /** A stream takes a few at a time: it may be of any length. */
    @Test
    void aGenerationOfAClassTakesNoMemoryByItself() {
        long bytes = allocated(() -> {
            var generation = Generation.of(Integer.MAX_VALUE, 1).ofClass(1);
            assertThat(generation.count()).isEqualTo(Integer.MAX_VALUE);
        });
        assertThat(bytes).isLessThan(FEW_BYTES);
    }

    @Test
    void aLimitIsNamedWithItsPlaceItsRuleAndTheRemedy() {
        try (var model = SmaltiModel.open(Bundles.CODEC, options.withMaxPixels(100))) {
            var codec = model.codec();
            var pixels = new Pixels(3, 8, 8, 3, ByteBuffer.allocate(3 * 192));
            assertThatThrownBy(() -> codec.encode(pixels))
                    .isInstanceOf(InputException.class)
                    .hasMessage(model.manifest().name() + "/tokenize: a request must have at most 100 pixels, got 192"
                            + " (3 of 64); ask for fewer at once, or raise RuntimeOptions.withMaxPixels");
            assertThatThrownBy(() -> codec.encodeAsync(pixels)).isInstanceOf(InputException.class);
            // within the limit
            assertThat(codec.encode(pixels.range(0, 1)).count()).isEqualTo(1);
        }
        var file = Bundles.GENERATOR.resolve("generator.onnx");
        try (var onnx = OnnxModel.open(
                file, OnnxModel.Requests.ALONE, options.withMaxRequestBytes(100).withMaxPixels(1))) {
            var input = onnx.inputs().get(0);
            long length = input.shape().get(1).factor();
            assertThatThrownBy(() -> onnx.run(noise(input, 100, length)))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("generator.onnx/whole: a request must have at most 100 bytes in and out, got "
                            + 400 * length)
                    .hasMessageContaining("raise RuntimeOptions.withMaxRequestBytes");
            assertThat(onnx.run(noise(input, 1, length))).hasSize(1);
        }
        assertThatThrownBy(() -> options.withMaxPixels(0))
                .isInstanceOf(SpecException.class)
                .hasMessage("maxPixels must be at least 1, got 0");
        assertThatThrownBy(() -> options.withMaxRequestBytes(0))
                .isInstanceOf(SpecException.class)
                .hasMessage("maxRequestBytes must be at least 1, got 0");
    }

    @Test
    void whatWaitsIsBoundedInPixels() {
        try (var model = SmaltiModel.open(Bundles.CODEC, options.withMaxPixels(64))) {
            var codec = model.codec();
            var pixels = new Pixels(1, 8, 8, 3, ByteBuffer.allocate(192));
            assertThat(codec.encode(pixels).count()).isEqualTo(1);
            assertThat(budget.tryTake(1)).isTrue();
            var waiting = new ArrayList<CompletableFuture<Codes>>();
            for (int i = 0; i < Limits.WAITING; i++) {
                assertThat(model.health().ready()).isTrue();
                waiting.add(codec.encodeAsync(pixels));
            }
            assertThat(model.health().reasons())
                    .singleElement()
                    .asString()
                    .startsWith("tokenize: 1 more of 64 pixels cannot wait where 512 pixels of at most 512 wait");
            assertThatThrownBy(() -> codec.encode(pixels))
                    .isInstanceOf(QueueFullException.class)
                    .hasMessageContaining(
                            "1 more of 64 pixels cannot wait where 512 pixels of at most 512 wait already, 8 times"
                                    + " RuntimeOptions.maxPixels");
            budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
            waiting.forEach(CompletableFuture::join);
            assertThat(model.health().ready()).isTrue();
            assertThat(codec.encode(pixels).count()).isEqualTo(1);
        }
    }

    /** Tensors are no pictures, and take memory all the same. */
    @Test
    void aRunHasNoMoreBytesThanARequestMay() {
        var limits = new Limits(16, 100, 1000, 10_000);
        assertThat(limits.batch(new Demand("kind", 1, 0, 3000))).isEqualTo(3);
        assertThat(limits.batch(new Demand("kind", 1, 500, 3000))).isEqualTo(2);
        assertThat(limits.batch(new Demand("kind", 1, 0, 20_000))).isEqualTo(1);
        assertThat(limits.batch(Demand.of("kind", 1))).isEqualTo(16);
    }

    @Test
    void aQueueIsFullForOneMoreLikeThoseThatWait() {
        var room = new WaitingRoom(new Limits(16, 100, 1000, 10_000));
        assertThat(room.refusal()).isEmpty();
        assertThat(room.take(new Demand("picture", 5, 200, 0))).isEmpty();
        assertThat(room.refusal()).isEmpty();
        assertThat(room.take(new Demand("bytes", 6, 0, 10_000))).isEmpty();
        // 11 items of 60000 bytes in all: another one takes 5455, and 8 times 10000 may wait
        assertThat(room.refusal()).isEmpty();
        assertThat(room.take(new Demand("bytes", 2, 0, 10_000))).isEmpty();
        assertThat(room.refusal()).hasValueSatisfying(why -> assertThat(why).contains("1 more of 6154 bytes cannot"));
        room.free(new Demand("bytes", 2, 0, 10_000), 2);
        assertThat(room.refusal()).isEmpty();
        assertThat(room.take(Demand.of("small", 89))).isEmpty();
        assertThat(room.refusal()).hasValue("1 more cannot wait where 100 of at most 100 wait already");
    }

    /** A belief of centuries stays one: sums of them do not come round to less than nothing. */
    @Test
    void whatIsBelievedToTakeForEverIsRefusedWithATimeToWait() {
        var admission = new Admission<String>("slow", Limits.of(4, 4), 1);
        for (int i = 0; i < 64; i++) {
            admission.costs().ran("kind", 1, Long.MAX_VALUE / 3);
        }
        assertThat(admission.offer(ticket("first", Ticket.NEVER), true, Long.MAX_VALUE / 2))
                .isNull();
        for (long deadline : new long[] {1, 1_000_000_000, Long.MAX_VALUE - 1}) {
            var refusal = admission.offer(ticket("late", deadline), true, Long.MAX_VALUE / 2);
            assertThat(Objects.requireNonNull(refusal).estimate()).isGreaterThan(Duration.ofDays(365));
        }
        for (int i = 0; i < 3; i++) {
            assertThat(admission.offer(ticket("more", Ticket.NEVER), true, 1)).isNull();
        }
        var full = admission.offer(ticket("full", Ticket.NEVER), true, Long.MAX_VALUE / 2);
        assertThat(Objects.requireNonNull(full).estimate()).isGreaterThan(Duration.ofDays(365));
    }

    private static Ticket<String> ticket(String request, long deadline) {
        return new Ticket<>(request, Demand.of("kind", 1), Priority.NORMAL, "", 0, deadline);
    }

    /** The memory of a run is that of its pixels. */
    @Test
    void aRunHasNoMorePixelsThanARequestMay() {
        var limits = new Limits(16, 100, 1000, Long.MAX_VALUE);
        var batches = Collections.synchronizedList(new ArrayList<Integer>());
        var batcher = new Batcher<String>(
                "pictures",
                (batch, alone, stop) -> {
                    batches.add(batch.stream().mapToInt(Ticket.Slice::count).sum());
                    return 0;
                },
                new BatchSettings(limits, budget, 1, 1),
                BatchListener.NONE,
                Threads.SERVERS);
        assertThat(budget.tryTake(1)).isTrue();
        var waiting = new ArrayList<CompletableFuture<String>>();
        for (int i = 0; i < 10; i++) {
            waiting.add(batcher.submit(
                    "picture", new Demand("kind", 1, 300, 900), RequestOptions.defaults(), () -> "done"));
        }
        waiting.add(
                batcher.submit("large", new Demand("large", 2, 2000, 6000), RequestOptions.defaults(), () -> "done"));
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
        waiting.forEach(CompletableFuture::join);
        assertThat(batches.subList(0, 3)).containsExactly(3, 3, 3);
        assertThat(batches.stream().mapToInt(Integer::intValue).sum()).isEqualTo(12);
        assertThat(batches).as("one that is too large alone is run alone").allMatch(items -> items <= 3);
    }

    /** Rows are made once they are run, as far as they are run, and the same ones in whatever parts. */
    @Test
    void rowsAreMadeAsTheyAreRun() {
        var made = new AtomicInteger();
        var spec = TensorSpec.of("noise", ElementType.FLOAT32, "N 2");
        var tensor = HostTensor.made(spec, new long[] {4, 2}, (first, count, into) -> {
            for (int i = first; i < first + count; i++) {
                into.putFloat(i).putFloat(10 * i);
                made.incrementAndGet();
            }
        });
        var part = tensor.rows(1, 2);
        assertThat(made).hasValue(0);
        var into = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
        part.putInto(into);
        assertThat(made).hasValue(2);
        assertThat(into.flip().asFloatBuffer()).isEqualTo(FloatBuffer.wrap(new float[] {1, 10, 2, 20}));
        assertThat(part.rows(1, 1).data().asFloatBuffer()).isEqualTo(FloatBuffer.wrap(new float[] {2, 20}));
        assertThat(tensor.data().asFloatBuffer()).isEqualTo(FloatBuffer.wrap(new float[] {0, 0, 1, 10, 2, 20, 3, 30}));
    }

    private static Map<String, Tensor> noise(TensorSpec input, int rows, long length) {
        return Map.of(input.name(), Tensor.of(new float[(int) (rows * length)], rows, length));
    }

    private static void refusedForFewBytes(Class<? extends Throwable> type, Runnable request) {
        // once for what classes and lambdas take
        assertThat(Failure.cause(catchThrowable(request::run))).isInstanceOf(type);
        long bytes = allocated(() -> {
            var unused = catchThrowable(request::run);
        });
        assertThat(bytes).as("bytes of a refusal").isLessThan(FEW_BYTES);
    }

    private static long allocated(Runnable work) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        work.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
