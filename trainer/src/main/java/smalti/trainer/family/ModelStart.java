package smalti.trainer.family;

import smalti.spec.SpecException;
import smalti.spec.model.ModelSpec;
import smalti.trainer.data.Pictures;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;

/**
 * A family of a spec, before it has weights.
 *
 * <p>A jar adds a family by a {@link smalti.trainer.part.Part} that makes a ModelStart of the family's record.
 */
@FunctionalInterface
public interface ModelStart {
    /**
     * What a model is built from.
     *
     * @param pictures of the spec's size and channels
     * @param pixelVariance of the training pixels in [0, 1] units
     * @param parameters to which the model adds its own at their initial values
     * @param statistics to which the model's batch normalisations add theirs
     */
    record Given(
            ModelSpec spec, Pictures pictures, double pixelVariance, Parameters parameters, Statistics statistics) {}

    /**
     * A model at its initial weights.
     *
     * @throws SpecException if the pictures cannot train such a model
     */
    Model begin(Given given);
}
