package smalti.trainer.run;

import java.nio.file.Path;
import smalti.spec.SpecException;

/** Ends a training whose figures are no longer numbers. */
record Divergence(Path run) implements StepListener {
    /** @throws SpecException with the first such figure and the remedy */
    @Override
    public void after(Step step) {
        step.figures().forEach((name, value) -> {
            if (!Double.isFinite(value)) {
                throw new SpecException(run + ": training has diverged at step " + step.done() + ": " + name
                        + " must be finite, got " + value
                        + "; lower training.optimizer.learningRate or set training.clipNorm");
            }
        });
    }
}
