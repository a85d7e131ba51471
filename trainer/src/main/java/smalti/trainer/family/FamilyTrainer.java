package smalti.trainer.family;

import smalti.spec.Family;
import smalti.spec.ModelSpec;
import smalti.trainer.data.Pictures;

/**
 * Trains one family. A jar that adds a family lists its class in
 * {@code META-INF/services/smalti.trainer.family.FamilyTrainer}; {@link java.util.ServiceLoader} finds it there.
 */
public interface FamilyTrainer<F extends Family> {
    Class<F> family();

    /**
     * A model at its initial weights.
     *
     * @param family the spec's model
     * @param pictures of the spec's size and channels
     * @param pixelVariance of the training pixels in [0, 1] units
     */
    FamilyTraining begin(ModelSpec spec, F family, Pictures pictures, double pixelVariance);
}
