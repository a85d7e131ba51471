package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import smalti.spec.SpecException;
import smalti.spec.file.RecordTree;
import smalti.spec.model.ModelSpec;
import smalti.trainer.Presets;
import smalti.trainer.SpecFiles;
import smalti.trainer.Trainer;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.LoadListener;

@Command(
        name = "train",
        sortOptions = false,
        description = {
            "Trains a model on pictures into a run folder.",
            "DATA is a folder with a folder a class, a flat folder, either of them in a ZIP (with train/ and test/ "
                    + "inside, test/ is held out), or IDX files, gzipped or not. Pictures are brought to the model's "
                    + "size as data.fit of the spec says."
        })
final class TrainCommand implements Callable<Integer> {
    private final Console console;

    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandLine.Model.CommandSpec command;

    @ArgGroup
    @Nullable
    Source source;

    /** Where the spec comes from. */
    static final class Source {
        @Option(
                names = "--spec",
                paramLabel = "FILE",
                description = "The model as YAML; its key preset names what it starts from.")
        @Nullable
        Path spec;

        @Option(
                names = "--preset",
                paramLabel = "NAME",
                description = "One of ${COMPLETION-CANDIDATES}.",
                completionCandidates = PresetNames.class)
        @Nullable
        String preset;
    }

    static final class PresetNames implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return Presets.names().iterator();
        }
    }

    @Option(names = "--data", required = true, paramLabel = "PATH", description = "The pictures.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path data;

    @Option(names = "--out", required = true, paramLabel = "RUN", description = "The run folder to write.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Mixin
    private final SpecOptions options = new SpecOptions();

    @Option(
            names = "--resume",
            description =
                    "Go on from RUN's last checkpoint; for the same --steps, with the numbers of an unbroken training; "
                            + "begin where RUN holds none.")
    boolean resume;

    @Mixin
    private final SkipOption skip = new SkipOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    TrainCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        OverwriteOption.recover(out, console);
        boolean exists = Files.exists(out.resolve("spec.json"));
        if (exists && !resume && !overwrite.overwrites) {
            throw new SpecException(out + ": holds a run already; add --resume to go on with it, --overwrite to begin "
                    + "anew in its place, or choose another --out");
        }
        if (resume && overwrite.overwrites) {
            throw new WrongUse("--resume and --overwrite must not be given together: one goes on with the run at " + out
                    + ", the other deletes it");
        }
        boolean begun = exists && resume;
        if (begun) {
            Outputs.requireFolder(out);
        } else {
            Outputs.requireFolder(out, Outputs.Holding.RUN, overwrite, inputs());
        }
        var spec = begun ? stored() : given();
        var listener = new LoadListener() {
            private final Console.Progress progress = console.new Progress("reading pictures");

            @Override
            public void warning(String message) {
                console.warning(message);
            }

            @Override
            public void progress(int done, int total) {
                progress.at(done, total, "");
            }
        };
        var pictures = Dataset.open(
                data, spec.image(), skip.on(spec.data()), spec.training().seed(), listener);
        if (!begun) {
            spec = fitted(spec, pictures.train().count());
        }
        console.note("training on " + Console.pictures(pictures.train().count()) + ", "
                + pictures.heldOut().count() + " held out");
        var training = console.training(spec.name());
        if (resume && !Files.exists(out.resolve("checkpoint.npz"))) {
            console.note(out + " holds no checkpoint: beginning at step 0");
        }
        boolean finished = false;
        if (begun) {
            console.resumable("--resume");
            finished = Trainer.resume(out, pictures, options.steps, training) == 0;
        } else if (exists) {
            Trainer.requireIdle(out);
            new RunReplacement(out, training, console).train(spec, pictures);
        } else {
            console.resumable("--resume");
            Trainer.train(spec, pictures, out, training);
        }
        int done = Trainer.specOf(out).training().steps();
        if (finished) {
            console.line(
                    "nothing was left to train: the run is at step %d of %d already; --steps N trains on", done, done);
        } else {
            console.line("trained %s: %s", spec.name(), out);
        }
        console.line("next: ./smalti export %s --out %s.smalti", out, out.getFileName());
        return 0;
    }

    private Path[] inputs() {
        return source == null || source.spec == null ? new Path[] {data} : new Path[] {data, source.spec};
    }

    private ModelSpec given() {
        if (source == null) {
            throw new ParameterException(command.commandLine(), "Missing required option: --spec or --preset");
        }
        if (source.preset != null && !Presets.names().contains(source.preset)) {
            throw new WrongUse(
                    "--preset: preset must be one of " + String.join(", ", Presets.names()) + ", got " + source.preset);
        }
        var spec = options.on(
                source.spec != null ? SpecFiles.read(source.spec) : Presets.named(String.valueOf(source.preset)));
        return spec.withData(skip.on(spec.data()));
    }

    /** A batch is at most as large as all of the pictures. */
    private ModelSpec fitted(ModelSpec spec, int count) {
        int batch = spec.training().batch();
        if (count >= batch) {
            return spec;
        }
        console.warning(
                "there are " + Console.pictures(count) + " to train on, so a batch has " + count + ", not " + batch);
        return spec.withTraining(spec.training().withBatch(count));
    }

    /** The run's own spec; what is given beside it must not say otherwise. */
    private ModelSpec stored() {
        var stored = Trainer.specOf(out);
        if (source == null && !options.isGiven()) {
            return stored;
        }
        var given = source == null ? options.on(stored) : given();
        // what the run leaves out is in its spec, and --skip-bad need not be given again
        given = given.withData(given.data().withBadImages(stored.data().badImages()));
        var training = given.training().withSteps(stored.training().steps());
        // of few pictures the run has made a smaller batch
        if (training.batch() > stored.training().batch()) {
            training = training.withBatch(stored.training().batch());
        }
        if (!given.withTraining(training).equals(stored)) {
            var differences = RecordTree.differences(given.withTraining(training), stored);
            // of another kind, all else is other too
            var kind = differences.stream()
                    .filter(line -> line.startsWith("model.kind "))
                    .toList();
            throw new SpecException(kind.isEmpty() ? differences : kind).at(out + ": not as the run was begun");
        }
        int asked = given.training().steps();
        if (source != null
                && options.steps == null
                && asked != stored.training().steps()) {
            console.note(out + ": the run's own training.steps is "
                    + stored.training().steps() + ", and holds; the " + asked + " of "
                    + (source.spec == null ? "--preset" : "--spec") + " would need --steps");
        }
        return stored;
    }
}
