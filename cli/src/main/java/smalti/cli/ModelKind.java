package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import smalti.pictures.NamedPicture;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.trainer.data.EvaluationData;

/** What the commands do with an open bundle, a class for each kind; no command asks which it is. */
abstract class ModelKind {
    final BundleArgument bundle;
    final SmaltiModel model;

    ModelKind(BundleArgument bundle, SmaltiModel model) {
        this.bundle = bundle;
        this.model = model;
    }

    /** Pictures by name. */
    record Decoded(List<String> names, List<Pixels> pixels) {}

    /**
     * How to measure a VAE; null where a command line does not say.
     *
     * @param samples of each picture's latents
     * @param most pictures
     * @param seed of the draws
     */
    record Effort(
            @Nullable Integer samples,
            @Nullable Integer most,
            @Nullable Long seed) {
        boolean isGiven() {
            return samples != null || most != null || seed != null;
        }
    }

    /**
     * Writes what pictures are encoded to.
     *
     * @param className of all pictures, or null
     */
    abstract void encode(List<NamedPicture> pictures, @Nullable String className, Path out) throws IOException;

    /** Pictures out of a file that {@link #encode} wrote. */
    abstract Decoded decode(Path file, @Nullable String className) throws IOException;

    abstract List<Pixels> reconstruct(List<NamedPicture> pictures, @Nullable String className);

    /** @throws SpecException if the bundle takes no pictures */
    void requireTakesPictures() {}

    /** @throws SpecException if something is said of how to measure that the kind does not know */
    void requireKnown(Effort effort) {
        if (effort.isGiven()) {
            throw new SpecException(bundle.path
                    + ": is no VAE; --importance-samples, --pictures and --seed are for a VAE's likelihood");
        }
    }

    /** Figures of the pictures that were held out. */
    abstract Figures measureHeldOut(EvaluationData data, Effort effort);

    /**
     * Figures of all pictures.
     *
     * @param place of the pictures, for errors
     */
    abstract Figures measureAll(EvaluationData data, Effort effort, Path place);

    /** Of work on what a file holds. */
    static <T> T at(Path file, Supplier<T> work) {
        try {
            return work.get();
        } catch (SpecException e) {
            throw e.at(file.toString());
        }
    }
}
