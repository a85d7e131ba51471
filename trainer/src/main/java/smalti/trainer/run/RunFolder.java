package smalti.trainer.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import smalti.spec.Check;
import smalti.spec.SpecException;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.Checksums;
import smalti.spec.file.RecordTree;
import smalti.spec.file.SpecFile;
import smalti.spec.model.ModelSpec;
import smalti.trainer.data.Dataset;

/**
 * The folder that a training writes and an export reads: {@code spec.json} (every default written out),
 * {@code checkpoint.npz}, {@code metrics.jsonl} and, once trained, {@code export.json} with the inference graphs,
 * calibration and held-out pictures, and {@code report.html}. Every file is written whole or not at all.
 */
public record RunFolder(Path path) {
    private static final String DATA_FILE = "data.sha256";
    private static final String LOCK_FILE = ".lock";

    /** @throws SpecException if it holds a run already */
    public void requireNew() {
        if (Files.exists(path.resolve(ModelSpec.FILE))) {
            throw new SpecException(path + ": holds a run already; resume it or choose another folder");
        }
    }

    /** @throws SpecException if another process trains in it */
    public void requireIdle() throws IOException {
        if (Files.exists(path.resolve(LOCK_FILE))) {
            alone(() -> {});
        }
    }

    /** @throws SpecException if it is no run folder */
    public ModelSpec spec() {
        var file = path.resolve(ModelSpec.FILE);
        if (!Files.exists(file)) {
            throw new SpecException(path + ": must be a run folder with " + ModelSpec.FILE + ", and is not");
        }
        return RecordTree.read(file, ModelSpec.class);
    }

    public void write(ModelSpec spec) throws IOException {
        AtomicFiles.writeString(path.resolve(ModelSpec.FILE), SpecFile.text(spec));
    }

    /** Notes which pictures the run is trained on. */
    public void write(Dataset data) throws IOException {
        AtomicFiles.writeString(path.resolve(DATA_FILE), fingerprint(data) + "\n");
    }

    /** @throws SpecException if the run began with other pictures or classes */
    public void requireSame(Dataset data) throws IOException {
        var begun = Files.readString(path.resolve(DATA_FILE)).strip();
        Check.that(
                        begun.equals(fingerprint(data)),
                        "%s: --data must be the pictures and classes that the run began with, and they differ",
                        path)
                .done();
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

    /** Where the run was last; empty before its first checkpoint. */
    public Optional<Checkpoint> checkpoint() throws IOException {
        return Files.exists(path.resolve(Checkpoint.FILE)) ? Optional.of(Checkpoint.read(path)) : Optional.empty();
    }

    /** Something that reads or writes the run. */
    @FunctionalInterface
    public interface Work {
        void run() throws IOException;
    }

    /**
     * Nothing of the run is read or written but under its lock.
     *
     * @throws SpecException if another process has it
     */
    public void alone(Work work) throws IOException {
        Files.createDirectories(path);
        try (var channel =
                FileChannel.open(path.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            if (!isLocked(channel)) {
                throw new SpecException(path + ": must be trained by one process at a time, and another is at it");
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
}
