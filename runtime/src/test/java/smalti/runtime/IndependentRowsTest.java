package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.runtime.OnnxModel.Requests;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** Rows of x [n,t,c] that mix, and rows that do not: what the file gives to a request alone is the reference. */
final class IndependentRowsTest {
    private static final int STEPS = 5;
    private static final int CHANNELS = 4;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "softmax",
                "logsoftmax",
                "cumsum",
                "mean",
                "centred",
                "reverse",
                "lstm",
                "gru",
                "argmax",
                "norm",
                "dynamic"
            })
    void theGraphTellsThatRowsMix(String kind) throws Exception {
        var file = Files.write(
                folder.resolve("m.onnx"), mixing(new OnnxBytes(), kind, "x").file());
        assertThatThrownBy(() -> OnnxModel.open(file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("m.onnx: output y of a row follows from the rows beside it too, by ")
                .hasMessageContaining("Requests.ALONE");
        try (var alone = OnnxModel.open(file)) {
            assertThat(alone.run(Map.of("x", rows(3, 1)))).containsKey("y");
        }
    }

    /** Its steps are finer than what trying tells from rounding, so it is refused wherever the batch is. */
    @Test
    void aScaleOfAllRowsIsSeenBehindAnyShape() throws Exception {
        var file = Files.write(folder.resolve("m.onnx"), hidden("dynamic").file());
        assertThatThrownBy(() -> OnnxModel.open(file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("by DynamicQuantizeLinear, which scales all rows by the largest");
    }

    /** Behind a shape that is made at run the graph tells nothing. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "softmax",
                "logsoftmax",
                "cumsum",
                "mean",
                "centred",
                "reverse",
                "lstm",
                "gru",
                "flip",
                "roll",
                "place",
                "least"
            })
    void rowsThatMixAreFoundAtTheFirstRequest(String kind) throws Exception {
        var hidden = hidden(kind);
        var file = Files.write(folder.resolve("m.onnx"), hidden.file());
        for (int count : new int[] {1, 3, 40}) {
            var options = RuntimeOptions.defaults();
            try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options)) {
                for (int i = 0; i < 2; i++) {
                    assertThatThrownBy(() -> model.run(Map.of("x", rows(count, 1))))
                            .isInstanceOf(SpecException.class)
                            .hasMessageContaining("m.onnx: output y of a row follows from the rows beside it too");
                }
                assertThatThrownBy(() -> model.warm(Map.of("x", rows(count, 2))))
                        .isInstanceOf(SpecException.class);
            }
            try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options.withMaxBatch(1))) {
                if (count > 1) {
                    assertThatThrownBy(() -> model.run(Map.of("x", rows(count, 1))))
                            .isInstanceOf(SpecException.class);
                }
            }
        }
    }

    /** What waits until it is seen whether rows are independent waits as all else does: bounded, and not for too long. */
    @Test
    @Timeout(60)
    void whatWaitsForTheProofCountsAndExpires() throws Exception {
        var budget = ThreadBudget.of(1);
        var meters = new SimpleMeterRegistry();
        var options =
                RuntimeOptions.defaults().withBudget(budget).withMaxWaiting(5).withMeters(meters);
        var file = Files.write(folder.resolve("m.onnx"), independent("layers").file());
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options);
                var alone = OnnxModel.open(file)) {
            assertThat(budget.tryTake(1)).isTrue();
            var inputs = Map.of("x", rows(3, 1));
            var first = model.runAsync(inputs);
            var hasty = model.with(RequestOptions.defaults().withTimeout(Duration.ofMillis(1)))
                    .runAsync(Map.of("x", rows(1, 2)));
            var refused = model.runAsync(inputs);
            assertThatThrownBy(refused::join)
                    .hasCauseInstanceOf(QueueFullException.class)
                    .hasMessageContaining("3 more cannot wait where");
            assertThatThrownBy(hasty::join).hasCauseInstanceOf(DeadlineException.class);
            for (var outcome : List.of("refused", "expired")) {
                assertThat(meters.get("smalti.requests")
                                .tag("outcome", outcome)
                                .counter()
                                .count())
                        .isEqualTo(1);
            }
            assertThat(first).isNotDone();
            // whose place is free again
            var second = model.runAsync(Map.of("x", rows(2, 3)));
            assertThat(second).isNotDone();
            budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
            assertThat(floats(first.join())).containsExactly(floats(alone.run(inputs)), within(1e-5f));
            assertThat(second.join()).containsKey("y");
        }
    }

    @Test
    @Timeout(60)
    void whoWaitsWhileOthersAreTriedIsNotHeldBeyondItsTimeout() throws Exception {
        var x = TensorSpec.of("x", ElementType.FLOAT32, "N 2");
        var y = TensorSpec.of("y", ElementType.FLOAT32, "N 2");
        var signature = new Signature(List.of(x), List.of(y));
        var job = GraphJob.of(signature, List.of(HostTensor.direct(x, new long[] {1, 2})));
        var tries = new CountDownLatch(1);
        var mayEnd = new CountDownLatch(1);
        var proof = new RowsProof("m.onnx", signature, Limits.of(8, 8), false, trial -> {
            tries.countDown();
            try {
                mayEnd.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        var room = new WaitingRoom(Limits.of(8, 8));
        var queue = new ProofQueue("m.onnx", demand -> taken(room, demand), proof);
        var first = queue.later(job, RequestOptions.defaults(), failure -> {});
        tries.await();
        var hasty = RequestOptions.defaults().withTimeout(Duration.ofMillis(1));
        assertThatThrownBy(() -> queue.now(job, hasty, failure -> {})).isInstanceOf(DeadlineException.class);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> queue.now(job, RequestOptions.defaults(), failure -> {}))
                .isInstanceOf(CancellationException.class)
                .hasMessage("m.onnx: interrupted while the request waited");
        assertThat(Thread.interrupted()).isTrue();
        mayEnd.countDown();
        // every output is 0, so that nothing is told
        assertThat(first.join().isIndependent()).isFalse();
    }

    private static Place taken(WaitingRoom room, Demand demand) {
        assertThat(room.take(demand)).isEmpty();
        return new Place(room, demand, System.nanoTime());
    }

    /** Ids beside flags: what rows are made of these is nothing that the graph takes. */
    @Test
    void rowsThatTheGraphDoesNotTakeAreNoFaultOfTheRequest() throws Exception {
        var graph = new OnnxBytes()
                .node("Gather", "x one", "flags", OnnxBytes.whole("axis", 1))
                .node("Gather", "table flags", "y")
                .longs("one", new long[] {1})
                .longs("table", new long[] {10, 11, 12, 13, 14}, 5)
                .input("x", OnnxBytes.INT64, "n 2")
                .output("y", OnnxBytes.INT64, "n");
        var file = Files.write(folder.resolve("m.onnx"), graph.file());
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults())) {
            for (int i = 0; i < 3; i++) {
                var y = model.run(Map.of("x", Tensor.of(new long[] {100, 1, 200, 3}, 2, 2)))
                        .get("y");
                assertThat(Objects.requireNonNull(y).longs()).containsExactly(11, 13);
            }
        }
    }

    /** As a flag that is hardly ever set: another output tells the rows apart. */
    @Test
    void anOutputThatIsAlwaysTheSameHindersNothing() throws Exception {
        var graph = graph(new OnnxBytes().node("Relu", "x", "y"))
                .node("ReduceMax", "x", "most", OnnxBytes.wholes("axes", 1, 2), OnnxBytes.whole("keepdims", 0))
                .node("Greater", "most bound", "flag")
                .floats("bound", new float[] {1000})
                .output("flag", OnnxBytes.BOOL, "n");
        var file = Files.write(folder.resolve("m.onnx"), graph.file());
        var options = RuntimeOptions.defaults().withMaxBatch(4);
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options)) {
            var answer = model.run(Map.of("x", rows(20, 1)));
            assertThat(Objects.requireNonNull(answer.get("flag")).booleans())
                    .hasSize(20)
                    .containsOnly(false);
        }
    }

    @Test
    @Timeout(60)
    void closingWaitsForWhatWaitsForTheProof() throws Exception {
        var file = Files.write(folder.resolve("m.onnx"), independent("layers").file());
        var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults());
        var first = model.runAsync(Map.of("x", rows(2, 1)));
        var second = model.runAsync(Map.of("x", rows(3, 2)));
        model.close();
        assertThat(first.join()).containsKey("y");
        assertThat(second.join()).containsKey("y");
        assertThatThrownBy(() -> model.runAsync(Map.of("x", rows(2, 1))).join())
                .hasCauseInstanceOf(ModelClosedException.class);
    }

    /** What hangs on the answer of one that is not known may do all that a caller may. */
    @Test
    @Timeout(60)
    void theAnswerToAFirstRequestHoldsUpNobody() throws Exception {
        var graph = new OnnxBytes()
                .node("Neg", "x", "y")
                .input("x", OnnxBytes.INT64, "n t")
                .output("y", OnnxBytes.INT64, "n t");
        var file = Files.write(folder.resolve("m.onnx"), graph.file());
        var options = RuntimeOptions.defaults().withDrainTimeout(Duration.ofHours(1));
        var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options);
        var other = model.runAsync(Map.of("x", Tensor.of(new long[] {1, 1}, 2, 1)))
                .thenApply(y -> model.run(Map.of("x", Tensor.of(new long[] {2, 2, 2, 2}, 2, 2))));
        assertThat(Objects.requireNonNull(other.join().get("y")).longs()).containsExactly(-2, -2, -2, -2);
        model.runAsync(Map.of("x", Tensor.of(new long[] {3, 3, 3, 3, 3, 3}, 2, 3)))
                .thenRun(model::close)
                .join();
    }

    @Test
    void theRefusalIsInTheFutureEachTime() throws Exception {
        var file = Files.write(folder.resolve("m.onnx"), hidden("flip").file());
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults())) {
            for (int i = 0; i < 3; i++) {
                var answer = model.runAsync(Map.of("x", rows(2, 1)));
                assertThatThrownBy(answer::join).hasCauseInstanceOf(LoadException.class);
            }
        }
    }

    /** Warmed with equal rows, the usual zeros: others are made of them. */
    @Test
    void equalRowsProveNothing() throws Exception {
        var hidden = hidden("flip");
        var file = Files.write(folder.resolve("m.onnx"), hidden.file());
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults())) {
            var zeros = Tensor.of(new float[4 * STEPS * CHANNELS], 4, STEPS, CHANNELS);
            assertThatThrownBy(() -> model.warm(Map.of("x", zeros))).hasMessageContaining("output y of a row");
        }
    }

    /** Indices that are all alike cannot be varied: until others come each request is run for itself, and stays right. */
    @Test
    void whatIsNotKnownIsRunForItself() throws Exception {
        var graph = new OnnxBytes()
                .node("Shape", "x", "s")
                .node("Reshape", "x s", "h")
                .node("CumSum", "h zero", "y")
                .longs("zero", new long[] {0})
                .input("x", OnnxBytes.INT64, "n 2")
                .output("y", OnnxBytes.INT64, "n 2");
        var file = Files.write(folder.resolve("m.onnx"), graph.file());
        try (var model = OnnxModel.open(
                file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults().withMaxBatch(4))) {
            for (int i = 0; i < 20; i++) {
                var ones = Tensor.of(new long[] {1, 1, 1, 1, 1, 1}, 3, 2);
                assertThat(Objects.requireNonNull(model.run(Map.of("x", ones)).get("y"))
                                .longs())
                        .containsExactly(1, 1, 2, 2, 3, 3);
            }
            assertThatThrownBy(() -> model.run(Map.of("x", Tensor.of(new long[10], 5, 2))))
                    .hasMessageContaining("could not be seen yet");
        }
    }

    /** Requests that are run for themselves are queued, bounded, metered and given up as all others. */
    @Test
    @Timeout(60)
    void whatIsRunForItselfWaitsAsAllElseDoes() throws Exception {
        var graph = new OnnxBytes()
                .node("Shape", "x", "s")
                .node("Reshape", "x s", "h")
                .node("CumSum", "h zero", "y")
                .longs("zero", new long[] {0})
                .input("x", OnnxBytes.INT64, "n 2")
                .output("y", OnnxBytes.INT64, "n 2");
        var file = Files.write(folder.resolve("m.onnx"), graph.file());
        var budget = ThreadBudget.of(1);
        var meters = new SimpleMeterRegistry();
        var options = RuntimeOptions.defaults()
                .withBudget(budget)
                .withMaxBatch(4)
                .withMaxWaiting(9)
                .withMeters(meters);
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options)) {
            var ones = Map.of("x", Tensor.of(new long[] {1, 1, 1, 1, 1, 1}, 3, 2));
            // more tries than are made one after the other, so that the next ones are not tried
            for (int i = 0; i < 8; i++) {
                model.run(ones);
            }
            assertThat(count(meters, "completed")).isEqualTo(8);
            assertThat(budget.tryTake(1)).isTrue();
            var waiting = List.of(model.runAsync(ones), model.runAsync(ones), model.runAsync(ones));
            assertThat(model.health().reasons())
                    .containsExactly("graph: 1 more cannot wait where 9 of at most 9 wait already");
            assertThat(meters.get("smalti.queue.depth").gauge().value()).isEqualTo(9);
            assertThatThrownBy(() -> model.runAsync(ones).join()).hasCauseInstanceOf(QueueFullException.class);
            waiting.get(2).cancel(true);
            // whose room is free again
            var hasty = model.with(RequestOptions.defaults().withTimeout(Duration.ofMillis(300)))
                    .runAsync(ones);
            assertThatThrownBy(hasty::join).hasCauseInstanceOf(DeadlineException.class);
            assertThat(count(meters, "refused")).isEqualTo(1);
            assertThat(count(meters, "expired")).isEqualTo(1);
            var again = model.runAsync(ones);
            budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
            for (var answer : List.of(waiting.get(0), waiting.get(1), again)) {
                // two of them in one run would be summed up together
                assertThat(Objects.requireNonNull(answer.join().get("y")).longs())
                        .containsExactly(1, 1, 2, 2, 3, 3);
            }
            assertThat(count(meters, "completed")).isEqualTo(11);
            assertThat(meters.get("smalti.queue.depth").gauge().value()).isZero();
            assertThat(model.health().ready()).isTrue();
        }
    }

    private static double count(SimpleMeterRegistry meters, String outcome) {
        return meters.get("smalti.requests").tag("outcome", outcome).counter().count();
    }

    /** Each is the whole of its run, and neither cut nor put beside others. */
    @Test
    void aWholeRequestSharesNothing() {
        var batches = Collections.synchronizedList(new ArrayList<List<Integer>>());
        var budget = ThreadBudget.of(1);
        var batcher = new Batcher<String>(
                "rows",
                (batch, alone, stop) -> {
                    batches.add(batch.stream().map(Ticket.Slice::count).toList());
                    return 0;
                },
                new BatchSettings(4, 100, budget, 1, 1),
                BatchListener.NONE,
                Threads.SERVERS);
        assertThat(budget.tryTake(1)).isTrue();
        var all = IntStream.range(1, 7)
                .mapToObj(rows -> {
                    var demand = Demand.of("kind", rows);
                    return batcher.submit(
                            "rows", rows % 2 == 0 ? demand.whole() : demand, RequestOptions.defaults(), () -> rows);
                })
                .toList();
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
        all.forEach(CompletableFuture::join);
        assertThat(batches).contains(List.of(2), List.of(4), List.of(6));
        assertThat(batches.stream().filter(batch -> batch.size() > 1)).isNotEmpty();
        assertThat(batches.stream()
                        .filter(batch -> batch.size() > 1)
                        .flatMap(List::stream)
                        .mapToInt(Integer::intValue)
                        .sum())
                .isLessThanOrEqualTo(1 + 3 + 5);
    }

    @Test
    void anotherAnswerEachTimeIsNoProof() throws Exception {
        var graph = graph(new OnnxBytes().node("RandomNormalLike", "x", "r").node("Add", "x r", "y"));
        var file = Files.write(folder.resolve("m.onnx"), graph.file());
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults())) {
            assertThatThrownBy(() -> model.run(Map.of("x", rows(2, 1)))).hasMessageContaining("is another each time");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"layers", "convolutions", "lstm", "attention"})
    void independentRowsAreServedTogether(String kind) throws Exception {
        var file = Files.write(folder.resolve("m.onnx"), independent(kind).file());
        try (var alone = OnnxModel.open(file);
                var model = OnnxModel.open(
                        file,
                        Requests.INDEPENDENT_ROWS,
                        RuntimeOptions.defaults().withMaxBatch(8))) {
            model.warm(Map.of("x", rows(1, 9)));
            var asked = IntStream.range(0, 40)
                    .mapToObj(i -> model.runAsync(Map.of("x", rows(1 + i % 11, i))))
                    .toList();
            for (int i = 0; i < asked.size(); i++) {
                var wanted = floats(alone.run(Map.of("x", rows(1 + i % 11, i))));
                // kernels add in another order for other batches: some 1e-6 of values of about 1
                assertThat(floats(asked.get(i).join())).containsExactly(wanted, within(1e-5f));
            }
        }
    }

    private static OnnxBytes hidden(String kind) {
        return mixing(new OnnxBytes().node("Shape", "x", "s").node("Reshape", "x s", "h"), kind, "h");
    }

    private static OnnxBytes mixing(OnnxBytes g, String kind, String x) {
        return switch (kind) {
            case "softmax" -> graph(g.node("Softmax", x, "y", OnnxBytes.whole("axis", 0)));
            case "logsoftmax" -> graph(g.node("LogSoftmax", x, "y", OnnxBytes.whole("axis", -3)));
            case "cumsum" -> graph(g.node("CumSum", x + " zero", "y").longs("zero", new long[] {0}));
            case "mean" ->
                graph(g.node("ReduceMean", x, "m", OnnxBytes.wholes("axes", 0)).node("Sub", x + " m", "y"));
            case "centred" -> graph(g.node("ReduceMax", x, "m").node("Div", x + " m", "y"));
            case "reverse" ->
                graph(g.node("Shape", "x", "all")
                        .node("Gather", "all zero", "n")
                        .node("Expand", "n five", "lengths")
                        .node(
                                "ReverseSequence",
                                x + " lengths",
                                "y",
                                OnnxBytes.whole("time_axis", 0),
                                OnnxBytes.whole("batch_axis", 1))
                        .longs("zero", new long[] {0}, 1)
                        .longs("five", new long[] {STEPS}, 1));
            case "lstm" -> graph(recurrent(g, "LSTM", 4, x));
            case "gru" -> graph(recurrent(g, "GRU", 3, x));
            case "argmax" ->
                graph(g.node("ArgMax", x, "m")
                        .node("Cast", "m", "f", OnnxBytes.whole("to", 1))
                        .node("Sub", x + " f", "y"));
            case "norm" ->
                graph(g.node("ReduceSumSquare", x, "m", OnnxBytes.wholes("axes", 0, 1))
                        .node("Div", x + " m", "y"));
            case "dynamic" ->
                graph(g.node("DynamicQuantizeLinear", x, "q scale zero").node("DequantizeLinear", "q scale zero", "y"));
            case "flip" ->
                graph(g.node("Slice", x + " from to axes steps", "y")
                        .longs("from", new long[] {-1}, 1)
                        .longs("to", new long[] {Long.MIN_VALUE}, 1)
                        .longs("axes", new long[] {0}, 1)
                        .longs("steps", new long[] {-1}, 1));
            case "roll" ->
                graph(g.node("Slice", x + " one end axes", "tail")
                        .node("Slice", x + " zero one axes", "head")
                        .node("Concat", "tail head", "y", OnnxBytes.whole("axis", 0))
                        .longs("zero", new long[] {0}, 1)
                        .longs("one", new long[] {1}, 1)
                        .longs("end", new long[] {Long.MAX_VALUE}, 1)
                        .longs("axes", new long[] {0}, 1));
            case "place" ->
                graph(g.node("Slice", x + " zero one axes", "head")
                        .node("Add", x + " head", "y")
                        .longs("zero", new long[] {0}, 1)
                        .longs("one", new long[] {1}, 1)
                        .longs("axes", new long[] {0}, 1));
            case "least" ->
                graph(g.node("ReduceMin", x, "m")
                        .node("Mul", "m small", "p")
                        .node("Add", x + " p", "y")
                        .floats("small", new float[] {0.01f}));
            default -> throw new IllegalArgumentException(kind);
        };
    }

    /** x as [time, batch, input], as ONNX has it. */
    private static OnnxBytes recurrent(OnnxBytes graph, String op, int gates, String x) {
        return graph.node(op, x + " w r", "all", OnnxBytes.whole("hidden_size", CHANNELS))
                .node("Squeeze", "all one", "y")
                .longs("one", new long[] {1}, 1)
                .floats("w", weights(gates * CHANNELS * CHANNELS, 3), 1, (long) gates * CHANNELS, CHANNELS)
                .floats("r", weights(gates * CHANNELS * CHANNELS, 4), 1, (long) gates * CHANNELS, CHANNELS);
    }

    private static OnnxBytes independent(String kind) {
        var g = new OnnxBytes();
        return switch (kind) {
            case "layers" ->
                graph(g.node("Flatten", "x", "f")
                        .node("Gemm", "f w", "a")
                        .node("Relu", "a", "b")
                        .node("Gemm", "b w", "c")
                        .node("Softmax", "c", "d")
                        .node("Reshape", "d shape", "y")
                        .floats("w", weights(400, 1), 20, 20)
                        .longs("shape", new long[] {0, STEPS, CHANNELS}, 3));
            case "convolutions" ->
                graph(g.node("Conv", "x w", "a", OnnxBytes.wholes("pads", 1, 1))
                        .node("Tanh", "a", "b")
                        .node("Conv", "b w", "c", OnnxBytes.wholes("pads", 1, 1))
                        .node("ReduceMean", "c", "m", OnnxBytes.wholes("axes", 1, 2))
                        .node("Sub", "c m", "y")
                        .floats("w", weights(75, 1), STEPS, STEPS, 3));
            case "lstm" ->
                graph(recurrent(g.node("Transpose", "x", "t", OnnxBytes.wholes("perm", 1, 0, 2)), "LSTM", 4, "t"), "z")
                        .node("Transpose", "y", "z", OnnxBytes.wholes("perm", 1, 0, 2));
            case "attention" ->
                graph(g.node("Transpose", "x", "k", OnnxBytes.wholes("perm", 0, 2, 1))
                        .node("MatMul", "x k", "a")
                        .node("Softmax", "a", "b", OnnxBytes.whole("axis", -1))
                        .node("MatMul", "b x", "y"));
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private static OnnxBytes graph(OnnxBytes nodes) {
        return graph(nodes, "y");
    }

    private static OnnxBytes graph(OnnxBytes nodes, String output) {
        return nodes.input("x", OnnxBytes.FLOAT, "n 5 4").output(output, OnnxBytes.FLOAT, "n 5 4");
    }

    private static float[] weights(int count, int seed) {
        var random = new Random(seed);
        var weights = new float[count];
        for (int i = 0; i < count; i++) {
            weights[i] = (float) random.nextGaussian() / 3;
        }
        return weights;
    }

    private static Tensor rows(int count, int seed) {
        return Tensor.of(weights(count * STEPS * CHANNELS, seed), count, STEPS, CHANNELS);
    }

    private static float[] floats(Map<String, Tensor> outputs) {
        return outputs.values().iterator().next().floats();
    }
}
