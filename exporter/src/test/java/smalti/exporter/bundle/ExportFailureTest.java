package smalti.exporter.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.custom.Digamma;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.ExportOptions;
import smalti.exporter.proof.ProofException;
import smalti.spec.SpecException;
import smalti.spec.bundle.ExportManifest;

/** What cannot be exported is refused with every reason, and leaves nothing behind. */
final class ExportFailureTest {
    @TempDir
    private Path folder;

    private Path run = Path.of("");
    private Path bundle = Path.of("");

    @BeforeEach
    void start() {
        run = folder.resolve("run");
        bundle = folder.resolve("out").resolve("m.smalti");
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        if (Files.exists(bundle.getParent())) {
            try (var left = Files.list(bundle.getParent())) {
                assertThat(left).isEmpty();
            }
        }
    }

    private SpecException refused() {
        return catchThrowableOfType(
                SpecException.class, () -> BundleExporter.export(run, bundle, ExportOptions.defaults()));
    }

    private void edit(String from, String to) throws IOException {
        var file = run.resolve(ExportManifest.FILE);
        var text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    @Test
    void everyOperationWithoutLoweringIsNamedAtOnce() throws IOException {
        TinyRuns.codec(run, 1);
        var encoder = SameDiff.create();
        var image = encoder.placeHolder("image", DataType.FLOAT, -1, 3, -1, -1);
        var config = Conv2DConfig.builder()
                .kH(4)
                .kW(4)
                .sH(4)
                .sW(4)
                .paddingMode(org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode.SAME)
                .dataFormat("NCHW")
                .build();
        var x = encoder.cnn.conv2d(
                "same",
                new Digamma(encoder, image).outputVariable(),
                encoder.constant("w", Nd4j.ones(DataType.FLOAT, 4, 4, 3, 4)),
                config);
        encoder.math.log("latents", x, 1);
        encoder.save(run.resolve("encoder.fb").toFile(), false);
        var lookup = SameDiff.create();
        SDVariable codes = lookup.placeHolder("codes", DataType.INT64, -1, -1, -1);
        var found = lookup.gather(lookup.constant("table", Nd4j.rand(DataType.FLOAT, 16, 4)), codes, 0);
        new Digamma(lookup, lookup.permute(found, 0, 3, 1, 2)).outputVariable().rename("quantized");
        lookup.save(run.resolve("lookup.fb").toFile(), false);

        assertThat(refused().problems())
                .containsExactly(
                        "encoder: op \"digamma\" at node digamma (inputs [2,3,12,16]) has no lowering: ONNX has no"
                                + " gamma function and none of its kin",
                        "encoder: op \"log_x\" at node log_x (inputs [2,4,3,4]) cannot be lowered: the base must be"
                                + " positive and not 1, got 1.0",
                        "lookup: op \"digamma\" at node digamma (inputs [2,4,3,4]) has no lowering: ONNX has no"
                                + " gamma function and none of its kin");
    }

    @Test
    void deadOperationsNeedNoLowering() throws IOException {
        TinyRuns.generator(run, 1);
        var graph = SameDiff.load(run.resolve("generator.fb").toFile(), false);
        graph.math.erf("unused", graph.getVariable("image"));
        graph.save(run.resolve("generator.fb").toFile(), false);
        var other = folder.resolve("fine.smalti");
        assertThat(BundleExporter.export(run, other, ExportOptions.defaults()).graphs())
                .hasSize(2);
    }

    @Test
    void aMissingManifestIsNamed() throws IOException {
        Files.createDirectories(run);
        assertThat(refused()).hasMessage(run + ": must be the folder of a finished training, and holds no export.json");
        Files.writeString(run.resolve("spec.json"), "{}");
        assertThat(refused())
                .hasMessage(run + ": is an unfinished run; finish it first: ./smalti train --resume --out " + run
                        + " --data PICTURES");
    }

    @Test
    void aBrokenManifestIsRefused() throws IOException {
        TinyRuns.codec(run, 1);
        Files.writeString(run.resolve(ExportManifest.FILE), "{\"format\": 1,");
        assertThat(refused()).hasMessageContaining("export.json: must be JSON");
    }

    @Test
    void missingFilesAndUnknownRolesAreNamedTogether() throws IOException {
        TinyRuns.codec(run, 1);
        Files.delete(run.resolve("lookup.fb"));
        edit("\"encoder\" : {", "\"tokenize\" : {");
        edit("\"decoder.fb\"", "\"../decoder.fb\"");
        assertThat(refused().problems())
                .hasSize(3)
                .anyMatch(line -> line.contains("graphs.tokenize is no graph of a run folder"))
                .anyMatch(line -> line.contains("graphs.lookup.file: there is no file"))
                .anyMatch(line -> line.contains("graphs.decoder.file must lie in the run folder, got ../decoder.fb"));
    }

    @Test
    void aCodecNeedsAllItsGraphs() throws IOException {
        TinyRuns.generator(run, 1);
        edit("\"generator\" : {", "\"encoder\" : {");
        assertThat(refused())
                .hasMessageContaining("graphs must be encoder, codebook, lookup and decoder, or decoder, generator and"
                        + " posterior, or generator");
    }

    @Test
    void contractsMustBeThoseOfTheGraphs() throws IOException {
        TinyRuns.codec(run, 1);
        edit("\"factor\" : 4", "\"factor\" : 2");
        edit("\"dim\" : 4", "\"dim\" : 5");
        assertThat(refused().problems())
                .hasSize(2)
                .anyMatch(
                        line -> line.endsWith("contracts.codebook.dim must be that of the latents [N, 4, h, w], got 5"))
                .anyMatch(line -> line.contains("must be contracts.codebook.factor = 2 times the latents"));
    }

    @Test
    void aServiceNeedsItsContract() throws IOException {
        TinyRuns.generator(run, 1);
        edit(
                "\"noise\" : {\n      \"length\" : 6,\n      \"generator\" : \"philox4x32-10/box-muller\"\n    }",
                "\"posterior\" : {\n      \"dim\" : 6,\n      \"likelihood\" : \"bernoulli\"\n    }");
        assertThat(refused())
                .hasMessageEndingWith("export.json: contracts.noise is missing, but there is graphs.generator");
    }

    @Test
    void signaturesMustFitTheirRolesAndOneAnother() throws IOException {
        TinyRuns.codec(run, 1);
        edit("\"name\" : \"codes\"", "\"name\" : \"tokens\"");
        assertThat(refused().problems())
                .hasSize(2)
                .allMatch(line -> line.contains("must be like") && line.contains("tokens"));
    }

    @Test
    void aSignatureThatTheGraphDoesNotKeepIsNamed() throws IOException {
        TinyRuns.generator(run, 1);
        edit("\"3\", \"16\", \"16\"", "\"3\", \"32\", \"32\"");
        assertThat(refused().problems())
                .containsExactly("generator: output image [N,3,32,32] float32 must be [2, 3, 32, 32] where {N=2}, but"
                        + " SameDiff gives FLOAT32 of [2,3,16,16]");
    }

    @Test
    void aFileThatIsNoGraphIsNamed() throws IOException {
        TinyRuns.generator(run, 1);
        Files.writeString(run.resolve("generator.fb"), "this is no SameDiff file, but it is long enough to look at");
        assertThat(refused()).hasMessageContaining("generator.fb: must be a SameDiff file, and is not one");
    }

    @Test
    void trainableVariablesAreRefused() throws IOException {
        TinyRuns.generator(run, 1);
        var graph = SameDiff.load(run.resolve("generator.fb").toFile(), false);
        graph.convertToVariable(graph.getVariable("dense"));
        graph.save(run.resolve("generator.fb").toFile(), false);
        assertThat(refused().problems())
                .containsExactly("generator: variable \"dense\" is trainable; an inference graph has placeholders and"
                        + " constants alone");
    }

    @Test
    void codebookAndLookupMustHoldTheSameVectors() throws IOException {
        TinyRuns.codec(run, 1);
        var other = folder.resolve("other-run");
        TinyRuns.codec(other, 2);
        Files.copy(
                other.resolve("lookup.fb"),
                run.resolve("lookup.fb"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(refused()).hasMessageContaining("codebook and lookup must hold the same vectors");
    }

    @Test
    void picturesMustFitThePixelContract() throws IOException {
        TinyRuns.codec(run, 1);
        edit("\"height\" : 16", "\"height\" : 20");
        assertThat(refused()).hasMessageContaining("held-out.npy: pictures must be uint8 [M,H,W,C]");
    }

    @Test
    void aGraphThatGivesNoNumbersFailsItsProof() throws IOException {
        TinyRuns.generator(run, 1);
        var graph = SameDiff.load(run.resolve("generator.fb").toFile(), false);
        graph.getVariable("bias").getArr().putScalar(3, Float.NaN);
        graph.save(run.resolve("generator.fb").toFile(), false);
        assertThatThrownBy(() -> BundleExporter.export(run, bundle, ExportOptions.defaults()))
                .isInstanceOf(ProofException.class)
                .hasMessageContaining("generator-float.onnx: image of seeded noise 0 must be finite");
    }

    @Test
    void anUnwritablePlaceIsReported() throws IOException {
        TinyRuns.generator(run, 1);
        Files.writeString(folder.resolve("file"), "no folder");
        assertThatThrownBy(() -> BundleExporter.export(
                        run, folder.resolve("file").resolve("m.smalti"), ExportOptions.defaults()))
                .isInstanceOf(IOException.class);
        assertThat(Files.readString(folder.resolve("file"))).isEqualTo("no folder");
    }

    @Test
    void anOlderBundleSurvivesAFailedExport() throws IOException {
        TinyRuns.generator(run, 1);
        var kept = folder.resolve("kept.smalti");
        BundleExporter.export(run, kept, ExportOptions.defaults());
        var before = Files.readAllBytes(kept.resolve("generator.onnx"));
        Files.delete(run.resolve("generator.fb"));
        assertThatThrownBy(() -> BundleExporter.export(run, kept, ExportOptions.defaults()))
                .isInstanceOf(SpecException.class);
        assertThat(Files.readAllBytes(kept.resolve("generator.onnx"))).isEqualTo(before);
    }
}
