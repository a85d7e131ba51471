package smalti.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.file.Checksums;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;
import smalti.spec.model.Activation;
import smalti.spec.model.Adam;
import smalti.spec.model.AdamW;
import smalti.spec.model.BernoulliLikelihood;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.ConvolutionalNetwork;
import smalti.spec.model.DataSpec;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.GaussianLikelihood;
import smalti.spec.model.HingeLoss;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.Kl;
import smalti.spec.model.LossQuantizer;
import smalti.spec.model.MlpNetwork;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.NoisePenalty;
import smalti.spec.model.Penalty;
import smalti.spec.model.RmsProp;
import smalti.spec.model.Samples;
import smalti.spec.model.Sgd;
import smalti.spec.model.TrainingSpec;
import smalti.spec.model.VaeFamily;
import smalti.spec.model.VqvaeFamily;

/** What each record refuses: every broken rule, in one exception. */
class RecordChecksTest {
    private static void refuses(ThrowingCallable making, String... problems) {
        assertThatThrownBy(making)
                .isInstanceOfSatisfying(
                        SpecException.class, e -> assertThat(e.problems()).containsExactlyInAnyOrder(problems));
    }

    @Test
    void optimizer() {
        refuses(
                () -> new Adam(0, 1, -0.1, 0),
                "learningRate must be in (0, 1], got 0.0",
                "beta1 must be in [0, 1), got 1.0",
                "beta2 must be in [0, 1), got -0.1",
                "epsilon must be in (0, 1], got 0.0");
        refuses(() -> new Adam(Double.NaN, 0.9, 0.999, 1e-8), "learningRate must be in (0, 1], got NaN");
        refuses(
                () -> new AdamW(2, 1, -0.1, 0, 1.5),
                "learningRate must be in (0, 1], got 2.0",
                "beta1 must be in [0, 1), got 1.0",
                "beta2 must be in [0, 1), got -0.1",
                "epsilon must be in (0, 1], got 0.0",
                "weightDecay must be in [0, 1], got 1.5");
        refuses(
                () -> new Sgd(0, 1),
                "learningRate must be in (0, 1], got 0.0",
                "momentum must be in [0, 1) (0: plain descent), got 1.0");
        refuses(
                () -> new RmsProp(0, 1, 0),
                "learningRate must be in (0, 1], got 0.0",
                "decay must be in [0, 1), got 1.0",
                "epsilon must be in (0, 1], got 0.0");
    }

    @Test
    void image() {
        refuses(
                () -> new ImageSpec(7, 1025, 2),
                "height must be from 8 to 1024, got 7",
                "width must be from 8 to 1024, got 1025",
                "channels must be 1 (grey) or 3 (RGB), got 2");
        assertThatCode(() -> new ImageSpec(8, 1024, 1)).doesNotThrowAnyException();
    }

    @Test
    void data() {
        for (double heldOut : new double[] {0, 0.51, Double.NaN}) {
            refuses(
                    () -> new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, heldOut, false),
                    "heldOut must be in (0, 0.5], got " + heldOut);
        }
    }

    @Test
    void training() {
        refuses(
                () -> new TrainingSpec(0, 1, Samples.ADAM, new ConstantSchedule(), -1, 1, 0, 0, 0),
                "steps must be at least 1, got 0",
                "batch must be from 2 to 65536, got 1",
                "clipNorm must be at least 0 (0: no clipping), got -1.0",
                "weightsEma must be in [0, 1), got 1.0",
                "checkpointEvery must be at least 1, got 0",
                "logEvery must be at least 1, got 0");
        assertThat(Samples.TRAINING.withSteps(7).steps()).isEqualTo(7);
        assertThat(Samples.TRAINING.withSeed(8).withSteps(100)).isEqualTo(Samples.TRAINING.withSeed(8));
        assertThat(Samples.VQVAE_EMA
                        .withTraining(Samples.TRAINING.withSeed(8))
                        .training()
                        .seed())
                .isEqualTo(8);
    }

    @Test
    void quantizers() {
        refuses(
                () -> new EmaQuantizer(1, 0, 1, 0, CodebookStart.KMEANS, -1),
                "decay must be in (0, 1), got 1.0",
                "epsilon must be in (0, 1], got 0.0",
                "codes must be from 2 to 1048576, got 1",
                "codeDim must be from 1 to 4096, got 0",
                "restartAfter must be at least 0 (0: never), got -1");
        refuses(
                () -> new LossQuantizer((1 << 20) + 1, 4097, 0, CodebookStart.UNIFORM, -1),
                "weight must be above 0 and at most 1000, got 0.0",
                "codes must be from 2 to 1048576, got 1048577",
                "codeDim must be from 1 to 4096, got 4097",
                "restartAfter must be at least 0 (0: never), got -1");
    }

    @Test
    void vqvae() {
        refuses(
                () -> new VqvaeFamily(3, -1, 0, 7, -1, Samples.EMA),
                "hidden must be even and from 2 to 8192, got 3",
                "residualBlocks must be from 0 to 64, got -1",
                "residualHidden must be from 1 to 8192, got 0",
                "downsamplings must be from 1 to 6, got 7",
                "commitment must be at least 0, got -1.0");
        var family = Samples.vqvae(Samples.EMA);
        assertThat(family.factor()).isEqualTo(4);
        family.checkFits(new ImageSpec(28, 32, 1));
        refuses(
                () -> family.checkFits(new ImageSpec(30, 33, 1)),
                "image.height must be a multiple of 4 (2^model.downsamplings), got 30",
                "image.width must be a multiple of 4 (2^model.downsamplings), got 33");
    }

    @Test
    void dcgan() {
        refuses(
                () -> new DcganFamily(0, 0, 0, false, 1, Samples.ADAM),
                "noise must be from 1 to 65536, got 0",
                "generatorChannels must be from 1 to 4096, got 0",
                "discriminatorChannels must be from 1 to 4096, got 0",
                "batchNormMomentum must be in [0, 1), got 1.0");
        var family = Samples.dcgan();
        assertThat(family.doublings(new ImageSpec(32, 32, 3))).isEqualTo(3);
        assertThat(family.doublings(new ImageSpec(28, 28, 1))).isEqualTo(2);
        assertThat(family.doublings(new ImageSpec(64, 32, 1))).isEqualTo(3);
        for (var fits : List.of(new ImageSpec(16, 16, 3), new ImageSpec(28, 28, 1), new ImageSpec(1024, 1024, 3))) {
            family.checkFits(fits);
        }
        refuses(
                () -> family.checkFits(new ImageSpec(30, 32, 3)),
                "image.height and image.width must halve at least twice down to 4 to 16 pixels, got 30x32");
        refuses(
                () -> family.checkFits(new ImageSpec(100, 100, 3)),
                "image.height and image.width must halve at least twice down to 4 to 16 pixels, got 100x100");
    }

    @Test
    void penalty() {
        refuses(
                () -> new NoisePenalty(0, 0),
                "weight must be above 0 and at most 1e9, got 0.0",
                "deviation must be in (0, 1], got 0.0");
    }

    @Test
    void twoPenaltiesOfAKind() {
        var penalties = List.<Penalty>of(new NoisePenalty(1, 0.1), new NoisePenalty(2, 0.2));
        refuses(
                () -> new DcganFamily(
                        6, 4, 4, false, 0.9, new Adam(1e-3, 0.9, 0.999, 1e-8), new HingeLoss(), penalties),
                "penalties must be of different kinds, got 2 entries of 1; add their weights");
    }

    @Test
    void vae() {
        refuses(
                () -> new VaeFamily(0, MLP, new BernoulliLikelihood(true), new Kl(1, 0, 0), false),
                "latentDim must be from 1 to 65536, got 0");
        refuses(
                () -> new Kl(-1, -1, 101),
                "weight must be from 0 to 1000, got -1.0",
                "warmupSteps must be at least 0 (0: none), got -1",
                "freeBits must be from 0 to 100 nats (0: none), got 101.0");
        refuses(() -> new GaussianLikelihood(0, true), "deviation must be from 0.001 to 10, got 0.0");
        refuses(() -> new MlpNetwork(List.of(), Activation.RELU), "hidden must have from 1 to 16 entries, got 0");
        refuses(
                () -> new MlpNetwork(Collections.nCopies(17, 0), Activation.RELU),
                "hidden must have from 1 to 16 entries, got 17",
                "hidden must be from 1 to 65536 each, got " + Collections.nCopies(17, 0));
        refuses(
                () -> new ConvolutionalNetwork(List.of(), 0, Activation.RELU),
                "channels must have from 1 to 9 entries, got 0",
                "dense must be from 1 to 65536, got 0");
        refuses(
                () -> new ConvolutionalNetwork(Collections.nCopies(10, 4097), 1, Activation.RELU),
                "channels must have from 1 to 9 entries, got 10",
                "channels must be from 1 to 4096 each, got " + Collections.nCopies(10, 4097));
    }

    @Test
    void aVaesNetworkFitsItsPictures() {
        MLP.checkFits(new ImageSpec(255, 256, 1), 40);
        refuses(
                () -> MLP.checkFits(new ImageSpec(257, 256, 1), 40),
                "image.height x image.width x image.channels must be at most 65536 for a network of kind mlp, got 65792;"
                        + " take a smaller picture or kind convolutional");
        var network = new ConvolutionalNetwork(List.of(32, 64), 256, Activation.SILU);
        network.checkFits(new ImageSpec(8, 28, 3), 40);
        new ConvolutionalNetwork(Collections.nCopies(9, 8), 256, Activation.SILU)
                .checkFits(new ImageSpec(1024, 1024, 3), 40);
        refuses(
                () -> network.checkFits(new ImageSpec(30, 28, 3), 40),
                "image.height and image.width must halve 2 times (once an entry of model.network.channels) down to at"
                        + " least 2 pixels, got 30x28");
        refuses(
                () -> new ConvolutionalNetwork(List.of(1, 1, 1), 1, Activation.SILU)
                        .checkFits(new ImageSpec(8, 16, 3), 40),
                "image.height and image.width must halve 3 times (once an entry of model.network.channels) down to at"
                        + " least 2 pixels, got 8x16");
        refuses(
                () -> network.checkFits(new ImageSpec(1024, 1024, 3), 40),
                "model.network.channels must leave at most 65536 numbers for the dense layer, got 4194304; add an entry"
                        + " or make the last one smaller");
        refuses(
                () -> new MlpNetwork(List.of(400, 65_536, 65_536), Activation.TANH)
                        .checkFits(new ImageSpec(28, 28, 1), 40),
                "model.network.hidden must leave each dense layer at most 2147483647 weights, got 65536 x 65536; take"
                        + " fewer");
        refuses(
                () -> new ConvolutionalNetwork(List.of(64), 65_536, Activation.SILU)
                        .checkFits(new ImageSpec(64, 64, 1), 40),
                "model.network.dense must leave each dense layer at most 2147483647 weights, got 65536 x 65536; take"
                        + " fewer");
    }

    private static final MlpNetwork MLP = new MlpNetwork(List.of(400, 400), Activation.TANH);

    @Test
    void model() {
        refuses(
                () -> new ModelSpec("My Model", Samples.IMAGE, Samples.dcgan(), Samples.TRAINING, Samples.DATA),
                "name must be lower-case letters, digits, '.', '_' and '-', got \"My Model\"");
        refuses(
                () -> new ModelSpec(
                        "a", new ImageSpec(30, 32, 3), Samples.vqvae(Samples.EMA), Samples.TRAINING, Samples.DATA),
                "image.height must be a multiple of 4 (2^model.downsamplings), got 30");
        refuses(
                () -> new ModelSpec(
                        "A", new ImageSpec(30, 32, 3), Samples.vqvae(Samples.EMA), averaged(), Samples.DATA),
                "name must be lower-case letters, digits, '.', '_' and '-', got \"A\"",
                "image.height must be a multiple of 4 (2^model.downsamplings), got 30",
                "training.weightsEma must be 0 for a vqvae, whose codebook belongs to its last weights, got 0.5");
    }

    private static TrainingSpec averaged() {
        return new TrainingSpec(1, 2, Samples.ADAM, new ConstantSchedule(), 0, 0.5, 1, 1, 0);
    }

    @Test
    void contracts() {
        refuses(
                () -> new Contract.Pixels(0, 1, 4, 1, 1),
                "height and width must be at least 1, got 0x1",
                "channels must be 1 (grey) or 3 (RGB), got 4",
                "lo must be below hi, got 1.0 and 1.0");
        refuses(
                () -> new Contract.Noise(0, "mt19937"),
                "length must be from 1 to 65536, got 0",
                "generator must be philox4x32-10/box-muller, got mt19937");
        refuses(
                () -> new Contract.Codebook(1, 0, 0, null, Samples.SHA),
                "codes must be at least 2, got 1",
                "dim must be at least 1, got 0",
                "factor must be at least 1, got 0");
        refuses(
                () -> new Contract.Codebook(12, 3, 4, List.of(5, 1), null),
                "levels must be at least 2 each, got 1",
                "codes must be the product of levels [5, 1], got 12",
                "dim must be 2, a number for each of levels, got 3");
        refuses(() -> new Contract.Classes(List.of()), "names must not be empty");
        refuses(
                () -> new Contract.Posterior(0, "cauchy", 1.0, null),
                "dim must be from 1 to 65536, got 0",
                "likelihood must be bernoulli or gaussian, got cauchy",
                "deviation must be left out where the likelihood is not gaussian, got 1.0");
        refuses(
                () -> new Contract.Posterior(1, "gaussian", null, true),
                "deviation must be above 0 of a gaussian likelihood, got nothing",
                "binarized must be left out of a gaussian likelihood, got true");
        assertThat(Contract.Posterior.ofBernoulli(1, true).ofBinaryPixels()).isTrue();
        assertThat(Contract.Posterior.ofBernoulli(1, false).ofBinaryPixels()).isFalse();
        assertThat(Contract.Posterior.ofGaussian(1, 1).ofBinaryPixels()).isFalse();
        // as older bundles have it
        assertThat(new Contract.Posterior(1, "bernoulli", null, null).ofBinaryPixels())
                .isTrue();
        refuses(
                () -> Contract.Posterior.ofGaussian(1, 0),
                "deviation must be above 0 of a gaussian likelihood, got 0.0");
        refuses(
                () -> Contract.Codebook.ofTable(4, 2, 2).exportedFingerprint(),
                "contracts.codebook.fingerprint is missing");
        var two = List.of(Contract.Posterior.ofBernoulli(1, true), Contract.Posterior.ofBernoulli(2, true));
        refuses(() -> Contracts.of(two), "posterior must be there once, and is there twice");
        var one = Contracts.of(Contract.Posterior.ofBernoulli(1, true));
        assertThat(one.with(Contract.Posterior.ofBernoulli(2, true))
                        .get(Contract.Posterior.class)
                        .dim())
                .isEqualTo(2);
        assertThat(one.find(Contract.Noise.class)).isEmpty();
        refuses(() -> one.get(Contract.Noise.class), "contracts.noise is missing");
    }

    @Test
    void manifests() {
        refuses(
                () -> new ExportManifest(1, "a", Map.of(), Contracts.of(), "c", "h", Samples.PROVENANCE),
                "format must be 2, got 1",
                "graphs must not be empty",
                "contracts.pixels is missing");
        refuses(
                () -> new BundleManifest.Graph(
                        "../a.onnx", Samples.SIGNATURE, new BundleManifest.Proof(1, 0, 0, 1, 0, 0)),
                "file must be a plain file name, got \"../a.onnx\"");
        refuses(
                () -> new BundleManifest(
                        3,
                        "a",
                        17,
                        Samples.BUNDLE.graphs(),
                        Contracts.of(Contract.Codebook.ofTable(4, 2, 2)),
                        Samples.PROVENANCE,
                        Map.of("a/b", "abc"),
                        null),
                "format must be 2, got 3",
                "contracts.pixels is missing",
                "contracts.codebook.fingerprint is missing",
                "files must list encoder.onnx (graphs.encoder), but does not",
                "files must be named by plain file names, got \"a/b\"",
                "files.a/b must be a SHA-256, got \"abc\"");
    }

    @Test
    void aSealedBundleKnowsThatItWasChanged() {
        var sealed = Seal.on(Samples.BUNDLE);
        var read = RecordTree.parse(RecordTree.json(sealed), BundleManifest.class, "bundle.json");
        Seal.check(read, RecordTree.json(sealed));
        // another layout is no change
        Seal.check(read, RecordTree.json(sealed).replace("  ", "    "));
        var changed = RecordTree.json(sealed).replace("\"opset\" : 17", "\"opset\" : 18");
        refuses(
                () -> Seal.check(RecordTree.parse(changed, BundleManifest.class, "bundle.json"), changed),
                "bundle.json: must have SHA-256 " + sealed.sha256() + " as it says itself, and was changed");
        refuses(
                () -> Seal.check(Samples.BUNDLE, RecordTree.json(Samples.BUNDLE)),
                "bundle.json: sha256 is missing, with which every bundle is sealed; export the run again");
    }

    /** 2.0E-3 and 0.002 are one number; JDK 17 and JDK 19 print some with other digits, too. */
    @Test
    void aSealHoldsHoweverItsJdkWroteNumbers() {
        var plain = RecordTree.json(Samples.BUNDLE);
        var written =
                plain.replaceFirst("\"maxDifference\" : [0-9.E-]+", "\"maxDifference\" : 0.00000100000000000000001");
        assertThat(written).isNotEqualTo(plain);
        var seal = Checksums.sha256(written.getBytes(StandardCharsets.UTF_8));
        var sealed = written.replaceFirst("\\n}\\n$", ",\n  \"sha256\" : \"" + seal + "\"\n}\n");
        var read = RecordTree.parse(sealed, BundleManifest.class, "bundle.json");
        Seal.check(read, sealed);
        refuses(
                () -> Seal.check(read, sealed.replace("\"opset\" : 17", "\"opset\" : 18")),
                "bundle.json: must have SHA-256 " + seal + " as it says itself, and was changed");
    }

    @Test
    void problemsKeepTheirPlaces() {
        var located = new SpecException(List.of("a must be 1, got 2", "b is missing")).at("model.yaml");
        assertThat(located.problems()).containsExactly("model.yaml: a must be 1, got 2", "model.yaml: b is missing");
        assertThat(located).hasCauseInstanceOf(SpecException.class);
    }

    @Test
    void checksums(@TempDir Path folder) throws IOException {
        // FIPS 180-4's example
        var expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        var abc = "abc".getBytes(StandardCharsets.US_ASCII);
        assertThat(Checksums.sha256(abc)).isEqualTo(expected);
        var buffer = ByteBuffer.wrap("xabcx".getBytes(StandardCharsets.US_ASCII), 1, 3);
        assertThat(Checksums.sha256(buffer)).isEqualTo(expected);
        assertThat(buffer.remaining()).isEqualTo(3);
        Files.write(folder.resolve("a"), abc);
        assertThat(Checksums.sha256(folder.resolve("a"))).isEqualTo(expected);
    }
}
