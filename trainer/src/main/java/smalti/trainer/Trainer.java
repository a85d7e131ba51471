package smalti.trainer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.SpecException;
import smalti.spec.model.ModelSpec;
import smalti.trainer.data.Dataset;
import smalti.trainer.run.RunFolder;
import smalti.trainer.run.TrainingListener;
import smalti.trainer.run.TrainingRun;

/**
 * Trains a model into a {@linkplain RunFolder run folder}. A training that was killed goes on from its last checkpoint,
 * with the numbers that an unbroken one would have had.
 */
public final class Trainer {
    private Trainer() {}

    /**
     * Begins a training in a new folder and finishes it.
     *
     * @throws SpecException if {@code run} holds a run already, or the data cannot train the model
     */
    public static void train(ModelSpec spec, Dataset data, Path run, TrainingListener listener) throws IOException {
        var folder = new RunFolder(run);
        folder.requireNew();
        NativeBackend.require();
        var training = new TrainingRun(folder, spec, data, listener);
        folder.alone(() -> {
            folder.requireNew(); // another process may have begun one meanwhile
            training.begin();
        });
    }

    /** @throws SpecException if another process trains in a run folder */
    public static void requireIdle(Path run) throws IOException {
        new RunFolder(run).requireIdle();
    }

    /** The spec of a run folder. */
    public static ModelSpec specOf(Path run) {
        return new RunFolder(run).spec();
    }

    /**
     * Goes on from the last checkpoint of a run, or from its start where there is none. A refused run is left as it was.
     *
     * @param steps in place of those of the spec, or null
     * @return the steps that were left to train; after 0, only what was missing of the inference graphs was written
     * @throws SpecException if the data is not that which the run began with
     */
    public static int resume(Path run, Dataset data, @Nullable Integer steps, TrainingListener listener)
            throws IOException {
        var folder = new RunFolder(run);
        folder.spec(); // so that no lock is made where there is no run
        NativeBackend.require();
        var left = new AtomicInteger();
        folder.alone(() -> {
            var stored = folder.spec();
            var spec = steps == null
                    ? stored
                    : stored.withTraining(stored.training().withSteps(steps));
            left.set(goOn(folder, spec, data, listener));
        });
        return left.get();
    }

    /** @return the steps that were left */
    private static int goOn(RunFolder folder, ModelSpec spec, Dataset data, TrainingListener listener)
            throws IOException {
        folder.requireSame(data);
        var checkpoint = folder.checkpoint();
        int steps = spec.training().steps();
        int done = checkpoint.map(found -> found.step()).orElse(0);
        Check.that(
                        done <= steps,
                        "%s: the run is at step %s of %s already; ask for at least as many steps",
                        folder.path(),
                        done,
                        steps)
                .done();
        if (done == steps && TrainingRun.isExported(folder, spec, data)) {
            return 0;
        }
        var training = new TrainingRun(folder, spec, data, listener);
        if (checkpoint.isPresent()) {
            training.resume(checkpoint.get());
        } else {
            training.begin();
        }
        return steps - done;
    }
}
