package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import smalti.spec.SpecException;
import smalti.spec.model.LossQuantizer;
import smalti.spec.model.VqvaeFamily;

class SpecKeysTest {
    @Test
    void anyKeyCanBeSetAndAMappingWhole() {
        var values = new LinkedHashMap<String, String>();
        values.put("name", "mine");
        values.put("training.optimizer.learningRate", "5e-4");
        values.put("data.fit", "stretch");
        values.put(
                "model.quantizer", "{kind: loss, codes: 64, codeDim: 8, weight: 1, start: uniform, restartAfter: 0}");
        var before = Presets.named("vqvae");
        var spec = SpecKeys.with(before, values, "--set");
        assertThat(spec.name()).isEqualTo("mine");
        assertThat(spec.training().optimizer().learningRate()).isEqualTo(5e-4);
        assertThat(((VqvaeFamily) spec.model()).quantizer()).isInstanceOf(LossQuantizer.class);
        assertThat(spec.training().withSteps(1)).isNotEqualTo(before.training().withSteps(1));
        assertThat(SpecKeys.with(before, Map.of(), "--set")).isEqualTo(before);
    }

    @Test
    void everyProblemIsSaidAtOnce() {
        var values = new LinkedHashMap<String, String>();
        values.put("training.step", "3");
        values.put("learningrate", "1");
        values.put("training.batch", "many");
        values.put("image.height", "30");
        values.put("name", "[");
        assertThatThrownBy(() -> SpecKeys.with(Presets.named("vqvae"), values, "--set"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .anyMatch(line -> line.startsWith(
                                        "--set: training.step is no key of this model; nearest: training.steps, "))
                                .anyMatch(
                                        line -> line.startsWith(
                                                "--set: learningrate is no key of this model; nearest: training.optimizer.learningRate"))
                                .anyMatch(line ->
                                        line.startsWith("--set: training.batch must be a whole number, got \"many\""))
                                .anyMatch(line -> line.startsWith("--set: name must be a value in YAML, got ["))
                                .anyMatch(line -> line.contains("image") && line.contains("30")));
    }

    /** Levenshtein's own examples and the empty word. */
    @ParameterizedTest
    @CsvSource({"kitten, sitting, 3", "steps, steps, 0", "'', abc, 3", "flaw, lawn, 2"})
    void edits(String one, String other, int edits) {
        assertThat(SpecKeys.edits(one, other)).isEqualTo(edits);
        assertThat(SpecKeys.edits(other, one)).isEqualTo(edits);
    }
}
