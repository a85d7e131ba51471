package smalti.exporter.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.InputSource;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxChecker;
import smalti.exporter.OwnJvm;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.report.ExportReport;
import smalti.exporter.report.ReportPage;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.file.Checksums;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;

/** Whole run folders to whole bundles. */
final class BundleExporterTest {
    @TempDir
    private static Path shared;

    private static Path codecRun = Path.of("");
    private static Path codec = Path.of("");
    private static Path generatorRun = Path.of("");
    private static Path generator = Path.of("");

    @TempDir
    private Path folder;

    @BeforeAll
    static void export() throws IOException {
        codecRun = shared.resolve("codec-run");
        codec = shared.resolve("codec.smalti");
        generatorRun = shared.resolve("generator-run");
        generator = shared.resolve("generator.smalti");
        TinyRuns.codec(codecRun, 1);
        TinyRuns.generator(generatorRun, 1);
        // which precisions there are must not depend on the machine's mood
        BundleExporter.export(codecRun, codec, ExportOptions.defaults().withKeepsSlow(true));
        BundleExporter.export(generatorRun, generator, ExportOptions.defaults().withKeepsSlow(true));
    }

    @Test
    void aCodecsBundleHoldsItsSixGraphs() throws IOException {
        var manifest = RecordTree.read(codec.resolve(BundleManifest.FILE), BundleManifest.class);
        assertThat(signatures(manifest))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "encoder", "image [N,3,4*h,4*w] float32 → latents [N,4,h,w] float32",
                        "codebook", "latents [N,4,h,w] float32 → codes [N,h,w] int64, quantized [N,4,h,w] float32",
                        "lookup", "codes [N,h,w] int64 → quantized [N,4,h,w] float32",
                        "decoder", "quantized [N,4,h,w] float32 → image [N,3,4*h,4*w] float32",
                        "tokenize", "pixels [N,4*h,4*w,3] uint8 → codes [N,h,w] int64",
                        "detokenize", "codes [N,h,w] int64 → pixels [N,4*h,4*w,3] uint8"));
        var codebook = manifest.contracts().get(Contract.Codebook.class);
        assertThat(codebook.codes()).isEqualTo(TinyRuns.CODES);
        assertThat(codebook.factor()).isEqualTo(TinyRuns.CODEC_FACTOR);
        Seal.check(manifest, RecordTree.json(manifest));
        assertThat(manifest.sha256()).isNotNull();
        assertThat(codebook.dim()).isEqualTo(4);
        assertThat(manifest.contracts().has(Contract.Noise.class)).isFalse();
        assertThat(manifest.opset()).isEqualTo(17);
        assertThat(manifest.provenance().versions()).containsKeys("nd4j", "onnxruntime", "smalti-exporter");
    }

    @Test
    void graphsInFewerBitsComeCloseToFp32() {
        for (var bundle : List.of(codec, generator)) {
            var manifest = RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class);
            var variants = manifest.graphs().values().stream()
                    .flatMap(graph -> Stream.ofNullable(graph.variants()))
                    .flatMap(all -> all.values().stream())
                    .toList();
            assertThat(variants).isNotEmpty();
            assertThat(variants).allSatisfy(variant -> {
                assertThat(manifest.files()).containsKey(variant.file());
                assertThat(Objects.requireNonNullElse(variant.psnr(), 100.0)).isGreaterThanOrEqualTo(35);
                assertThat(Objects.requireNonNullElse(variant.agreement(), 1.0)).isGreaterThanOrEqualTo(0.97);
                assertThat(Objects.requireNonNullElse(variant.reconstructionLoss(), 0.0))
                        .isLessThanOrEqualTo(0.3);
            });
        }
    }

    @Test
    void aReportLiesBesideTheBundle() throws Exception {
        for (var bundle : List.of(codec, generator)) {
            var json = ReportPage.beside(bundle, ".report.json");
            var report = RecordTree.read(json, ExportReport.class);
            var manifest = RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class);
            assertThat(report.graphs())
                    .extracting(ExportReport.GraphReport::role)
                    .containsExactlyInAnyOrderElementsOf(manifest.graphs().keySet());
            for (var graph : report.graphs()) {
                var entry = Objects.requireNonNull(manifest.graphs().get(graph.role()));
                assertThat(graph.proof()).isEqualTo(entry.proof());
                var histogram = Objects.requireNonNull(graph.proof().histogram());
                assertThat(histogram.stream().mapToLong(Long::longValue).sum()).isPositive();
                assertThat(graph.precisions().stream()
                                .filter(precision -> precision.file() != null)
                                .count())
                        .isEqualTo(1
                                + (entry.variants() == null
                                        ? 0
                                        : entry.variants().size()));
            }
            var page = ReportPage.beside(bundle, ".report.html");
            var parsed = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(
                            new StringReader(Files.readString(page).replace("<!DOCTYPE html>", ""))));
            assertThat(parsed.getElementsByTagName("h2").getLength())
                    .isGreaterThan(report.graphs().size());
        }
    }

    @Test
    void aCardTellsWhatTheBundleIs() throws IOException {
        for (var bundle : List.of(codec, generator)) {
            var manifest = RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class);
            assertThat(manifest.files()).containsKeys(ModelCard.FILE, "samples.png");
            assertThat(Files.readString(bundle.resolve(ModelCard.FILE))).contains(manifest.name(), "samples.png");
            assertThat(ImageIO.read(bundle.resolve("samples.png").toFile())).isNotNull();
        }
    }

    @Test
    void withoutPrecisionsThereIsFp32Alone() throws IOException {
        var plain = folder.resolve("plain.smalti");
        var manifest =
                BundleExporter.export(codecRun, plain, ExportOptions.defaults().withPrecisions(Set.of()));
        assertThat(manifest.graphs().values())
                .allSatisfy(graph -> assertThat(graph.variants()).isNull());
        assertThat(manifest.files().keySet()).noneMatch(file -> file.contains("int8") || file.contains("fp16"));
    }

    @Test
    void theFingerprintIsOfTheCodeVectorsAlone() throws IOException {
        var older = BundleExporter.export(
                codecRun,
                folder.resolve("older.smalti"),
                ExportOptions.defaults().withOpset(13));
        TinyRuns.codec(folder.resolve("other-run"), 2);
        var other = BundleExporter.export(
                folder.resolve("other-run"), folder.resolve("other.smalti"), ExportOptions.defaults());
        var manifest = RecordTree.read(codec.resolve(BundleManifest.FILE), BundleManifest.class);
        var fingerprint = manifest.contracts().get(Contract.Codebook.class).fingerprint();
        assertThat(older.contracts().get(Contract.Codebook.class).fingerprint()).isEqualTo(fingerprint);
        assertThat(other.contracts().get(Contract.Codebook.class).fingerprint()).isNotEqualTo(fingerprint);
    }

    @Test
    void aGeneratorsBundleHoldsBothForms() {
        var manifest = RecordTree.read(generator.resolve(BundleManifest.FILE), BundleManifest.class);
        assertThat(signatures(manifest))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "generator", "noise [N,6] float32, class [N] int64 → pixels [N,16,16,3] uint8",
                        "generator-float", "noise [N,6] float32, class [N] int64 → image [N,3,16,16] float32"));
        assertThat(manifest.contracts().classes()).containsExactly("red", "green", "blue");
        assertThat(manifest.contracts().get(Contract.Noise.class)).isEqualTo(Contract.Noise.ofLength(6));
        assertThat(manifest.contracts().has(Contract.Codebook.class)).isFalse();
    }

    @Test
    void everyProofHasItsFigures() {
        var codecGraphs = RecordTree.read(codec.resolve(BundleManifest.FILE), BundleManifest.class)
                .graphs();
        codecGraphs.forEach((role, graph) -> {
            assertThat(graph.proof().samples()).as(role).isGreaterThanOrEqualTo(TinyRuns.HELD_OUT + 4);
            assertThat(graph.proof().range()).as(role).isPositive();
        });
        // two seeded pictures of 16x16, two of 24x28, the held-out ones
        long codes = 2 * 16 + 2 * 6 * 7 + TinyRuns.HELD_OUT * 16L;
        for (var role : List.of("codebook", "tokenize")) {
            var graph = Objects.requireNonNull(codecGraphs.get(role));
            assertThat(graph.proof().codes()).isEqualTo(codes);
        }
        var generators = RecordTree.read(generator.resolve(BundleManifest.FILE), BundleManifest.class)
                .graphs();
        generators.forEach(
                (role, graph) -> assertThat(graph.proof().samples()).as(role).isEqualTo(64));
    }

    @Test
    void everyFilePassesTheOnnxCheckerAndIsListedWithItsHash() throws IOException {
        for (var bundle : List.of(codec, generator)) {
            var manifest = RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class);
            var found = new TreeMap<String, String>();
            try (var files = Files.list(bundle)) {
                for (var file : (Iterable<Path>) files::iterator) {
                    var name = file.getFileName().toString();
                    if (!name.equals(BundleManifest.FILE)) {
                        if (name.endsWith(".onnx")) {
                            OnnxChecker.check(file);
                        }
                        found.put(name, Checksums.sha256(file));
                    }
                }
            }
            assertThat(manifest.files()).isEqualTo(found);
        }
    }

    /** Against ONNX Runtime, where the samples are of SameDiff. */
    @Test
    void aBundleCarriesWhatTheTrainedModelMakes() throws IOException {
        var samples = Npz.read(codec.resolve(BundleManifest.PARITY_FILE), 1 << 20);
        assertThat(samples.keySet())
                .containsExactly("tokenize.pixels", "tokenize.codes", "detokenize.codes", "detokenize.pixels");
        var heldOut = Objects.requireNonNull(samples.get("tokenize.pixels"));
        assertThat(heldOut.shape().get(0)).isEqualTo(2);
        var codes = Objects.requireNonNull(samples.get("tokenize.codes"));
        assertThat(samples.get("detokenize.codes")).isEqualTo(codes);
        assertThat(run(codec.resolve("tokenize.onnx"), Map.of("pixels", heldOut), "codes"))
                .isEqualTo(codes);
        near(run(codec.resolve("detokenize.onnx"), Map.of("codes", codes), "pixels"), samples.get("detokenize.pixels"));

        var generated = Npz.read(generator.resolve(BundleManifest.PARITY_FILE), 1 << 20);
        assertThat(generated.keySet()).containsExactly("generator.noise", "generator.class", "generator.pixels");
        var inputs = Map.of(
                "noise", Objects.requireNonNull(generated.get("generator.noise")),
                "class", Objects.requireNonNull(generated.get("generator.class")));
        near(run(generator.resolve("generator.onnx"), inputs, "pixels"), generated.get("generator.pixels"));
    }

    private static @Nullable NpyArray run(Path file, Map<String, NpyArray> inputs, String output) {
        try (var session = ModelSession.openOnAllCores(file)) {
            return session.runArrays(inputs).get(output);
        }
    }

    /** Within a level. */
    private static void near(@Nullable NpyArray actual, @Nullable NpyArray expected) {
        var wanted = Objects.requireNonNull(expected);
        var got = Objects.requireNonNull(actual);
        assertThat(got.shape()).isEqualTo(wanted.shape());
        var levels = got.bytes();
        var wantedLevels = wanted.bytes();
        for (int i = 0; i < levels.length; i++) {
            assertThat(levels[i] & 0xFF).isCloseTo(wantedLevels[i] & 0xFF, within(1));
        }
    }

    @Test
    void theCodebookIsTheChainThatEveryConsumerReads() throws IOException {
        var model = ModelProto.parseFrom(Files.readAllBytes(codec.resolve("codebook.onnx")));
        assertThat(model.getGraph().getNodeList())
                .extracting(NodeProto::getOpType)
                .containsExactly("Transpose", "MatMul", "Add", "ArgMin", "Gather", "Transpose");
        var tokenize = ModelProto.parseFrom(Files.readAllBytes(codec.resolve("tokenize.onnx")));
        assertThat(tokenize.getGraph().getNodeList())
                .extracting(NodeProto::getOpType)
                .as("without the quantized latents")
                .endsWith("Conv", "Transpose", "MatMul", "Add", "ArgMin")
                .doesNotContain("Gather");
        assertThat(model.getIrVersion()).isEqualTo(8);
        assertThat(model.getGraph().getInputList())
                .as("initializers are no inputs")
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 15, 18, 19, 22})
    void otherOpsetsAreSoundToo(int opset) throws IOException {
        var bundle = folder.resolve("other.smalti");
        var manifest =
                BundleExporter.export(codecRun, bundle, ExportOptions.defaults().withOpset(opset));
        assertThat(manifest.opset()).isEqualTo(opset);
        for (var file : manifest.files().keySet()) {
            if (file.endsWith(".onnx")) {
                OnnxChecker.check(bundle.resolve(file));
            }
        }
    }

    @Test
    void tokenizeAgreesWithEncoderAndCodebookOnEveryPixelLevel() throws IOException {
        var pixels = new byte[16 * 16 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) i;
        }
        var image = new float[pixels.length]; // [1, 3, 16, 16]
        for (int i = 0; i < pixels.length; i++) {
            image[i % 3 * 256 + i / 3] = (pixels[i] & 0xFF) / 255f;
        }
        var tokens = run(codec, "tokenize", Map.of("pixels", NpyArray.of(pixels, 1, 16, 16, 3)));
        var latents = run(codec, "encoder", Map.of("image", NpyArray.of(image, 1, 3, 16, 16)));
        var codes = run(codec, "codebook", latents);
        assertThat(get(tokens, "codes").longs()).isEqualTo(get(codes, "codes").longs());
        assertThat(get(tokens, "codes").longs()).as("not all alike").isNotEqualTo(new long[16]);
    }

    @Test
    void aPictureCarriesItsDenotationsAndMetadata() throws Exception {
        var environment = OrtEnvironment.getEnvironment();
        try (var session =
                environment.createSession(codec.resolve("tokenize.onnx").toString())) {
            assertThat(session.getMetadata().getCustomMetadata())
                    .containsExactlyInAnyOrderEntriesOf(Map.of(
                            "Image.BitmapPixelFormat", "Rgb8",
                            "Image.ColorSpaceGamma", "SRGB",
                            "Image.NominalPixelRange", "NominalRange_0_255"));
            assertThat(session.getMetadata().getProducerName()).isEqualTo("smalti");
        }
        try (var session = environment.createSession(
                generator.resolve("generator-float.onnx").toString())) {
            assertThat(session.getMetadata().getCustomMetadata())
                    .containsEntry("Image.NominalPixelRange", "Normalized_1_1");
        }
        assertThat(Files.readString(codec.resolve("encoder.onnx"), java.nio.charset.StandardCharsets.ISO_8859_1))
                .contains("IMAGE", "DATA_BATCH", "DATA_CHANNEL", "DATA_FEATURE", "4*h");
    }

    @Test
    void anotherJvmWritesTheSameBytes() throws Exception {
        for (var run : List.of(codecRun, generatorRun)) {
            var again = folder.resolve(run.getFileName() + "-again.smalti");
            OwnJvm.run(folder, ExportOnce.class, run, again);
            var first = run.equals(codecRun) ? codec : generator;
            assertThat(hashes(again)).isEqualTo(hashes(first));
        }
    }

    private static Map<String, String> hashes(Path bundle) {
        return RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class)
                .files();
    }

    @Test
    void tellsWhatItDoes() throws IOException {
        var lines = new ArrayList<String>();
        BundleExporter.export(
                generatorRun,
                folder.resolve("g.smalti"),
                ExportOptions.defaults().withProgress(lines::add));
        assertThat(lines)
                .contains("reading generator", "writing generator.onnx")
                .anyMatch(line -> line.startsWith("proving"));
    }

    @Test
    void replacesAnOlderBundleWhole() throws IOException {
        var bundle = folder.resolve("old.smalti");
        Files.createDirectories(bundle);
        Files.writeString(bundle.resolve("left-over.onnx"), "old");
        Files.writeString(bundle.resolve(BundleManifest.FILE), "{}");
        BundleExporter.export(generatorRun, bundle, ExportOptions.defaults());
        assertThat(bundle.resolve("left-over.onnx")).doesNotExist();
        assertThat(bundle.resolve(BundleManifest.FILE)).exists();
    }

    @Test
    void knowsItsOpsets() {
        assertThatThrownBy(() -> ExportOptions.defaults().withOpset(23))
                .hasMessage("opset must be from 13 to 22, got 23");
    }

    private static Map<String, String> signatures(BundleManifest manifest) {
        var signatures = new TreeMap<String, String>();
        manifest.graphs()
                .forEach((role, graph) -> signatures.put(role, graph.signature().toString()));
        return signatures;
    }

    private static Map<String, NpyArray> run(Path bundle, String graph, Map<String, NpyArray> inputs) {
        try (var runner = ModelSession.openOnAllCores(bundle.resolve(graph + ".onnx"))) {
            return runner.runArrays(inputs);
        }
    }

    private static NpyArray get(Map<String, NpyArray> outputs, String name) {
        return Objects.requireNonNull(outputs.get(name));
    }
}
