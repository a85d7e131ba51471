package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import smalti.spec.SpecException;

/** What is wrong with a user's YAML is told all at once, each thing by its key. */
class BadSpecFileTest {
    private static void refuses(String yaml, String... problems) {
        assertThatThrownBy(() -> SpecFiles.parse(yaml, "model.yaml"))
                .isInstanceOfSatisfying(
                        SpecException.class, e -> assertThat(e.problems()).containsExactlyInAnyOrder(problems));
    }

    @Test
    void aFileWithManyFaultsNamesThemAll() {
        refuses(
                """
                preset: dcgan
                name: My Model
                colour: red
                image: {height: 30, channels: 4}
                model:
                  noise: 0
                  conditional: maybe
                  quantizer: {kind: ema}
                  batchNormMomentum: 1e999
                  loss: {kind: hing}
                  penalties:
                    - {kind: noise, deviation: 2}
                    - {kind: gradient}
                  discriminatorOptimizer: {kind: rmsprop, beta1: 0.5, decay: 1}
                training:
                  steps: 1e400
                  batch: 1
                  optimizer: {learningRate: -1e999, momentum: 0.9}
                  schedule: {kind: warmup-cosine, warmup: -1, floor: 2}
                  weightsEma: 1
                data: {fit: squeeze, heldOut: [0.1], flip: 1}
                """,
                "model.yaml: name must be lower-case letters, digits, '.', '_' and '-', got \"My Model\"",
                "model.yaml: colour is not a known key; known here: data, image, model, name, training",
                "model.yaml: image.channels must be 1 (grey) or 3 (RGB), got 4",
                "model.yaml: model.noise must be from 1 to 65536, got 0",
                "model.yaml: model.conditional must be true or false, got \"maybe\"",
                "model.yaml: model.quantizer is not a known key; known here: batchNormMomentum, conditional,"
                        + " discriminatorChannels, discriminatorOptimizer, generatorChannels, loss, noise, penalties; it"
                        + " is a key of kind vqvae",
                "model.yaml: model.batchNormMomentum must be a finite number, got \"Infinity\"",
                "model.yaml: model.loss.kind must be one of non-saturating, hinge, least-squares, wasserstein, got"
                        + " \"hing\"",
                "model.yaml: model.penalties[0].deviation must be in (0, 1], got 2.0",
                "model.yaml: model.penalties[1].kind must be one of noise, got \"gradient\"",
                "model.yaml: model.discriminatorOptimizer.beta1 is not a known key; known here: decay, epsilon,"
                        + " learningRate; it is a key of kind adam, adamw",
                "model.yaml: model.discriminatorOptimizer.decay must be in [0, 1), got 1.0",
                "model.yaml: training.steps must be a whole number, got \"Infinity\"",
                "model.yaml: training.batch must be from 2 to 65536, got 1",
                "model.yaml: training.optimizer.learningRate must be a finite number, got \"-Infinity\"",
                "model.yaml: training.optimizer.momentum is not a known key; known here: beta1, beta2, epsilon,"
                        + " learningRate; it is a key of kind sgd",
                "model.yaml: training.schedule.warmup must be at least 0, got -1",
                "model.yaml: training.schedule.floor must be in [0, 1], got 2.0",
                "model.yaml: training.weightsEma must be in [0, 1), got 1.0",
                "model.yaml: data.fit must be one of crop, stretch, got \"squeeze\"",
                "model.yaml: data.heldOut must be a number, got [0.1]",
                "model.yaml: data.flip must be true or false, got 1",
                // a rule between two parts, each of which has other faults
                "model.yaml: image.height and image.width must halve at least twice down to 4 to 16 pixels, got 30x32");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    preset: vqvae\\nname: a\\nname: b                | at line 3: the key name is there twice
                    preset: vqvae\\nimage: &size {height: 64}\\ndata: *size | at line 3: the alias *size is not read; write the value out
                    preset: vqvae\\nimage:\\n\\theight: 64            | at line 3: a tab stands where only spaces may
                    preset: vqvae\\n---\\nname: b                    | at line 3: a second document begins before it, by ---; put all keys into one
                    preset: vqvae\\nmodel: {commitment: .nan}      | at line 2: .nan is no finite number
                    preset: vqvae\\nmodel: {commitment: -.inf}     | at line 2: -.inf is no finite number
                    preset: vqvae\\nimage: {height: 64               | at line 2: the mapping in { } must have commas between its keys, and be closed
                    """)
    void whatIsNoPlainYamlIsRefusedWithItsLine(String yaml, String reason) {
        refuses(yaml.replace("\\n", "\n").replace("\\t", "\t"), "model.yaml: must be YAML " + reason);
    }

    @Test
    void noValueIsThePresetsAndAnEmptyFileIsRefused() {
        assertThat(SpecFiles.parse("preset: vqvae-demo\nmodel: {hidden: null}\ndata:\n", "model.yaml"))
                .isEqualTo(Presets.named("vqvae-demo"));
        refuses("", "model.yaml: must be a mapping of keys, got nothing");
        refuses("- preset: vqvae", "model.yaml: must be a mapping of keys, got [{\"preset\":\"vqvae\"}]");
        refuses("preset: vqvae\nname: 7", "model.yaml: name must be text, got 7");
        refuses("preset: [vqvae]", "model.yaml: preset must be the name of a preset, got [\"vqvae\"]");
    }

    /** No error of ours, and no page of digits. */
    @Test
    void hugeNumbersAndDepthsAreRefusedInAFewWords() {
        for (var value : new String[] {"9".repeat(5000), "[".repeat(5000) + "]".repeat(5000), "1e" + "9".repeat(50)}) {
            assertThatThrownBy(() -> SpecFiles.parse("preset: vqvae\ntraining: {steps: " + value + "}", "model.yaml"))
                    .isInstanceOf(SpecException.class)
                    .satisfies(e -> assertThat(String.valueOf(e.getMessage()))
                            .startsWith("model.yaml: ")
                            .contains(" must be ")
                            .hasSizeLessThan(250));
        }
    }
}
