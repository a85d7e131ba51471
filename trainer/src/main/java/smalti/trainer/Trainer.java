package smalti.trainer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import smalti.spec.AtomicFiles;
import smalti.spec.Check;
import smalti.spec.Checksums;
import smalti.spec.Contract;
import smalti.spec.Contracts;
import smalti.spec.ExportManifest;
import smalti.spec.IoReason;
import smalti.spec.ModelSpec;
import smalti.spec.NpyArray;
import smalti.spec.Provenance;
import smalti.spec.RecordTree;
import smalti.spec.SpecException;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.Pictures;
import smalti.trainer.family.Families;
import smalti.trainer.family.FamilyTraining;
import smalti.trainer.report.RunReport;

/**
 * Trains a model into a run folder.
 *
 * <p>A run folder holds {@code spec.json} (every default written out), {@code checkpoint.npz}, {@code metrics.jsonl} and,
 * once trained, {@code export.json} with the inference graphs, calibration and held-out pictures, and
 * {@code report.html}. Every file is written whole or not at all, so that a training that was killed goes on from its
 * last checkpoint, with the numbers that an unbroken one would have had.
 */
public final class Trainer {
    private static final String DATA_FILE = "data.sha256";
    private static final String LOCK_FILE = ".lock";
    private static final int KEPT_PICTURES = 256;
    /** Reports, logs and what else is small. */
    private static final long REST_BYTES = 2_000_000;

    private final ModelSpec spec;
    private final Dataset data;
    private final Path run;
    private final TrainingListener listener;

    private Trainer(ModelSpec spec, Dataset data, Path run, TrainingListener listener) {
        this.spec = spec;
        this.data = data;
        this.run = run;
        this.listener = listener;
    }

    /**
     * Begins a training in a new folder and finishes it.
     *
     * @throws SpecException if {@code run} holds a run already, or the data cannot train the model
     */
    public static void train(ModelSpec spec, Dataset data, Path run, TrainingListener listener) throws IOException {
        requireNew(run);
        NativeBackend.require();
        var trainer = new Trainer(spec, data, run, listener);
        var training = trainer.training();
        alone(run, () -> {
            requireNew(run); // another process may have begun one meanwhile
            training.begin();
            AtomicFiles.writeString(run.resolve(DATA_FILE), fingerprint(data) + "\n");
            AtomicFiles.writeString(run.resolve(ModelSpec.FILE), spec.file());
            trainer.finish(training, 0, 0);
        });
    }

    /** @throws SpecException if another process trains in a run folder */
    public static void requireIdle(Path run) throws IOException {
        if (Files.exists(run.resolve(LOCK_FILE))) {
            alone(run, () -> {});
        }
    }

    private static void requireNew(Path run) {
        if (Files.exists(run.resolve(ModelSpec.FILE))) {
            throw new SpecException(run + ": holds a run already; resume it or choose another folder");
        }
    }

    /** The spec of a run folder. */
    public static ModelSpec specOf(Path run) {
        if (!Files.exists(run.resolve(ModelSpec.FILE))) {
            throw new SpecException(run + ": must be a run folder with " + ModelSpec.FILE + ", and is not");
        }
        return RecordTree.read(run.resolve(ModelSpec.FILE), ModelSpec.class);
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
        specOf(run); // so that no lock is made where there is no run
        NativeBackend.require();
        var left = new AtomicInteger();
        alone(run, () -> {
            var stored = specOf(run);
            var spec = steps == null
                    ? stored
                    : stored.withTraining(stored.training().withSteps(steps));
            left.set(new Trainer(spec, data, run, listener).goOn());
        });
        return left.get();
    }

    /** @return the steps that were left */
    private int goOn() throws IOException {
        var begun = Files.readString(run.resolve(DATA_FILE)).strip();
        Check.that(
                        begun.equals(fingerprint(data)),
                        "%s: --data must be the pictures and classes that the run began with, and they differ",
                        run)
                .done();
        int steps = spec.training().steps();
        var checkpoint = Files.exists(run.resolve(Checkpoint.FILE)) ? Checkpoint.read(run) : null;
        int done = checkpoint == null ? 0 : checkpoint.step();
        Check.that(
                        done <= steps,
                        "%s: the run is at step %s of %s already; ask for at least as many steps",
                        run,
                        done,
                        steps)
                .done();
        if (done == steps && isExported()) {
            return 0;
        }
        var training = training();
        if (checkpoint == null) {
            training.begin();
        } else {
            restore(training, checkpoint);
        }
        AtomicFiles.writeString(run.resolve(ModelSpec.FILE), spec.file());
        finish(training, done, checkpoint == null ? 0 : checkpoint.seconds());
        return steps - done;
    }

    private void restore(FamilyTraining training, Checkpoint checkpoint) {
        try {
            training.state().restore(checkpoint.arrays());
        } catch (SpecException e) {
            throw e.at(run.resolve(Checkpoint.FILE).toString());
        }
    }

    /** Whether the inference graphs of this very spec are written, and all else after them. */
    private boolean isExported() {
        if (!Files.exists(run.resolve(ExportManifest.FILE)) || !Files.exists(run.resolve(RunReport.FILE))) {
            return false;
        }
        try {
            var manifest = RecordTree.read(run.resolve(ExportManifest.FILE), ExportManifest.class);
            return manifest.provenance().equals(provenance())
                    && manifest.graphs().values().stream().allMatch(graph -> Files.exists(run.resolve(graph.file())));
        } catch (SpecException damaged) {
            return false;
        }
    }

    private FamilyTraining training() {
        return Families.training(spec, data.train(), data.train().variance());
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    /** Nothing of the run is read or written but under its lock. */
    private static void alone(Path run, Work work) throws IOException {
        Files.createDirectories(run);
        try (var channel =
                FileChannel.open(run.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            if (!isLocked(channel)) {
                throw new SpecException(run + ": must be trained by one process at a time, and another is at it");
            }
            work.run();
        }
    }

    /** Whether the lock is now ours; closing the channel gives it back. */
    private static boolean isLocked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException inThisProcess) {
            return false;
        }
    }

    private void finish(FamilyTraining training, int done, double before) throws IOException {
        try {
            stepsAndGraphs(training, done, before);
        } catch (IOException e) {
            if (!IoReason.isDiskFull(e)) {
                throw e;
            }
            throw new SpecException(
                    run + ": the disk is full; free " + missingMegabytes(training) + " MB, then --resume", e);
        }
    }

    /** What the rest of the training writes at once, less what is free. */
    private long missingMegabytes(FamilyTraining training) throws IOException {
        long values = training.state().snapshot().values().stream()
                .mapToLong(array -> array.length)
                .sum();
        // a checkpoint beside the former one, then the graphs; and pictures for the export
        long bytes =
                2 * values * Float.BYTES + 2L * KEPT_PICTURES * data.train().pictureBytes() + REST_BYTES;
        return Math.max(1, (bytes - Files.getFileStore(run).getUsableSpace()) / 1_000_000 + 1);
    }

    private void stepsAndGraphs(FamilyTraining training, int done, double before) throws IOException {
        steps(training, done, before);
        listener.phase("writing the inference graphs");
        writeExport(training);
        RunReport.write(
                run,
                spec,
                MetricsLog.lines(run).stream().map(MetricsLog.Line::figures).toList());
    }

    private void steps(FamilyTraining training, int done, double before) throws IOException {
        var schedule = spec.training();
        long started = System.nanoTime();
        var cost = new StepCost();
        try (var log = new MetricsLog(run, done, before)) {
            for (int step = done; step < schedule.steps(); step++) {
                long began = System.nanoTime();
                var figures = training.step(step);
                double took = (System.nanoTime() - began) / 1e9;
                checkFinite(step, figures);
                log.add(figures);
                int after = step + 1;
                boolean save = after % schedule.checkpointEvery() == 0 || after == schedule.steps();
                double seconds = before + (System.nanoTime() - started) / 1e9;
                // a line ends where a checkpoint is, so that a resumed training begins a new one as this one does
                Map<String, Double> logged = save || after % schedule.logEvery() == 0
                        ? log.flush(after, seconds, schedule.batch())
                        : Map.of();
                if (save) {
                    new Checkpoint(after, seconds, training.state().snapshot()).write(run);
                }
                listener.step(after, schedule.steps(), logged);
                cost.step(took, schedule.steps() - after, listener);
            }
        }
    }

    private void checkFinite(int step, Map<String, Double> figures) {
        figures.forEach((name, value) -> {
            if (!Double.isFinite(value)) {
                throw new SpecException(run + ": training has diverged at step " + (step + 1) + ": " + name + " must be"
                        + " finite, got " + value + "; lower training.optimizer.learningRate or set training.clipNorm");
            }
        });
    }

    private void writeExport(FamilyTraining training) throws IOException {
        // that of an earlier, shorter training must not stand beside graphs of this one
        Files.deleteIfExists(run.resolve(ExportManifest.FILE));
        var graphs = new LinkedHashMap<String, ExportManifest.Graph>();
        for (var entry : training.inference().entrySet()) {
            var file = entry.getKey().fileStem() + ".fb";
            AtomicFiles.writeFile(run.resolve(file), entry.getValue()::save);
            graphs.put(
                    entry.getKey().fileStem(),
                    new ExportManifest.Graph(file, entry.getValue().signature()));
        }
        writePictures("calibration.npy", data.train());
        writePictures("held-out.npy", data.heldOut());
        var range = training.pixelRange();
        var image = spec.image();
        var contracts = new ArrayList<Contract>();
        contracts.add(new Contract.Pixels(image.height(), image.width(), image.channels(), range.lo(), range.hi()));
        contracts.addAll(training.contracts());
        var manifest = new ExportManifest(
                ExportManifest.FORMAT,
                spec.name(),
                graphs,
                Contracts.of(contracts),
                "calibration.npy",
                "held-out.npy",
                provenance());
        AtomicFiles.writeString(run.resolve(ExportManifest.FILE), RecordTree.json(manifest));
    }

    private Provenance provenance() {
        var versions = new LinkedHashMap<String, String>();
        versions.put("smalti", version());
        versions.put("nd4j", "1.0.0-M2.1");
        return new Provenance(
                RecordTree.tree(spec).get("model").get("kind").textValue(),
                Checksums.sha256(RecordTree.json(spec).getBytes(StandardCharsets.UTF_8)),
                spec.training().seed(),
                spec.training().steps(),
                data.train().count(),
                data.train().variance(),
                spec.data(),
                versions,
                Pictures.sha256(data.train(), data.heldOut()));
    }

    private static String version() {
        var version = Trainer.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** The first of them, evenly spread. */
    private void writePictures(String file, Pictures pictures) throws IOException {
        int count = Math.min(KEPT_PICTURES, pictures.count());
        var spread = new int[count];
        for (int i = 0; i < count; i++) {
            spread[i] = (int) ((long) i * pictures.count() / count);
        }
        var array = NpyArray.of(
                pictures.subset(spread).pixels(), count, pictures.height(), pictures.width(), pictures.channels());
        AtomicFiles.writeFile(run.resolve(file), temporary -> {
            try (var out = Files.newOutputStream(temporary)) {
                array.write(out);
            }
        });
    }

    /** Of every pixel and every class. */
    private static String fingerprint(Dataset data) {
        var all = new StringBuilder();
        for (var part : List.of(data.train(), data.heldOut())) {
            all.append(Checksums.sha256(part.pixels())).append(part.classes());
            for (int i = 0; part.isLabelled() && i < part.count(); i++) {
                all.append(part.label(i)).append(',');
            }
        }
        return Checksums.sha256(all.toString().getBytes(StandardCharsets.UTF_8));
    }
}
