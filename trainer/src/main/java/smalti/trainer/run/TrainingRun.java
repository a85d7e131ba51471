package smalti.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import smalti.spec.SpecException;
import smalti.spec.file.IoReason;
import smalti.spec.model.ModelSpec;
import smalti.trainer.data.Dataset;
import smalti.trainer.family.ModelTraining;
import smalti.trainer.report.RunReport;

/** One training in its run folder, from where it stands to the exported graphs. Its folder must be locked. */
public final class TrainingRun {
    /** Reports, logs and what else is small. */
    private static final long REST_BYTES = 2_000_000;

    private final RunFolder folder;
    private final ModelSpec spec;
    private final TrainingListener listener;
    private final ModelTraining training;
    private final ExportWriter export;

    /** @throws SpecException if the data cannot train the model */
    public TrainingRun(RunFolder folder, ModelSpec spec, Dataset data, TrainingListener listener) {
        this.folder = folder;
        this.spec = spec;
        this.listener = listener;
        training = ModelTraining.of(spec, data.train(), data.train().variance());
        export = new ExportWriter(folder.path(), spec, data);
    }

    /** Whether the inference graphs of this very spec are written, and all else after them. */
    public static boolean isExported(RunFolder folder, ModelSpec spec, Dataset data) {
        return new ExportWriter(folder.path(), spec, data).isWritten();
    }

    /** From step 0. */
    public void begin() throws IOException {
        training.begin();
        folder.write(export.data());
        finish(0, 0);
    }

    /** @throws SpecException if the checkpoint is of another model; the run is left as it was then */
    public void resume(Checkpoint checkpoint) throws IOException {
        try {
            training.state().restore(checkpoint.arrays());
        } catch (SpecException e) {
            throw e.at(folder.path().resolve(Checkpoint.FILE).toString());
        }
        finish(checkpoint.step(), checkpoint.seconds());
    }

    private void finish(int done, double before) throws IOException {
        folder.write(spec);
        try {
            steps(done, before);
            listener.phase("writing the inference graphs");
            export.write(training);
            RunReport.write(
                    path(),
                    spec,
                    MetricsLog.lines(path()).stream()
                            .map(MetricsLog.Line::figures)
                            .toList());
        } catch (IOException e) {
            if (!IoReason.isDiskFull(e)) {
                throw e;
            }
            throw new SpecException(
                    path() + ": the disk is full; free " + missingMegabytes() + " MB, then --resume", e);
        }
    }

    private Path path() {
        return folder.path();
    }

    private void steps(int done, double before) throws IOException {
        var schedule = spec.training();
        var strategy = CheckpointStrategy.every(schedule.checkpointEvery());
        listener.begins(training.headlines());
        long started = System.nanoTime();
        try (var log = new MetricsLog(path(), done, before)) {
            var logged = new LoggedFigures(log, schedule, strategy);
            // the log before the checkpoint: a resumed training drops the lines after its checkpoint
            var listeners = List.of(
                    new Divergence(path()),
                    logged,
                    new Checkpoints(path(), training, strategy),
                    new Progress(logged, listener));
            for (int step = done; step < schedule.steps(); step++) {
                long began = System.nanoTime();
                var figures = training.step(step);
                long ended = System.nanoTime();
                var end = new StepListener.Step(
                        step + 1, schedule.steps(), (ended - began) / 1e9, before + (ended - started) / 1e9, figures);
                for (var each : listeners) {
                    each.after(end);
                }
            }
        }
    }

    /** What the rest of the training writes at once, less what is free. */
    private long missingMegabytes() throws IOException {
        long values = training.state().snapshot().values().stream()
                .mapToLong(array -> array.length)
                .sum();
        // a checkpoint beside the former one, then the graphs; and pictures for the export
        long bytes = 2 * values * Float.BYTES + export.pictureBytes() + REST_BYTES;
        return Math.max(1, (bytes - Files.getFileStore(path()).getUsableSpace()) / 1_000_000 + 1);
    }
}
