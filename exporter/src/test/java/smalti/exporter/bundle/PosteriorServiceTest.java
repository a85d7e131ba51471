package smalti.exporter.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxChecker;
import smalti.exporter.graph.Tensor;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.ProofException;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Precision;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;
import smalti.spec.file.RecordTree;

/** Runs of VAEs to bundles: dense and convolutional, of both likelihoods, plain and conditional. */
final class PosteriorServiceTest {
    @TempDir
    private Path folder;

    private Path run(TinyVaes.Kind kind) throws IOException {
        var run = folder.resolve("run");
        TinyVaes.write(run, kind, 3);
        return run;
    }

    private BundleManifest export(Path run, Precision... precisions) throws IOException {
        return BundleExporter.export(
                run, folder.resolve("tiny.smalti"), ExportOptions.defaults().withPrecisions(Set.of(precisions)));
    }

    @ParameterizedTest
    @EnumSource
    void aBundleHoldsItsFourGraphs(TinyVaes.Kind kind) throws IOException {
        var run = run(kind);
        var manifest = export(run, Precision.FP32);
        var label = kind.isConditional() ? ", class [N] int64" : "";
        var signatures = new LinkedHashMap<String, String>();
        manifest.graphs()
                .forEach((role, graph) -> signatures.put(role, graph.signature().toString()));
        assertThat(signatures)
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "posterior",
                        "pixels [N,16,16,1] uint8" + label + " → mean [N,5] float32, logVariance [N,5] float32",
                        "decoder",
                        "latents [N,5] float32" + label + " → image [N,1,16,16] float32",
                        "generator",
                        "noise [N,5] float32" + label + " → pixels [N,16,16,1] uint8",
                        "generator-float",
                        "noise [N,5] float32" + label + " → image [N,1,16,16] float32"));
        assertThat(manifest.contracts().all()).contains(kind.posterior());
        for (var graph : manifest.graphs().values()) {
            OnnxChecker.check(folder.resolve("tiny.smalti").resolve(graph.file()));
            // float32 sums in another order
            assertThat(graph.proof().maxDifference())
                    .as(graph.file())
                    .isLessThanOrEqualTo(
                            graph.file().equals("generator.onnx")
                                    ? 1
                                    : 1e-5 * graph.proof().range());
            assertThat(graph.proof().samples()).isGreaterThanOrEqualTo(TinyRuns.HELD_OUT);
        }
        assertThat(manifest.files()).containsKeys("samples.png", "samples-2.png", "samples-3.png");
        requireSamples(kind, run);
    }

    /** The samples are what SameDiff itself makes of the first held-out pictures and their classes. */
    private void requireSamples(TinyVaes.Kind kind, Path run) throws IOException {
        var samples = Npz.read(folder.resolve("tiny.smalti").resolve("parity.npz"), 1 << 20);
        var pixels = Objects.requireNonNull(samples.get("posterior.pixels"));
        var bytes = pixels.bytes();
        var image = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            image[i] = (bytes[i] & 0xFF) / 255f;
        }
        var inputs = new LinkedHashMap<String, INDArray>();
        inputs.put("image", Nd4j.createFromArray(image).reshape(2, 1, 16, 16));
        if (kind.isConditional()) {
            var labels = Objects.requireNonNull(samples.get("posterior.class")).longs();
            assertThat(labels).containsExactly(0, 1);
            inputs.put("class", Nd4j.createFromArray(labels));
        }
        var source = SameDiff.load(run.resolve("posterior.fb").toFile(), false);
        var wanted = source.output(inputs, "mean", "logVariance");
        var given = new LinkedHashMap<String, NpyArray>();
        List.of("pixels", "class").forEach(name -> {
            var sample = samples.get("posterior." + name);
            if (sample != null) {
                given.put(name, sample);
            }
        });
        try (var session =
                ModelSession.openOnAllCores(folder.resolve("tiny.smalti").resolve("posterior.onnx"))) {
            var got = session.runArrays(given);
            for (var name : List.of("mean", "logVariance")) {
                var expected = Objects.requireNonNull(wanted.get(name)).ravel().toFloatVector();
                // the picture is scaled by another product there: a rounding more
                assertThat(Objects.requireNonNull(samples.get("posterior." + name))
                                .floats())
                        .containsExactly(expected, within(1e-6f));
                assertThat(Objects.requireNonNull(got.get(name)).floats()).containsExactly(expected, within(2e-5f));
            }
        }
    }

    @Test
    void fewerBitsAreJudgedByDistributionsAndByWhatComesBack() throws IOException {
        var report = folder.resolve("tiny.report.json");
        var manifest = BundleExporter.export(
                run(TinyVaes.Kind.CONVOLUTIONAL),
                folder.resolve("tiny.smalti"),
                ExportOptions.defaults().withKeepsSlow(true));
        var posterior = Objects.requireNonNull(manifest.graphs().get("posterior"));
        var variants = Objects.requireNonNull(posterior.variants());
        assertThat(variants).containsKey("fp16");
        var half = Objects.requireNonNull(variants.get("fp16"));
        assertThat(half.psnr()).isGreaterThan(40);
        assertThat(half.reconstructionLoss()).isCloseTo(0, within(0.3));
        var json = Files.readString(report);
        assertThat(json).contains("\"divergence\"", "\"reconstruction\" : {\n    \"fp32\" : ");
        var page = Files.readString(folder.resolve("tiny.report.html"));
        assertThat(page)
                .contains(
                        "src=\"data:image/png;base64,",
                        "Held-out pictures, and below each what the mean of its latents makes.",
                        "in seven steps",
                        "What it generates.",
                        "37 held-out pictures as they come back",
                        " nats</td>");
    }

    /** ½·(σ₁²/σ₂² + (μ₁ − μ₂)²/σ₂² − 1 + ln σ₂²/σ₁²), by hand for N(0, 1) from N(1, e): ½·(2/e − 1 + 1) = 1/e. */
    @Test
    void divergencesAreThoseOfNormalDistributions() {
        var p = List.of(batch(new float[] {0, 0}, new float[] {0, 0}));
        assertThat(PosteriorService.divergence(p, p)).isZero();
        var q = List.of(batch(new float[] {1, 0}, new float[] {1, 0}));
        assertThat(PosteriorService.divergence(p, q)).isCloseTo(Math.exp(-1), within(1e-12));
    }

    private static Map<String, Item> batch(float[] means, float[] logVariances) {
        return Map.of(
                "mean",
                new Item.Array(Tensor.of(means, 1, 2)),
                "logVariance",
                new Item.Array(Tensor.of(logVariances, 1, 2)));
    }

    @ParameterizedTest
    @EnumSource
    void theCardSaysWhatItIs(TinyVaes.Kind kind) throws IOException {
        var card = ModelCard.of(export(run(kind), Precision.FP32), List.of(), List.of());
        assertThat(card.markdown())
                .contains(
                        "A variational autoencoder (tiny): 16x16 grey pictures",
                        "to normal distributions of 5 latent numbers, and back.",
                        kind.isConditional() ? "q(z | x, y)" : "q(z | x) ",
                        kind.isDense() ? "Σ x·ln y + (1 − x)·ln(1 − y)" : "Σ ln N(x; y, s²) with s = 0.2",
                        kind.isConditional() ? "model.posterior().ofClass(0);" : "model.posterior();",
                        "posterior.run([\"mean\", \"logVariance\"]",
                        "const { mean } = await posterior.run(")
                .doesNotContainPattern("@[A-Z]+@|%[sd]|null");
    }

    private SpecException refused(Path run) {
        return catchThrowableOfType(
                SpecException.class,
                () -> BundleExporter.export(run, folder.resolve("no.smalti"), ExportOptions.defaults()));
    }

    private static void edit(Path run, String from, String to) throws IOException {
        var file = run.resolve(ExportManifest.FILE);
        var text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    @Test
    void aPosteriorNeedsItsDecoderAndGenerator() throws IOException {
        var run = run(TinyVaes.Kind.DENSE);
        var manifest = RecordTree.read(run.resolve(ExportManifest.FILE), ExportManifest.class);
        var graphs = new LinkedHashMap<>(manifest.graphs());
        graphs.remove("decoder");
        Files.writeString(
                run.resolve(ExportManifest.FILE),
                RecordTree.json(new ExportManifest(
                        manifest.format(),
                        manifest.name(),
                        graphs,
                        manifest.contracts(),
                        manifest.calibration(),
                        manifest.heldOut(),
                        manifest.provenance())));
        assertThat(refused(run))
                .hasMessageEndingWith("graphs must be encoder, codebook, lookup and decoder, or decoder, generator and"
                        + " posterior, or generator, got [posterior, generator]");
    }

    @Test
    void contractsMustFitTheGraphsAllAtOnce() throws IOException {
        var run = run(TinyVaes.Kind.DENSE_CONDITIONAL);
        edit(run, "\"dim\" : 5", "\"dim\" : 6");
        edit(run, "\"lo\" : 0.0", "\"lo\" : -1.0");
        Files.delete(run.resolve("held-out.npy"));
        assertThat(refused(run).problems())
                .hasSize(5)
                .anyMatch(line -> line.contains("heldOut: there is no file"))
                .anyMatch(line -> line.endsWith(
                        "contracts.pixels must be from 0 to 1 where there is graphs.posterior, got -1.0 to 1.0"))
                .anyMatch(line -> line.endsWith("contracts.noise.length must be contracts.posterior.dim = 6, as latents"
                        + " are what the generator takes for noise, got 5"))
                .anyMatch(line -> line.contains("graphs.posterior.signature.outputs must be like"))
                .anyMatch(line -> line.contains("graphs.decoder.signature.inputs must be like"));
    }

    @Test
    void classesAreInputsOfAllThree() throws IOException {
        var run = run(TinyVaes.Kind.DENSE);
        edit(run, "\"contracts\" : {", "\"contracts\" : {\n    \"classes\" : {\n      \"names\" : [ \"red\" ]\n    },");
        assertThat(refused(run).problems())
                .hasSize(3)
                .allMatch(line -> line.contains("signature.inputs must be like") && line.contains("class"));
    }

    @Test
    void classesOfPicturesMustBeThoseOfTheModel() throws IOException {
        var run = run(TinyVaes.Kind.DENSE_CONDITIONAL);
        write(run, NpyArray.of(new long[] {0, 1, 2}, 3));
        assertThat(refused(run))
                .hasMessageEndingWith("held-out-classes.npy: classes must be int64 [37], one for each picture of"
                        + " held-out.npy, got int64 [3]");
        var labels = new long[TinyRuns.HELD_OUT];
        labels[5] = 3;
        write(run, NpyArray.of(labels, labels.length));
        assertThat(refused(run)).hasMessageEndingWith("held-out-classes.npy: classes must be from 0 to 2, got 3");
        // where they are not known they are drawn
        Files.delete(run.resolve("held-out-classes.npy"));
        assertThat(export(run, Precision.FP32).graphs()).hasSize(4);
    }

    private static void write(Path run, NpyArray labels) throws IOException {
        try (var out = Files.newOutputStream(run.resolve("held-out-classes.npy"))) {
            labels.write(out);
        }
    }

    /** Graphs of another training in the place of the exported ones are seen. */
    @Test
    void theProofSeesAnotherModelsGraphs() throws IOException {
        var other = folder.resolve("other");
        TinyVaes.write(other, TinyVaes.Kind.DENSE, 4);
        var bundle = folder.resolve("tiny.smalti");
        export(run(TinyVaes.Kind.DENSE), Precision.FP32);
        BundleExporter.export(
                other, folder.resolve("other.smalti"), ExportOptions.defaults().withPrecisions(Set.of(Precision.FP32)));
        for (var file : List.of("posterior.onnx", "decoder.onnx")) {
            Files.copy(
                    folder.resolve("other.smalti").resolve(file),
                    bundle.resolve(file),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        var failure = catchThrowableOfType(ProofException.class, () -> prove(bundle));
        assertThat(failure.problems())
                .hasSize(3)
                .allMatch(line -> line.matches("(posterior.onnx: (mean|logVariance)|decoder.onnx: image) of"
                        + " (seeded|held-out) picture \\d+ differs from SameDiff by .*"));
    }

    private void prove(Path bundle) throws IOException {
        var run = RunFolder.read(folder.resolve("run"));
        var sources = new java.util.EnumMap<smalti.spec.bundle.Role, smalti.exporter.samediff.SameDiffRunner>(
                smalti.spec.bundle.Role.class);
        for (var role : run.roles()) {
            sources.put(
                    role,
                    smalti.exporter.samediff.SameDiffRunner.open(run.file(role), role.fileStem(), run.signature(role)));
        }
        var trained = new Trained(run, sources, ExportOptions.defaults());
        new smalti.exporter.proof.PosteriorProver(trained.pixels(), TinyVaes.DIM, 0, sources, 1)
                .prove(bundle, trained.heldOut(), null, line -> {});
    }
}
