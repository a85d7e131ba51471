package smalti.spec.model;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Provenance;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** One valid record of every kind. */
public final class Samples {
    public static final ImageSpec IMAGE = new ImageSpec(32, 32, 3);
    public static final Adam ADAM = new Adam(3e-4, 0.9, 0.999, 1e-8);
    public static final TrainingSpec TRAINING =
            new TrainingSpec(100, 32, ADAM, new WarmupCosineSchedule(10, 0.1), 1, 0, 50, 10, -7_000_000_000L);
    public static final DataSpec DATA = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.SKIP, 0.1, true);
    public static final EmaQuantizer EMA = new EmaQuantizer(512, 64, 0.99, 1e-5, CodebookStart.KMEANS, 200);
    public static final LossQuantizer LOSS = new LossQuantizer(512, 64, 1, CodebookStart.UNIFORM, 0);
    public static final String SHA = "0123456789abcdef".repeat(4);

    public static final ModelSpec VQVAE_EMA = new ModelSpec("a-vqvae", IMAGE, vqvae(EMA), TRAINING, DATA);
    public static final ModelSpec VQVAE_LOSS = new ModelSpec("b.vqvae", IMAGE, vqvae(LOSS), TRAINING, DATA);
    public static final ModelSpec DCGAN = new ModelSpec(
            "c_dcgan",
            IMAGE,
            dcgan(),
            new TrainingSpec(1, 2, ADAM, new ConstantSchedule(), 0, 0, 1, 1, 0),
            new DataSpec(DataSpec.Fit.STRETCH, DataSpec.BadImages.FAIL, 0.5, false));

    public static final ModelSpec VAE = new ModelSpec(
            "d-vae",
            new ImageSpec(28, 28, 1),
            new VaeFamily(
                    40,
                    new ConvolutionalNetwork(List.of(32, 64), 256, Activation.SILU),
                    new GaussianLikelihood(0.1, true),
                    new Kl(1, 100, 0.05),
                    true),
            TRAINING.with(new AdamW(1e-3, 0.9, 0.999, 1e-8, 0.01)),
            DATA);
    public static final ModelSpec VAE_MLP = new ModelSpec(
            "e-vae",
            new ImageSpec(28, 28, 1),
            new VaeFamily(
                    2,
                    new MlpNetwork(List.of(400, 400), Activation.TANH),
                    new BernoulliLikelihood(true),
                    new Kl(1, 0, 0),
                    false),
            TRAINING.with(new Sgd(0.01, 0.9)),
            DATA);

    /** Every loss and penalty: of a GAN each. */
    public static final List<ModelSpec> LOSSES = Stream.of(
                    new NonSaturatingLoss(), new HingeLoss(), new LeastSquaresLoss(), new WassersteinLoss())
            .map(loss -> new ModelSpec(
                    "f-dcgan",
                    IMAGE,
                    dcgan().withLoss(loss, List.of(new NoisePenalty(100, 0.01))),
                    TRAINING.with(new RmsProp(5e-5, 0.99, 1e-8)),
                    DATA))
            .toList();

    public static final Signature SIGNATURE = new Signature(
            List.of(TensorSpec.of("image", ElementType.FLOAT32, "N 3 4*h 4*w")),
            List.of(TensorSpec.of("codes", ElementType.INT64, "N h w")));
    public static final Provenance PROVENANCE = new Provenance(
            "vqvae",
            SHA,
            7,
            100,
            60000,
            0.0625,
            new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false),
            Map.of("smalti", "0.1.0"),
            SHA);
    public static final Contract.Pixels PIXELS = new Contract.Pixels(32, 32, 3, -0.5, 0.5);

    public static final ExportManifest EXPORT = new ExportManifest(
            2,
            "a-vqvae",
            Map.of("encoder", new ExportManifest.Graph("encoder.sd", SIGNATURE)),
            Contracts.of(PIXELS, Contract.Codebook.ofTable(512, 64, 4), Contract.Posterior.ofGaussian(64, 0.25)),
            "calibration.npy",
            "held-out.npy",
            PROVENANCE);

    public static final BundleManifest BUNDLE = new BundleManifest(
            2,
            "a-vqvae",
            17,
            Map.of(
                    "encoder",
                    new BundleManifest.Graph(
                            "encoder.onnx", SIGNATURE, new BundleManifest.Proof(8, 1e-6, 1e-7, 2.5, 512, 1))),
            Contracts.of(
                    PIXELS,
                    new Contract.Codebook(512, 3, 4, List.of(8, 8, 8), SHA),
                    Contract.Noise.ofLength(64),
                    new Contract.Classes(List.of("cat", "dog"))),
            PROVENANCE,
            Map.of("encoder.onnx", SHA),
            null);

    private Samples() {}

    /** What no jar added. */
    public static List<SpecKind<?>> smaltisKinds() {
        return new SmaltiKinds().kinds();
    }

    public static VqvaeFamily vqvae(Quantizer quantizer) {
        return new VqvaeFamily(128, 2, 32, 2, 0.25, quantizer);
    }

    public static DcganFamily dcgan() {
        return new DcganFamily(64, 32, 32, true, 0.9, ADAM);
    }
}
