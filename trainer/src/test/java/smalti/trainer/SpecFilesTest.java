package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.SpecException;
import smalti.spec.file.RecordTree;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.LossQuantizer;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.VqvaeFamily;

class SpecFilesTest {
    static Iterable<String> presets() {
        return Presets.names();
    }

    @ParameterizedTest
    @MethodSource("presets")
    void aPresetAloneIsAWholeSpec(String preset) {
        assertThat(SpecFiles.parse("preset: " + preset, "model.yaml")).isEqualTo(Presets.named(preset));
    }

    @ParameterizedTest
    @MethodSource("presets")
    void aSpecSurvivesItsOwnFile(String preset) {
        var json = RecordTree.json(Presets.named(preset));
        assertThat(RecordTree.parse(json, ModelSpec.class, "spec.json")).isEqualTo(Presets.named(preset));
    }

    @Test
    void keysReplaceThoseOfThePreset() {
        var spec = SpecFiles.parse("""
                preset: vqvae
                name: mine
                image: {height: 64, width: 48}
                model: {quantizer: {codes: 1024}}
                """, "model.yaml");
        assertThat(spec.name()).isEqualTo("mine");
        assertThat(spec.image().width()).isEqualTo(48);
        var quantizer = ((VqvaeFamily) spec.model()).quantizer();
        assertThat(quantizer).isInstanceOf(EmaQuantizer.class);
        assertThat(quantizer.codes()).isEqualTo(1024);
        assertThat(quantizer.codeDim()).isEqualTo(64);
    }

    @Test
    void aMappingOfAnotherKindReplacesThePresets() {
        var spec = SpecFiles.parse("""
                preset: vqvae
                model:
                  quantizer: {kind: loss, codes: 8, codeDim: 2, weight: 1, start: uniform, restartAfter: 0}
                """, "model.yaml");
        assertThat(((VqvaeFamily) spec.model()).quantizer()).isInstanceOf(LossQuantizer.class);
    }

    @Test
    void everyProblemIsReportedOnce() {
        assertThatThrownBy(() -> SpecFiles.parse("""
                        preset: vqvae
                        modle: {}
                        training: {steps: ten, batch: 1e99, foo: 1}
                        """, "model.yaml"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .doesNotHaveDuplicates()
                                .hasSize(4)
                                .anyMatch(problem -> problem.startsWith(
                                        "model.yaml: training.batch must be a whole number of fewer digits, got ")));
    }

    @Test
    void everyProblemIsReportedWithItsPlace() {
        assertThatThrownBy(() -> SpecFiles.parse("""
                        preset: vqvae
                        batchs: 3
                        model: {quantizer: {codes: 1, decay: 2}, hidden: lots}
                        training: {steps: 0}
                        """, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining(
                        "model.yaml: batchs is not a known key; known here: data, image, model, name, training")
                .hasMessageContaining("model.yaml: model.quantizer.codes must be from 2 to 1048576, got 1")
                .hasMessageContaining("model.yaml: model.quantizer.decay must be in (0, 1), got 2")
                .hasMessageContaining("model.yaml: model.hidden must be a whole number")
                .hasMessageContaining("got \"lots\"")
                .hasMessageContaining("model.yaml: training.steps must be at least 1, got 0");
    }

    @Test
    void aBrokenPartHidesNoOtherProblem() {
        assertThatThrownBy(() -> SpecFiles.parse("""
                        preset: vqvae
                        image: {height: 30}
                        model: {hidden: -1, quantizer: {codes: 1, decay: 1.5}}
                        training: {steps: 0, batch: 1, optimizer: {learningRate: -1}}
                        """, "model.yaml"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactlyInAnyOrder(
                                        "model.yaml: image.height must be a multiple of 4 (2^model.downsamplings), got"
                                                + " 30",
                                        "model.yaml: model.hidden must be even and from 2 to 8192, got -1",
                                        "model.yaml: model.quantizer.codes must be from 2 to 1048576, got 1",
                                        "model.yaml: model.quantizer.decay must be in (0, 1), got 1.5",
                                        "model.yaml: training.steps must be at least 1, got 0",
                                        "model.yaml: training.batch must be from 2 to 65536, got 1",
                                        "model.yaml: training.optimizer.learningRate must be in (0, 1], got -1.0"));
    }

    @Test
    void aRuleThatHangsOnABrokenValueIsNotReported() {
        assertThatThrownBy(() -> SpecFiles.parse("""
                        preset: vqvae
                        image: {height: 30}
                        model: {downsamplings: 9}
                        """, "model.yaml"))
                .hasMessage("model.yaml: model.downsamplings must be from 1 to 6, got 9");
        assertThatThrownBy(() -> SpecFiles.parse("""
                        preset: dcgan
                        name: My Model
                        image: {height: 30, width: 30}
                        """, "model.yaml"))
                .hasMessageContaining("name must be lower-case")
                .hasMessageEndingWith("must halve at least twice down to 4 to 16 pixels, got 30x30");
    }

    @Test
    void aModelOfAnotherKindThanThePresetsIsOneProblem() {
        assertThatThrownBy(() -> SpecFiles.parse("""
                        preset: vqvae
                        model: {kind: dcgan, noise: 16}
                        """, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("model.yaml: model.kind must be \"vqvae\", as in preset vqvae, got \"dcgan\"; begin with a"
                        + " preset of that kind");
    }

    @Test
    void aFileThatIsNoYamlNamesItsLine() {
        assertThatThrownBy(() -> SpecFiles.parse("preset: vqvae\nmodel: [1, 2", "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("model.yaml: must be YAML at line");
        assertThatThrownBy(() -> SpecFiles.parse("preset: nothing", "model.yaml"))
                .hasMessageStartingWith("model.yaml: preset must be one of vqvae, ")
                .hasMessageEndingWith("got \"nothing\"");
        assertThatThrownBy(() -> SpecFiles.parse("name: x", "model.yaml")).hasMessageContaining("preset is missing");
    }

    @Test
    void aMissingFileIsNamed(@TempDir Path folder) throws Exception {
        assertThatThrownBy(() -> SpecFiles.read(folder.resolve("none.yaml")))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("none.yaml: must exist, and does not");
        var large = Files.write(folder.resolve("large.yaml"), new byte[(1 << 20) + 1]);
        assertThatThrownBy(() -> SpecFiles.read(large)).hasMessageContaining("must be at most 1048576 bytes");
    }

    @Test
    void aFileWithoutAPresetIsAWholeSpec() {
        var spec = SpecFiles.parse("""
                name: mine
                image: {height: 64, width: 48}
                model: {kind: vqvae, quantizer: {kind: ema, codes: 64}}
                training: {steps: 5, batch: 8}
                """, "model.yaml");
        var family = (VqvaeFamily) spec.model();
        assertThat(family.hidden()).isEqualTo(128);
        assertThat(family.quantizer().codes()).isEqualTo(64);
        assertThat(spec.image().channels()).isEqualTo(3);
        assertThatThrownBy(() -> SpecFiles.parse("""
                        image: {height: 30, width: 48}
                        model: {kind: vqvae, hidden: 1}
                        training: {steps: 0, batch: 8}
                        """, "model.yaml"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactlyInAnyOrder(
                                        "model.yaml: name is missing",
                                        "model.yaml: image.height must be a multiple of 4 (2^model.downsamplings), got"
                                                + " 30",
                                        "model.yaml: model.hidden must be even and from 2 to 8192, got 1",
                                        "model.yaml: training.steps must be at least 1, got 0"));
        assertThatThrownBy(() -> SpecFiles.parse("model: {kind: x}", "model.yaml"))
                .hasMessageContaining("model.yaml: model.kind must be one of vqvae, dcgan, vae, got \"x\"");
        assertThatThrownBy(() -> SpecFiles.parse("model: {hidden: 4}", "model.yaml"))
                .hasMessageContaining("model.yaml: preset is missing; known: vqvae, ")
                .hasMessageEndingWith("; or give model.kind, and every key that has no default");
    }

    @Test
    void thePresetThatNamesSonnetIsItsRecipe() {
        var spec = Presets.named("vqvae-sonnet");
        assertThat(RecordTree.line((VqvaeFamily) spec.model()))
                .isEqualTo("{\"hidden\":128,\"residualBlocks\":2,\"residualHidden\":32,\"downsamplings\":2,"
                        + "\"commitment\":0.25,\"quantizer\":{\"kind\":\"ema\",\"codes\":512,\"codeDim\":64,"
                        + "\"decay\":0.99,\"epsilon\":1.0E-5,\"start\":\"uniform\",\"restartAfter\":0}}");
        assertThat(RecordTree.line(spec.training()))
                .isEqualTo("{\"steps\":10000,\"batch\":32,\"optimizer\":{\"kind\":\"adam\",\"learningRate\":3.0E-4,"
                        + "\"beta1\":0.9,\"beta2\":0.999,\"epsilon\":1.0E-8},\"schedule\":{\"kind\":\"constant\"},\"clipNorm\":0.0,"
                        + "\"weightsEma\":0.0,\"checkpointEvery\":100,\"logEvery\":10,\"seed\":0}");
    }
}
