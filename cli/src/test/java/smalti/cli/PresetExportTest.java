package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.model.ConvolutionalNetwork;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.VaeFamily;
import smalti.spec.model.VqvaeFamily;
import smalti.trainer.Presets;

/**
 * Every preset trains, is exported with its proof and opens in the runtime: with narrower layers, and as it is with
 * {@code -Dsmalti.full=true}.
 */
class PresetExportTest {
    @TempDir
    private Path folder;

    static List<String> names() {
        return Presets.names();
    }

    /** Values that make layers narrow, and leave what they are as it is. */
    private static List<String> narrow(ModelSpec spec) {
        if (spec.model() instanceof VqvaeFamily) {
            return List.of("model.hidden=8", "model.residualHidden=4", "model.quantizer.codes=16");
        } else if (spec.model() instanceof DcganFamily) {
            return List.of("model.generatorChannels=4", "model.discriminatorChannels=4");
        } else if (spec.model() instanceof VaeFamily vae) {
            return vae.network() instanceof ConvolutionalNetwork
                    ? List.of("model.network.channels=[4, 8]", "model.network.dense=16")
                    : List.of("model.network.hidden=[16, 16]");
        }
        throw new IllegalStateException("say here what makes the layers of " + spec.name() + " narrow");
    }

    @ParameterizedTest
    @MethodSource("names")
    void itTrainsIsProvenAndServes(String name) {
        var spec = Presets.named(name);
        var run = folder.resolve("run");
        var train = new ArrayList<Object>(
                List.of("train", "--preset", name, "--data", TinyModels.made().pictures(), "--out", run, "--steps", 2));
        train.addAll(List.of("--batch", 4));
        if (!Boolean.getBoolean("smalti.full")) {
            narrow(spec).forEach(value -> train.addAll(List.of("--set", value)));
        }
        Cli.run(train.toArray()).succeeds();
        var bundle = folder.resolve("made.smalti");
        var exported = Cli.run("export", run, "--out", bundle, "--precisions", "fp32");
        assertThat(exported.succeeds().out()).contains("parity of SameDiff and ONNX Runtime");
        try (var model = SmaltiModel.open(bundle)) {
            model.verify();
            var image = spec.image();
            var pixels = new Pixels(
                    1,
                    image.height(),
                    image.width(),
                    image.channels(),
                    ByteBuffer.allocate(image.height() * image.width() * image.channels()));
            var made = new ArrayList<Pixels>();
            if (model.hasCodec()) {
                made.add(model.codec().reconstruct(pixels));
            }
            if (model.hasGenerator()) {
                var generator = model.generator();
                made.add(
                        generator.classes().isEmpty()
                                ? generator.generate(1, 0)
                                : generator.generate(0, new int[] {1}));
            }
            if (model.hasPosterior()) {
                var posterior = model.posterior();
                made.add((posterior.classes().isEmpty() ? posterior : posterior.ofClass(1)).reconstruct(pixels));
            }
            assertThat(made)
                    .isNotEmpty()
                    .allSatisfy(one -> assertThat(List.of(one.height(), one.width(), one.channels()))
                            .containsExactly(image.height(), image.width(), image.channels()));
        }
    }
}
