package smalti.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import smalti.spec.file.Aside;
import smalti.spec.model.ModelSpec;
import smalti.trainer.Trainer;
import smalti.trainer.data.Dataset;
import smalti.trainer.run.TrainingListener;

/** A training in the place of another run, which comes back if this one ends before its first checkpoint. */
final class RunReplacement implements TrainingListener {
    private final Path run;
    private final TrainingListener listener;
    private final Console console;
    private final Aside former;

    RunReplacement(Path run, TrainingListener listener, Console console) throws IOException {
        this.run = run;
        this.listener = listener;
        this.console = console;
        this.former = Aside.of(run);
    }

    void train(ModelSpec spec, Dataset pictures) throws IOException {
        try {
            Trainer.train(spec, pictures, run, this);
        } finally {
            if (former.restore()) {
                console.note(run + ": no checkpoint was written; the run that was there is as it was");
            }
        }
    }

    @Override
    public void step(int done, int steps, Map<String, Double> figures) {
        if (Files.exists(run.resolve("checkpoint.npz"))) {
            try {
                former.forget();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            console.resumable("--resume");
        }
        listener.step(done, steps, figures);
    }

    @Override
    public void cost(double secondsAStep, long bytes, int left) {
        listener.cost(secondsAStep, bytes, left);
    }

    @Override
    public void phase(String what) {
        listener.phase(what);
    }
}
