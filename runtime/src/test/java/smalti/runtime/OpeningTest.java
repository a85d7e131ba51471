package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.file.Checksums;
import smalti.spec.file.RecordTree;

class OpeningTest {
    @TempDir
    Path temporary;

    @Test
    void aFolderOpens() {
        try (var model = SmaltiModel.open(Bundles.CODEC)) {
            assertThat(model.manifest())
                    .isEqualTo(RecordTree.read(Bundles.CODEC.resolve(BundleManifest.FILE), BundleManifest.class));
            assertThat(model.hasCodec()).isTrue();
            assertThat(model.hasGenerator()).isFalse();
            model.verify();
            refused(model::generator, "a generator must have the graphs generator, got a bundle with encoder, ");
        }
        try (var model = SmaltiModel.open(Bundles.GENERATOR)) {
            assertThat(model.hasCodec()).isFalse();
            assertThat(model.hasGenerator()).isTrue();
            refused(model::codec, "a codec must have the graphs tokenize and detokenize, got a bundle with generator");
        }
    }

    @Test
    void aZipGivesWhatTheFolderGives() {
        for (var prefix : new String[] {"", "tiny-generator.smalti/"}) {
            var zip = Bundles.zip(Bundles.GENERATOR, prefix, temporary.resolve("zip" + prefix.length()));
            try (var zipped = SmaltiModel.open(zip);
                    var folder = SmaltiModel.open(Bundles.GENERATOR)) {
                zipped.verify();
                assertThat(zipped.generator().generate(3, 1))
                        .isEqualTo(folder.generator().generate(3, 1));
            }
        }
    }

    @Test
    void whatIsNoBundleIsRefused() throws IOException {
        var nothing = temporary.resolve("nothing.smalti");
        refused(() -> SmaltiModel.open(nothing), nothing + ": must be a bundle", "does not exist");
        refused(() -> SmaltiModel.open(temporary), temporary + ": bundle.json is missing");
        var text = Files.writeString(temporary.resolve("text.smalti"), "no zip at all");
        refused(
                () -> SmaltiModel.open(text),
                text + ": must be a bundle, a folder or a zip, and is none or a damaged one");
        var empty = temporary.resolve("empty.zip");
        new ZipOutputStream(Files.newOutputStream(empty)).close();
        refused(() -> SmaltiModel.open(empty), "must hold one bundle.json", "got []");
    }

    @Test
    void aZipOfTwoBundlesIsRefused() throws IOException {
        var zip = temporary.resolve("two.zip");
        try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var prefix : new String[] {"a/", "b/"}) {
                out.putNextEntry(new ZipEntry(prefix + "bundle.json"));
            }
        }
        refused(() -> SmaltiModel.open(zip), "must hold one bundle.json", "got [a/bundle.json, b/bundle.json]");
    }

    @Test
    void aBombIsNotUnpacked() throws IOException {
        var zip = temporary.resolve("bomb.zip");
        try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var file : new String[] {"bundle.json", "generator.onnx", "generator-float.onnx"}) {
                out.putNextEntry(new ZipEntry(file));
                out.write(Bundles.read(Bundles.GENERATOR, file));
                if (file.equals("generator.onnx")) {
                    out.write(new byte[8 << 20]);
                }
            }
        }
        try (var model = SmaltiModel.open(zip, RuntimeOptions.defaults().withMaxFileBytes(1 << 20))) {
            refused(model::generator, "generator.onnx must have at most 1048576 bytes, got more");
        }
    }

    @Test
    void brokenJsonIsRefused() throws IOException {
        var copy = Bundles.copy(Bundles.CODEC, temporary);
        Files.writeString(copy.resolve("bundle.json"), "{\"format\": 1,\n \"name\": ");
        refused(() -> SmaltiModel.open(copy), copy + ": bundle.json: must be JSON at line 2");
        Files.writeString(copy.resolve("bundle.json"), "{\"format\": 1, \"nmae\": \"x\"}");
        refused(() -> SmaltiModel.open(copy), "bundle.json: nmae is not a known key", "bundle.json: graphs is missing");
    }

    @Test
    void aManifestThatIsNotSealedOrWasChangedIsRefused() throws IOException {
        var copy = Bundles.copy(Bundles.CODEC, temporary);
        var manifest = RecordTree.read(copy.resolve("bundle.json"), BundleManifest.class);
        var json = RecordTree.json(manifest);
        Files.writeString(
                copy.resolve("bundle.json"), json.replaceAll(",\\s*\"sha256\" : \"[0-9a-f]{64}\"\\s*}\\s*$", "}"));
        refused(() -> SmaltiModel.open(copy), copy + ": bundle.json: sha256 is missing");
        Files.writeString(copy.resolve("bundle.json"), json.replace("\"lo\" : -1.0", "\"lo\" : -0.5"));
        refused(() -> SmaltiModel.open(copy), copy + ": bundle.json: must have SHA-256");
    }

    @Test
    void anUnknownRoleIsRefused() {
        refusedAfter(
                manifest -> {
                    var graphs = (ObjectNode) manifest.get("graphs");
                    graphs.set("tokeniser", graphs.get("tokenize"));
                },
                "bundle.json: graphs.tokeniser is not a known role; known here: encoder, codebook, ");
    }

    @Test
    void aPathOutOfTheBundleIsRefused() {
        refusedAfter(
                manifest -> ((ObjectNode) manifest.at("/graphs/tokenize")).put("file", "../tokenize.onnx"),
                "must be a plain file name, got \"../tokenize.onnx\"");
    }

    @Test
    void allMissingFilesAreNamed() throws IOException {
        var copy = Bundles.copy(Bundles.CODEC, temporary);
        Files.delete(copy.resolve("tokenize.onnx"));
        Files.delete(copy.resolve("decoder.onnx"));
        refused(() -> SmaltiModel.open(copy), copy + ": tokenize.onnx is missing", copy + ": decoder.onnx is missing");
    }

    @Test
    void aFileThatGoesAfterOpeningIsNamed() throws IOException {
        var copy = Bundles.copy(Bundles.CODEC, temporary);
        try (var model = SmaltiModel.open(copy)) {
            Files.delete(copy.resolve("detokenize.onnx"));
            var codes = model.codec().encode(new Pixels(1, 2, 2, 3, ByteBuffer.allocate(12)));
            refused(() -> model.codec().decode(codes), copy + ": detokenize.onnx is missing");
        }
    }

    @Test
    void aChangedByteIsFound() {
        var copy = Bundles.copy(Bundles.CODEC, temporary);
        var bytes = Bundles.read(copy, "detokenize.onnx");
        var expected = Checksums.sha256(bytes);
        bytes[bytes.length / 2] ^= 1;
        Bundles.replace(copy, "detokenize.onnx", bytes, false);
        try (var model = SmaltiModel.open(copy)) {
            refused(model::warm, copy + ": detokenize.onnx must have SHA-256 " + expected, Checksums.sha256(bytes));
            refused(model::verify, "detokenize.onnx must have SHA-256 " + expected);
        }
    }

    @Test
    void graphsThatAreNotServedAreNotLoaded() {
        var copy = Bundles.copy(Bundles.CODEC, temporary);
        Bundles.replace(copy, "decoder.onnx", new byte[0], false);
        try (var model = SmaltiModel.open(copy)) {
            var codes = model.codec().encode(new Pixels(1, 2, 2, 3, ByteBuffer.allocate(12)));
            assertThat(codes.values()).hasSize(1);
            refused(model::verify, "decoder.onnx must have SHA-256");
        }
    }

    @Test
    void aGraphThatIsNoOnnxIsRefused() {
        var copy = Bundles.copy(Bundles.GENERATOR, temporary);
        Bundles.replace(copy, "generator.onnx", "not ONNX".getBytes(StandardCharsets.UTF_8), true);
        try (var model = SmaltiModel.open(copy)) {
            refused(model::generator, copy + ": generator.onnx: is no ONNX file, or a damaged one (at byte 0)");
        }
    }

    @Test
    void aGraphThatOnnxRuntimeCannotLoadIsRefused() {
        var copy = Bundles.copy(Bundles.GENERATOR, temporary);
        Bundles.replace(copy, "generator.onnx", Bundles.NO_GRAPH, true);
        try (var model = SmaltiModel.open(copy)) {
            refused(model::generator, copy + ": generator.onnx: ONNX Runtime cannot load it");
        }
    }

    @Test
    void aGraphThatIsNotItsSignatureIsRefused() {
        refusedByWarming(
                manifest -> Bundles.tensor(manifest, "tokenize", "inputs").put("name", "image"),
                "tokenize.onnx: inputs must be [image [N,2*h,2*w,3] uint8] as the signature says, got [pixels]");
        var grey = Bundles.copy(Bundles.GREY, temporary);
        Bundles.edit(grey, manifest -> {
            Bundles.tensor(manifest, "tokenize", "inputs").withArray("shape").set(1, "4*h");
            Bundles.tensor(manifest, "tokenize", "outputs").withArray("shape").set(1, "h");
        });
        try (var model = SmaltiModel.open(grey)) {
            refused(
                    model::warm,
                    "tokenize.onnx: inputs must have pixels [N,4*h,8,1] uint8 as the signature says",
                    "got [-1, 8, 8, 1] uint8",
                    "tokenize.onnx: outputs must have codes [N,h,2] int64 as the signature says, got [-1, 2, 2] int64");
        }
    }

    @Test
    void aSignatureThatPromisesAnotherSizeFailsCleanly() {
        var copy = Bundles.promisingAnotherHeight(temporary);
        try (var model = SmaltiModel.open(copy)) {
            var codec = model.codec();
            var codes = codec.encode(new Pixels(1, 4, 4, 3, ByteBuffer.allocate(48)));
            assertThatThrownBy(() -> codec.decode(codes))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("detokenize.onnx: ONNX Runtime failed");
        }
    }

    @Test
    void theGraphOfAnotherRoleIsRefused() {
        refusedByWarming(
                manifest -> {
                    var tokenize = (ObjectNode) manifest.at("/graphs/tokenize");
                    tokenize.put("file", "encoder.onnx");
                },
                "encoder.onnx: inputs must be [pixels [N,2*h,2*w,3] uint8]",
                "encoder.onnx: outputs must be [codes [N,h,w] int64]");
    }

    @Test
    void aSignatureThatIsNotItsRoleIsRefused() {
        refusedAfter(
                manifest -> {
                    Bundles.tensor(manifest, "tokenize", "inputs").put("type", "float32");
                    Bundles.tensor(manifest, "detokenize", "outputs")
                            .withArray("shape")
                            .remove(0);
                },
                "bundle.json: graphs.tokenize.signature.inputs must be uint8 of rank 4, got pixels",
                "bundle.json: graphs.detokenize.signature.outputs must be uint8 of rank 4, got codes");
        refusedAfter(
                manifest -> {
                    Bundles.tensor(manifest, "tokenize", "inputs")
                            .withArray("shape")
                            .set(0, "1");
                    Bundles.tensor(manifest, "detokenize", "outputs")
                            .withArray("shape")
                            .set(1, "2*H");
                    manifest.withObject("/pixels").put("channels", 1);
                },
                "graphs.tokenize.signature must have the same free batch as axis 0",
                "graphs.detokenize.signature.outputs must have free sizes of the inputs only, got H");
        refusedAfter(
                manifest -> manifest.withObject("/pixels").put("channels", 1),
                "graphs.tokenize.signature must have contracts.pixels.channels (1) as the last axis of pixels",
                "graphs.detokenize.signature must have contracts.pixels.channels (1)");
    }

    @Test
    void aCodecNeedsItsCodebook() {
        refusedAfter(
                manifest -> manifest.remove("codebook"), "contracts.codebook is missing, but there is graphs.tokenize");
    }

    @Test
    void aGeneratorNeedsItsNoiseAndItsClasses() {
        var copy = Bundles.copy(Bundles.CONDITIONAL, temporary);
        Bundles.edit(copy, manifest -> manifest.remove("noise"));
        refused(() -> SmaltiModel.open(copy), "contracts.noise is missing, but there is graphs.generator");
        Bundles.edit(
                copy,
                manifest -> manifest.withObject("/contracts")
                        .putObject("noise")
                        .put("length", 17)
                        .put("generator", "philox4x32-10/box-muller"));
        refused(() -> SmaltiModel.open(copy), "contracts.noise.length must be that of noise [N,16] float32");
        Bundles.edit(copy, manifest -> manifest.withObject("/contracts").remove("classes"));
        refused(() -> SmaltiModel.open(copy), "graphs.generator.signature.inputs must be float32 of rank 2, got noise");
        var plain = Bundles.copy(Bundles.GENERATOR, temporary);
        Bundles.edit(plain, manifest -> manifest.withArray("/classes").add("cat"));
        refused(() -> SmaltiModel.open(plain), "inputs must be float32 of rank 2 and (for classes) int64 of rank 1");
    }

    @Test
    void aPrecisionIsTakenWhereTheBundleHoldsIt() throws IOException {
        var copy = Bundles.copy(Bundles.CODEC, temporary);
        refused(
                () -> SmaltiModel.open(copy, RuntimeOptions.defaults().withPrecision(Precision.INT8)),
                "must hold a graph in INT8 to be opened in it, and holds none");
        Files.copy(copy.resolve("tokenize.onnx"), copy.resolve("detokenize.int8.onnx"));
        Bundles.edit(copy, manifest -> {
            var files = (ObjectNode) manifest.get("files");
            files.set("detokenize.int8.onnx", files.get("tokenize.onnx"));
            manifest.withObject("/graphs/detokenize/variants/int8").put("file", "detokenize.int8.onnx");
        });
        try (var model = SmaltiModel.open(copy)) {
            assertThat(model.precision(Role.DETOKENIZE)).isEqualTo(Precision.FP32);
            assertThat(model.codec()).isNotNull();
        }
        try (var model = SmaltiModel.open(copy, RuntimeOptions.defaults().withPrecision(Precision.INT8))) {
            assertThat(model.precision(Role.DETOKENIZE)).isEqualTo(Precision.INT8);
            assertThat(model.precision(Role.TOKENIZE)).isEqualTo(Precision.FP32);
            // it is another graph under that name, so its signature tells that it was loaded
            refused(model::warm, "detokenize.int8.onnx: inputs must be");
        }
    }

    @Test
    void optionsCheckThemselves() {
        var defaults = RuntimeOptions.defaults();
        for (ThrowingCallable wrong : List.<ThrowingCallable>of(
                () -> defaults.withMaxBatch(0),
                () -> defaults.withMaxWaiting(0),
                () -> defaults.withMaxFileBytes(0),
                () -> defaults.withDrainTimeout(Duration.ofSeconds(-1)))) {
            assertThatThrownBy(wrong).isInstanceOf(SpecException.class).hasMessageContaining("must be");
        }
        assertThatThrownBy(() -> defaults.withDrainTimeout(Duration.ofSeconds(Long.MAX_VALUE)))
                .hasMessageContaining("drainTimeout must be from 0 to 365 days");
        var budget = ThreadBudget.of(3);
        var meters = new SimpleMeterRegistry();
        var observations = ObservationRegistry.create();
        var options = defaults.withDevice(Device.cpu().withThreads(3))
                .withPrecision(Precision.INT8)
                .withMaxBatch(4)
                .withMaxWaiting(5)
                .withBudget(budget)
                .withMaxFileBytes(5000)
                .withDrainTimeout(Duration.ZERO)
                .withReadyWhenWarm(true)
                .withMeters(meters)
                .withObservations(observations);
        assertThat(options.device()).isEqualTo(Device.cpu().withThreads(3));
        assertThat(options.precision()).isEqualTo(Precision.INT8);
        assertThat(options.maxBatch()).isEqualTo(4);
        assertThat(options.maxWaiting()).isEqualTo(5);
        assertThat(options.budget()).isSameAs(budget);
        assertThat(options.maxFileBytes()).isEqualTo(5000);
        assertThat(options.drainTimeout()).isZero();
        assertThat(options.readyWhenWarm()).isTrue();
        assertThat(options.meters()).containsSame(meters);
        assertThat(options.observations()).isSameAs(observations);
    }

    @Test
    void aStreamIsAZippedBundle() throws IOException {
        for (var prefix : List.of("", "some-folder/")) {
            var zip = Bundles.zip(Bundles.GENERATOR, prefix, fresh().resolve("bundle.zip"));
            try (var streamed = SmaltiModel.open(Files.newInputStream(zip), RuntimeOptions.defaults());
                    var model = SmaltiModel.open(Bundles.GENERATOR)) {
                assertThat(streamed.generator().generate(3, 7))
                        .isEqualTo(model.generator().generate(3, 7));
            }
            var small = RuntimeOptions.defaults().withMaxFileBytes(2048);
            assertThatThrownBy(() -> SmaltiModel.open(Files.newInputStream(zip), small))
                    .isInstanceOf(SpecException.class)
                    .hasMessageContaining("maxFileBytes");
        }
        var none = new ByteArrayInputStream(new byte[] {1, 2, 3});
        assertThatThrownBy(() -> SmaltiModel.open(none, RuntimeOptions.defaults()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("stream: must hold one bundle.json");
    }

    @Test
    void devicesCheckThemselves() {
        var cpu = Device.cpu();
        assertThatThrownBy(() -> cpu.withThreads(0)).hasMessage("threads must be from 1 to 1024, got 0");
        assertThatThrownBy(() -> cpu.withSpin(Duration.ofSeconds(2)))
                .hasMessage("spin must be from 0 to 1 second, got PT2S");
        assertThatThrownBy(() -> cpu.withSessionConfig("session.disable_prepaking", "1"))
                .isInstanceOf(SpecException.class)
                .hasMessageContainingAll("session.disable_prepacking", "got session.disable_prepaking");
        var device = Device.cpu()
                .withSpread(Device.Spread.NARROW)
                .withSpin(Duration.ZERO)
                .withFlushDenormals(true)
                .withShrink(true)
                .withSessionConfig("session.disable_prepacking", "1");
        try (var model =
                SmaltiModel.open(Bundles.GENERATOR, RuntimeOptions.defaults().withDevice(device))) {
            assertThat(model.generator().generate(2, 1)).isNotNull();
        }
    }

    private void refusedAfter(Consumer<ObjectNode> change, String... parts) {
        var copy = Bundles.copy(Bundles.CODEC, fresh());
        Bundles.edit(copy, change);
        refused(() -> SmaltiModel.open(copy), parts);
    }

    private void refusedByWarming(Consumer<ObjectNode> change, String... parts) {
        var copy = Bundles.copy(Bundles.CODEC, fresh());
        Bundles.edit(copy, change);
        try (var model = SmaltiModel.open(copy)) {
            refused(model::warm, parts);
        }
    }

    private Path fresh() {
        try {
            return Files.createTempDirectory(temporary, "case");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOf(SpecException.class).hasMessageContainingAll(parts);
    }
}
