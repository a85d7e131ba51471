package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** A graph placed as on a GPU — padded, one run at a time, sizes within bounds — with the processor to compute it. */
class GpuPlacementTest {
    private static final int GPU = 250;
    private static final Signature TOKENIZE = new Signature(
            List.of(TensorSpec.of("pixels", ElementType.UINT8, "N 2*h 2*w 3")),
            List.of(TensorSpec.of("codes", ElementType.INT64, "N h w")));

    private GraphService<GraphJob> service;

    @BeforeEach
    void place() {
        var onnx = Bundles.read(Bundles.CODEC, "tokenize.onnx");
        var plan = SessionPlan.of(Device.cpu(), 1);
        var sessions = new GraphSessions(
                "tokenize", threads -> GraphSession.load("tokenize.onnx", TOKENIZE, onnx, plan), 1, 1);
        var placement = new Placement(
                Device.tensorrt(GPU),
                sessions,
                new BatchSettings(12, 1024, Placement.gpu(GPU), 1, 1),
                new BatchSizes(12, true),
                ShapeRange.of(TOKENIZE, 12, Map.of("h", new Device.Sizes(2, 4, 8)), Map.of("w", 4L)),
                List.of());
        service = new GraphService<>(
                "codec",
                "tokenize",
                TOKENIZE,
                placement,
                placement.runner(new BufferPool()),
                RuntimeOptions.defaults());
    }

    @AfterEach
    void free() {
        service.drain(RuntimeOptions.defaults().drainTimeout());
        service.free();
    }

    @Test
    void requestsOfAllSizesGetTheirOwnResults() {
        var expected = new ArrayList<Codes>();
        var answers = new ArrayList<CompletableFuture<ByteBuffer>>();
        try (var model = SmaltiModel.open(Bundles.CODEC)) {
            for (int i = 0; i < 60; i++) {
                var pixels = pixels(i, 1 + i % 15, 8, 8);
                expected.add(model.codec().encode(pixels));
                var job = job(pixels);
                answers.add(service.submit(
                        job,
                        RequestOptions.defaults(),
                        () -> job.outputs().get(0).data()));
            }
        }
        for (int i = 0; i < answers.size(); i++) {
            var values = new long[expected.get(i).values().length];
            answers.get(i).join().asLongBuffer().get(values);
            assertThat(values).as("request %s", i).isEqualTo(expected.get(i).values());
        }
    }

    @Test
    void sizesThatTheEngineWasNotMadeForAreRefusedAtOnce() {
        // h from 2 to 8 as given, w the 4 of the training; the batch is cut, so any goes
        for (var good : List.of(new int[] {1, 4, 8}, new int[] {40, 16, 8})) {
            service.run(job(pixels(1, good[0], good[1], good[2])), RequestOptions.defaults());
        }
        assertThatThrownBy(() -> service.run(job(pixels(1, 1, 2, 10)), RequestOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContainingAll(
                        "pixels [N,2*h,2*w,3] uint8 must have a h of 2 to 8, which its engine was made for, got 1",
                        "must have a w of 4, which its engine was made for, got 5",
                        "withSizes");
        assertThatThrownBy(
                        () -> service.submit(job(pixels(1, 1, 18, 8)), RequestOptions.defaults(), () -> "never made"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("must have a h of 2 to 8");
    }

    private GraphJob job(Pixels pixels) {
        return GraphJob.of(TOKENIZE, List.of(new HostTensor(service.input(0), pixels.shape(), pixels.data())));
    }

    private static Pixels pixels(long seed, int count, int height, int width) {
        var bytes = new byte[count * height * width * 3];
        new Random(seed).nextBytes(bytes);
        return new Pixels(count, height, width, 3, ByteBuffer.wrap(bytes));
    }
}
