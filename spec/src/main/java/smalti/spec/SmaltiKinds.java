package smalti.spec;

import java.util.List;

/** Smalti's own kinds. */
final class SmaltiKinds implements SpecKinds {
    @Override
    public List<SpecKind<?>> kinds() {
        return List.of(
                new SpecKind<>(Family.class, "vqvae", VqvaeFamily.class),
                new SpecKind<>(Family.class, "dcgan", DcganFamily.class),
                new SpecKind<>(Quantizer.class, "ema", EmaQuantizer.class),
                new SpecKind<>(Quantizer.class, "loss", LossQuantizer.class),
                new SpecKind<>(Schedule.class, "constant", ConstantSchedule.class),
                new SpecKind<>(Schedule.class, "warmup-cosine", WarmupCosineSchedule.class));
    }
}
