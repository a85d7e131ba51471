package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.runtime.OnnxModel.Requests;
import smalti.spec.SpecException;
import smalti.spec.bundle.Role;

/** What goes wrong around real graphs: only those whom it concerns fail, and learn why. */
@Timeout(60)
final class FaultsTest {
    private static final int BAD = 99;

    @TempDir
    Path folder;

    /** ONNX Runtime looks a class up that is none, and refuses it in the midst of a run. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRequestThatOnnxRuntimeFailsOnFailsAlone(boolean isOneBad) {
        var file = Bundles.CONDITIONAL.resolve("generator.onnx");
        var expected = new ArrayList<byte[]>();
        try (var model = OnnxModel.open(file)) {
            for (int i = 0; i < TinyNets.CLASSES; i++) {
                expected.add(pixels(model.run(classes(model, 1, i))));
            }
        }
        var budget = ThreadBudget.of(1);
        var meters = new SimpleMeterRegistry();
        var options =
                RuntimeOptions.defaults().withBudget(budget).withMaxBatch(8).withMeters(meters);
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options)) {
            // that rows are independent is seen before; of one run nothing is learnt of what a batch should be
            model.run(classes(model, 2, 1));
            hold(budget);
            var futures = new ArrayList<CompletableFuture<Map<String, Tensor>>>();
            for (int i = 0; i < 6; i++) {
                futures.add(model.runAsync(classes(model, 1, isOneBad && i == 3 ? BAD : i % 3)));
            }
            // with them it fills one batch, and most of the next
            var large = model.runAsync(classes(model, 9, isOneBad ? BAD : 1));
            letGo(budget);
            for (int i = 0; i < 6; i++) {
                if (isOneBad && i == 3) {
                    failsInTheGraph(futures.get(i));
                } else {
                    assertThat(pixels(futures.get(i).join())).isEqualTo(expected.get(i % 3));
                }
            }
            if (isOneBad) {
                failsInTheGraph(large);
            } else {
                var nine = pixels(large.join());
                assertThat(Arrays.copyOfRange(nine, nine.length / 9 * 8, nine.length))
                        .isEqualTo(expected.get(1));
                assertThat(meters.get("smalti.batch.size").summary().count())
                        .as("batches of 15 items, and the first run")
                        .isEqualTo(3);
            }
            assertThat(count(meters, "failed")).isEqualTo(isOneBad ? 2 : 0);
            assertThat(count(meters, "completed")).isEqualTo(isOneBad ? 6 : 8);
            assertThat(pixels(model.run(classes(model, 1, 2)))).isEqualTo(expected.get(2));
        }
    }

    /** Else a full queue would hold the memory of a thousand answers, and refusing would cost as much as they do. */
    @Test
    void aRequestThatWaitsHasNoMemoryForItsAnswerYet() {
        var budget = ThreadBudget.of(1);
        var options = RuntimeOptions.defaults().withBudget(budget).withMaxPixels(1 << 24);
        try (var model = SmaltiModel.open(Bundles.GENERATOR, options)) {
            var request = Generation.of(20_000, 1);
            var generator = model.generator();
            assertThat(generator.generate(Generation.of(1, 1)).count()).isEqualTo(1);
            hold(budget);
            var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            var future = generator.generateAsync(request);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            letGo(budget);
            long answer = future.join().data().remaining();
            assertThat(answer).isEqualTo(20_000L * TinyNets.SIDE * TinyNets.SIDE * 3);
            // its noise is not drawn yet either
            assertThat(allocated).isLessThan(1 << 16);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"damaged", "cut", "deleted", "folder deleted"})
    void filesThatChangeUnderAnOpenModelChangeNothingInIt(String fault) throws Exception {
        var copy = Bundles.copy(Bundles.CODEC, folder);
        var options = RuntimeOptions.defaults()
                .withBudget(ThreadBudget.of(2))
                .withDevice(Device.cpu().withThreads(2).withSpread(Device.Spread.ADAPTIVE));
        try (var untouched = SmaltiModel.open(Bundles.CODEC);
                var model = SmaltiModel.open(copy, options)) {
            var pictures = pictures(1, 4);
            var codes = untouched.codec().encode(pictures);
            var codec = model.codec();
            assertThat(codec.encode(pictures)).isEqualTo(codes);
            assertThat(codec.decode(codes)).isNotNull();
            for (var file : List.of("tokenize.onnx", "detokenize.onnx")) {
                damage(copy.resolve(file), fault);
            }
            if (fault.equals("folder deleted")) {
                for (var file : filesOf(copy)) {
                    Files.delete(file);
                }
                Files.delete(copy);
            }
            // under load each graph would be loaded once more, from a file that is not the one that was opened
            var futures = new ArrayList<CompletableFuture<Codes>>();
            for (int i = 0; i < 40; i++) {
                futures.add(codec.encodeAsync(pictures));
            }
            for (var future : futures) {
                assertThat(future.join()).isEqualTo(codes);
            }
            assertThat(codec.decode(codes)).isEqualTo(untouched.codec().decode(codes));
            assertThat(model.health().ready()).isTrue();
            assertThatThrownBy(model::verify)
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining(copy + ": tokenize.onnx")
                    .hasMessageContaining(copy + ": detokenize.onnx");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"damaged", "cut", "deleted"})
    void aZipThatChangesBeforeItsGraphIsReadIsRefusedByName(String fault) throws Exception {
        var zip = Bundles.zip(Bundles.GENERATOR, "", folder.resolve("bundle.zip"));
        try (var model = SmaltiModel.open(zip)) {
            damage(zip, fault);
            assertThatThrownBy(model::generator)
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining(zip.toString())
                    .hasMessageContaining("generator.onnx");
            Bundles.zip(Bundles.GENERATOR, "", zip);
            assertThat(model.generator().generate(1, 1).count()).isEqualTo(1);
        }
    }

    @Test
    void aModelOfOneFileLivesOnWhenThatChanges() throws Exception {
        var file = Files.copy(Bundles.GENERATOR.resolve("generator.onnx"), folder.resolve("generator.onnx"));
        var options = RuntimeOptions.defaults()
                .withBudget(ThreadBudget.of(2))
                .withDevice(Device.cpu().withThreads(2).withSpread(Device.Spread.ADAPTIVE));
        try (var model = OnnxModel.open(file, Requests.INDEPENDENT_ROWS, options)) {
            var inputs = Map.of(model.inputs().get(0).name(), Tensor.of(new float[TinyNets.NOISE], 1, TinyNets.NOISE));
            var expected = pixels(model.run(inputs));
            Files.write(file, new byte[] {1, 2, 3});
            var futures = new ArrayList<CompletableFuture<Map<String, Tensor>>>();
            for (int i = 0; i < 40; i++) {
                futures.add(model.runAsync(inputs));
            }
            for (var future : futures) {
                assertThat(pixels(future.join())).isEqualTo(expected);
            }
        }
    }

    /** However much of a bundle has arrived, it is refused and said to be none, until all of it is there. */
    @Test
    void halfABundleIsRefused() throws Exception {
        var zip = Files.readAllBytes(Bundles.zip(Bundles.GENERATOR, "", folder.resolve("whole.zip")));
        var half = folder.resolve("half.zip");
        var random = new Random(7);
        // what comes behind the files is the zip's own
        int files = new String(zip, StandardCharsets.ISO_8859_1).indexOf("PK\001\002");
        for (int i = 0; i < 40; i++) {
            int length = i < 4 ? i : random.nextInt(files);
            Files.write(half, Arrays.copyOf(zip, length));
            assertThatThrownBy(() -> SmaltiModel.open(half).close())
                    .as("%s bytes of %s", length, zip.length)
                    .isInstanceOf(SpecException.class);
            var stream = new ByteArrayInputStream(zip, 0, length);
            assertThatThrownBy(() -> used(SmaltiModel.open(stream, RuntimeOptions.defaults())))
                    .as("%s bytes of %s", length, zip.length)
                    .isInstanceOf(SpecException.class);
        }
        var copy = Bundles.copy(Bundles.GENERATOR, folder);
        for (var file : List.of("bundle.json", "generator.onnx")) {
            var whole = Bundles.read(copy, file);
            for (int i = 0; i < 20; i++) {
                int length = i == 0 ? 0 : random.nextInt(whole.length);
                Files.write(copy.resolve(file), Arrays.copyOf(whole, length));
                assertThatThrownBy(() -> used(SmaltiModel.open(copy)))
                        .as("%s of %s bytes", file, length)
                        .isInstanceOf(SpecException.class)
                        .hasMessageContaining(file);
            }
            Files.write(copy.resolve(file), whole);
        }
        used(SmaltiModel.open(copy));
    }

    @Test
    void halfABundleTakesNothingOver() throws Exception {
        var next = Bundles.copy(Bundles.GENERATOR, folder);
        var whole = Bundles.read(next, "generator.onnx");
        var json = Bundles.read(next, "bundle.json");
        try (var live = LiveModel.open(Bundles.GENERATOR, RuntimeOptions.defaults())) {
            Pixels expected = live.call(model -> model.generator().generate(2, 5));
            for (int part = 0; part < 8; part++) {
                Files.write(next.resolve("generator.onnx"), Arrays.copyOf(whole, whole.length * part / 8));
                assertThatThrownBy(() -> live.reload(next))
                        .isInstanceOf(SpecException.class)
                        .hasMessageContaining("generator.onnx must have SHA-256");
                Files.write(next.resolve("bundle.json"), Arrays.copyOf(json, json.length * part / 8));
                assertThatThrownBy(() -> live.reload(next))
                        .isInstanceOf(SpecException.class)
                        .hasMessageContaining("bundle.json");
                Files.write(next.resolve("bundle.json"), json);
                Pixels still = live.call(model -> model.generator().generate(2, 5));
                assertThat(still).isEqualTo(expected);
            }
            Files.write(next.resolve("generator.onnx"), whole);
            live.reload(next);
            Pixels again = live.call(model -> model.generator().generate(2, 5));
            assertThat(again).isEqualTo(expected);
        }
    }

    @Test
    void closingInMidLoadFailsOnlyWhatThatModelHas() throws Exception {
        var pictures = pictures(3, 4);
        var meters = new SimpleMeterRegistry();
        for (int round = 0; round < 5; round++) {
            try (var other = SmaltiModel.open(Bundles.GENERATOR)) {
                var model = SmaltiModel.open(
                        Bundles.CODEC,
                        RuntimeOptions.defaults()
                                .withMaxBatch(4)
                                .withMaxWaiting(10_000)
                                .withDrainTimeout(Duration.ZERO)
                                .withMeters(meters));
                var codes = model.codec().encode(pictures);
                var generated = other.generator().generate(2, round);
                var ends = new AtomicInteger();
                var futures = new ArrayList<CompletableFuture<Codes>>();
                var others = new ArrayList<CompletableFuture<Pixels>>();
                for (int i = 0; i < 200; i++) {
                    var future = model.codec().encodeAsync(pictures);
                    var unused = future.whenComplete((done, failure) -> ends.incrementAndGet());
                    futures.add(future);
                    others.add(other.generator().generateAsync(Generation.of(2, round)));
                }
                futures.get(10 * round).join();
                model.close();
                int answered = 0;
                for (var future : futures) {
                    try {
                        assertThat(future.join()).isEqualTo(codes);
                        answered++;
                    } catch (CompletionException e) {
                        assertThat(e)
                                .hasRootCauseInstanceOf(ModelClosedException.class)
                                .hasRootCauseMessage("tiny-codec/tokenize is closed");
                    }
                }
                assertThat(answered).isPositive();
                for (var future : others) {
                    assertThat(future.join()).isEqualTo(generated);
                }
                while (ends.get() < 200) {
                    Thread.onSpinWait();
                }
                assertThat(ends).hasValue(200);
            }
        }
    }

    /** A caller whose thread is interrupted is let go; those beside it are served. */
    @Test
    void interruptedCallersDoNotDisturbOthers() throws Exception {
        var pictures = pictures(2, 4);
        try (var model =
                SmaltiModel.open(Bundles.CODEC, RuntimeOptions.defaults().withMaxBatch(4))) {
            var codes = model.codec().encode(pictures);
            var threads = Executors.newFixedThreadPool(8);
            var interrupted = new AtomicInteger();
            var running = new ArrayList<Future<?>>();
            var ready = new CountDownLatch(8);
            for (int number = 0; number < 8; number++) {
                var random = new Random(number);
                boolean isVictim = number % 2 == 0;
                running.add(threads.submit(() -> {
                    ready.countDown();
                    ready.await();
                    for (int i = 0; i < 100; i++) {
                        if (isVictim && random.nextInt(3) == 0) {
                            Thread.currentThread().interrupt();
                        }
                        try {
                            assertThat(model.codec().encode(pictures)).isEqualTo(codes);
                        } catch (java.util.concurrent.CancellationException e) {
                            assertThat(isVictim).isTrue();
                            assertThat(Thread.currentThread().isInterrupted()).isTrue();
                            interrupted.incrementAndGet();
                        }
                        assertThat(Thread.interrupted() && !isVictim).isFalse();
                    }
                    return true;
                }));
            }
            for (var one : running) {
                one.get();
            }
            threads.shutdown();
            assertThat(interrupted).hasPositiveValue();
            assertThat(model.device(Role.TOKENIZE)).isEqualTo(Device.cpu());
        }
    }

    /** Takes the thread, so that requests wait until it is let go. */
    private static void hold(ThreadBudget budget) {
        while (!budget.tryTake(1)) {
            Thread.onSpinWait();
        }
    }

    private static void letGo(ThreadBudget budget) {
        budget.give(new ThreadBudget.Claim(1, () -> {}), 1, 0);
    }

    private static void failsInTheGraph(CompletableFuture<?> future) {
        assertThatThrownBy(future::join)
                .isInstanceOf(CompletionException.class)
                .hasRootCauseInstanceOf(ai.onnxruntime.OrtException.class)
                .hasMessageContaining("generator.onnx: ONNX Runtime failed")
                .hasMessageContaining("idx=" + BAD);
    }

    private static void used(SmaltiModel model) {
        try (model) {
            model.verify();
            model.generator().generate(1, 1);
        }
    }

    private static void damage(Path file, String fault) throws Exception {
        var bytes = Files.readAllBytes(file);
        switch (fault) {
            case "damaged" -> {
                var random = new Random(1);
                for (int i = 0; i < 100; i++) {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
                }
                Files.write(file, bytes);
            }
            case "cut" -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
            default -> Files.delete(file);
        }
    }

    private static List<Path> filesOf(Path folder) throws Exception {
        try (var files = Files.list(folder)) {
            return files.toList();
        }
    }

    /** Of these classes; the noise is the same for each. */
    private static Map<String, Tensor> classes(OnnxModel model, int rows, long last) {
        var classes = new long[rows];
        classes[rows - 1] = last;
        var inputs = model.inputs();
        return Map.of(
                inputs.get(0).name(), Tensor.of(new float[rows * TinyNets.NOISE], rows, TinyNets.NOISE),
                inputs.get(1).name(), Tensor.of(classes, rows));
    }

    private static byte[] pixels(Map<String, Tensor> outputs) {
        return Objects.requireNonNull(outputs.values().iterator().next()).bytes();
    }

    private static double count(SimpleMeterRegistry meters, String outcome) {
        return meters.get("smalti.requests").tag("outcome", outcome).counter().count();
    }

    private static Pixels pictures(long seed, int count) {
        var bytes = new byte[count * 16 * 16 * 3];
        new Random(seed).nextBytes(bytes);
        return new Pixels(count, 16, 16, 3, ByteBuffer.wrap(bytes));
    }
}
