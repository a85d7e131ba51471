package smalti.trainer.family;

import java.util.List;
import java.util.Map;
import smalti.spec.Contract;
import smalti.spec.Role;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.TrainingGraph;

/** A model of one family while it is trained. Not thread-safe. */
public interface FamilyTraining {
    /** The smallest and largest value of an image, for pixels 0 and 255. */
    record PixelRange(double lo, double hi) {}

    PixelRange pixelRange();

    /** What has to happen once before step 0, with the first batches at hand. */
    void begin();

    /**
     * One optimisation step; a function of the state, the data and the step's number alone.
     *
     * @param step from 0
     * @return the loss terms and other figures of this step by name
     */
    Map<String, Double> step(int step);

    /** The graphs whose gradients it follows. */
    List<TrainingGraph> trainingGraphs();

    /** All that a checkpoint must hold. */
    TrainingState state();

    /** The graphs that are exported, with placeholders and constants alone. */
    Map<Role, InferenceGraph> inference();

    /** What the exported graphs take and give, but for the pixels. */
    List<Contract> contracts();
}
