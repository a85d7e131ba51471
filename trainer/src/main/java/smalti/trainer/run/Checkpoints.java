package smalti.trainer.run;

import java.io.IOException;
import java.nio.file.Path;
import smalti.trainer.family.ModelTraining;

/** Writes checkpoints. */
record Checkpoints(Path run, ModelTraining training, CheckpointStrategy strategy) implements StepListener {
    @Override
    public void after(Step step) throws IOException {
        if (strategy.saves(step)) {
            new Checkpoint(step.done(), step.seconds(), training.state().snapshot()).write(run);
        }
    }
}
