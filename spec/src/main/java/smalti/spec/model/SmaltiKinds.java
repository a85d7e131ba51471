package smalti.spec.model;

import java.util.List;

/** Smalti's own kinds. */
final class SmaltiKinds implements SpecKinds {
    @Override
    public List<SpecKind<?>> kinds() {
        return List.of(
                new SpecKind<>(Family.class, "vqvae", VqvaeFamily.class),
                new SpecKind<>(Family.class, "dcgan", DcganFamily.class),
                new SpecKind<>(Family.class, "vae", VaeFamily.class),
                new SpecKind<>(Network.class, "mlp", MlpNetwork.class),
                new SpecKind<>(Network.class, "convolutional", ConvolutionalNetwork.class),
                new SpecKind<>(Likelihood.class, "bernoulli", BernoulliLikelihood.class),
                new SpecKind<>(Likelihood.class, "gaussian", GaussianLikelihood.class),
                new SpecKind<>(Quantizer.class, "ema", EmaQuantizer.class),
                new SpecKind<>(Quantizer.class, "loss", LossQuantizer.class),
                new SpecKind<>(AdversarialLoss.class, "non-saturating", NonSaturatingLoss.class),
                new SpecKind<>(AdversarialLoss.class, "hinge", HingeLoss.class),
                new SpecKind<>(AdversarialLoss.class, "least-squares", LeastSquaresLoss.class),
                new SpecKind<>(AdversarialLoss.class, "wasserstein", WassersteinLoss.class),
                new SpecKind<>(Penalty.class, "noise", NoisePenalty.class),
                new SpecKind<>(Optimizer.class, "adam", Adam.class),
                new SpecKind<>(Optimizer.class, "adamw", AdamW.class),
                new SpecKind<>(Optimizer.class, "sgd", Sgd.class),
                new SpecKind<>(Optimizer.class, "rmsprop", RmsProp.class),
                new SpecKind<>(Schedule.class, "constant", ConstantSchedule.class),
                new SpecKind<>(Schedule.class, "warmup-cosine", WarmupCosineSchedule.class));
    }
}
