package smalti.cli.toy;

import java.util.List;
import smalti.spec.model.Family;
import smalti.spec.model.SpecKind;
import smalti.spec.model.SpecKinds;
import smalti.trainer.family.ModelStart;
import smalti.trainer.part.Part;
import smalti.trainer.part.TrainerParts;

/** What META-INF/services names: the family's record by its name in files, and what trains it. */
public final class MeansParts implements SpecKinds, TrainerParts {
    @Override
    public List<SpecKind<?>> kinds() {
        return List.of(new SpecKind<>(Family.class, "class-means", MeansFamily.class));
    }

    @Override
    public List<Part<?, ?>> parts() {
        return List.of(
                new Part<>(MeansFamily.class, ModelStart.class, family -> given -> new MeansModel(family, given)));
    }
}
