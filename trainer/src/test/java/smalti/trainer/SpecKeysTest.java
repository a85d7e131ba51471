package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import smalti.spec.SpecException;
import smalti.spec.model.Activation;
import smalti.spec.model.BernoulliLikelihood;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.Kl;
import smalti.spec.model.LossQuantizer;
import smalti.spec.model.MlpNetwork;
import smalti.spec.model.NoisePenalty;
import smalti.spec.model.Sgd;
import smalti.spec.model.VaeFamily;
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
    void anotherKindReplacesThePart() {
        var before = Presets.named("vqvae");
        var loss = SpecKeys.with(before, Map.of("model.quantizer.kind", "loss"), "--set");
        assertThat(((VqvaeFamily) loss.model()).quantizer())
                .isEqualTo(new LossQuantizer(512, 64, 1, CodebookStart.UNIFORM, 0));
        // a key beside it may come first, and be one that the former kind lacked
        var values = new LinkedHashMap<String, String>();
        values.put("model.quantizer.weight", "2");
        values.put("model.quantizer.codes", "64");
        values.put("model.quantizer.kind", "loss");
        values.put("training.optimizer.kind", "sgd");
        values.put("training.optimizer.learningRate", "0.5");
        var changed = SpecKeys.with(before, values, "--set");
        assertThat(((VqvaeFamily) changed.model()).quantizer())
                .isEqualTo(new LossQuantizer(64, 64, 2, CodebookStart.UNIFORM, 0));
        assertThat(changed.training().optimizer()).isEqualTo(new Sgd(0.5, 0.9));
        // its own kind leaves a part as it is
        assertThat(SpecKeys.with(before, Map.of("model.quantizer.kind", "ema"), "--set"))
                .isEqualTo(before);
        // a whole family, and a part of a part of it
        var vae = SpecKeys.with(
                before, Map.of("model.kind", "vae", "model.network.kind", "mlp", "model.kl.weight", "0.5"), "--set");
        assertThat(vae.model())
                .isEqualTo(new VaeFamily(
                        40,
                        new MlpNetwork(List.of(400, 400), Activation.TANH),
                        new BernoulliLikelihood(true),
                        new Kl(0.5, 0, 0),
                        false));
    }

    @Test
    void aKeyOfTheFormerKindIsNamedAfterAnotherWasSet() {
        var values = Map.of("model.quantizer.kind", "loss", "model.quantizer.decay", "0.5");
        assertThatThrownBy(() -> SpecKeys.with(Presets.named("vqvae"), values, "--set"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactly(
                                        "--set: model.quantizer.decay is not a known key; known here: codeDim, codes,"
                                                + " restartAfter, start, weight; it is a key of kind ema"));
        assertThatThrownBy(() -> SpecKeys.with(Presets.named("vqvae"), Map.of("model.quantizer.kind", "fast"), "--set"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactly("--set: model.quantizer.kind must be one of ema, loss, got \"fast\""));
    }

    @Test
    void aWassersteinLossNeedsAPenalty() {
        var dcgan = Presets.named("dcgan");
        assertThatThrownBy(() -> SpecKeys.with(dcgan, Map.of("model.loss.kind", "wasserstein"), "--set"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactly(
                                        "--set: model.penalties must hold one, as nothing else bounds the slope of the"
                                                + " discriminator with this loss, got none; add {kind: noise}, or take another"
                                                + " loss such as hinge"));
        var both = Map.of("model.loss.kind", "wasserstein", "model.penalties", "[{kind: noise}]");
        assertThat(((DcganFamily) SpecKeys.with(dcgan, both, "--set").model()).penalties())
                .containsExactly(new NoisePenalty(100, 0.01));
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
