package smalti.trainer.part;

import java.util.List;

/**
 * What a jar adds to the trainer: families, quantizers, optimizers, losses and networks of its own. The jar lists its
 * class in {@code META-INF/services/smalti.trainer.part.TrainerParts}; {@link java.util.ServiceLoader} finds it there. The
 * records that it trains are registered by a {@link smalti.spec.model.SpecKinds}.
 */
public interface TrainerParts {
    List<Part<?, ?>> parts();
}
