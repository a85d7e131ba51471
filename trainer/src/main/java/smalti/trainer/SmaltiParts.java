package smalti.trainer;

import java.util.List;
import java.util.stream.Stream;
import smalti.trainer.family.Families;
import smalti.trainer.loss.Losses;
import smalti.trainer.network.Networks;
import smalti.trainer.optimizer.Optimizers;
import smalti.trainer.part.Part;
import smalti.trainer.part.TrainerParts;
import smalti.trainer.quantizer.Quantizers;

/** Smalti's own parts; found by {@link java.util.ServiceLoader}, as those of other jars are. */
public final class SmaltiParts implements TrainerParts {
    @Override
    public List<Part<?, ?>> parts() {
        return Stream.of(Families.parts(), Quantizers.parts(), Optimizers.parts(), Losses.parts(), Networks.parts())
                .flatMap(List::stream)
                .toList();
    }
}
