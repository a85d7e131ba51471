package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import smalti.pictures.NamedPicture;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.trainer.data.EvaluationData;
import smalti.trainer.data.Pictures;

/** A VAE: pictures to distributions of latents, and latents to pictures. */
final class PosteriorKind extends ModelKind {
    private static final int SAMPLES = 64;

    PosteriorKind(BundleArgument bundle, SmaltiModel model) {
        super(bundle, model);
    }

    private int[] classes(List<NamedPicture> pictures, @Nullable String className) {
        return bundle.classes(model).of(PictureBatches.names(pictures), className);
    }

    @Override
    void encode(List<NamedPicture> pictures, @Nullable String className, Path out) throws IOException {
        var classes = classes(pictures, className);
        var distributions = PictureBatches.encode(model.posterior(), pictures, classes);
        DistributionsFile.write(out, PictureBatches.stems(pictures), distributions, classes);
    }

    @Override
    Decoded decode(Path file, @Nullable String className) throws IOException {
        var choice = bundle.classes(model);
        choice.requireNone(className);
        var stored = DistributionsFile.read(file);
        var posterior = model.posterior();
        if (stored.dim() != posterior.dim()) {
            throw new SpecException(
                    file + ": must hold " + posterior.dim() + " latent numbers for each picture, got " + stored.dim());
        }
        var classes = stored.classes();
        if (className != null) {
            classes = new int[stored.names().size()];
            Arrays.fill(classes, choice.index(className));
        } else if (!choice.names().isEmpty() && classes.length == 0) {
            throw new SpecException(file + ": must hold the class of each picture, as " + bundle.path
                    + " is conditional, or --class say it");
        }
        var those = choice.names().isEmpty() ? new int[0] : classes;
        return new Decoded(stored.names(), at(file, () -> PictureBatches.decode(posterior, stored.latents(), those)));
    }

    @Override
    List<Pixels> reconstruct(List<NamedPicture> pictures, @Nullable String className) {
        var classes = classes(pictures, className);
        var means = PictureBatches.encode(model.posterior(), pictures, classes).means();
        return PictureBatches.decode(model.posterior(), means, classes);
    }

    @Override
    void requireKnown(Effort effort) {
        // all of it is for VAEs
    }

    @Override
    Figures measureHeldOut(EvaluationData data, Effort effort) {
        return bounds(EvaluateCommand.HELD_OUT, data.heldOut(), effort);
    }

    @Override
    Figures measureAll(EvaluationData data, Effort effort, Path place) {
        return bounds(EvaluateCommand.ALL, data.all(), effort);
    }

    private PosteriorFigures bounds(String measuredOn, Pictures pictures, Effort effort) {
        int count = Math.min(pictures.count(), effort.most() == null ? Integer.MAX_VALUE : effort.most());
        var indices = new int[count];
        for (int i = 0; i < count; i++) {
            indices[i] = (int) ((long) i * pictures.count() / count);
        }
        var classes = classes(pictures);
        var chosen = classes == null
                ? null
                : Arrays.stream(indices).map(i -> classes[i]).toArray();
        try (var decoder = bundle.floatGenerator(model)) {
            return PosteriorFigures.measure(
                    model,
                    decoder,
                    measuredOn,
                    pictures.subset(indices),
                    indices,
                    chosen,
                    new PosteriorFigures.Effort(
                            effort.samples() == null ? SAMPLES : effort.samples(),
                            effort.seed() == null ? 0 : effort.seed()));
        }
    }

    /** Of each picture, by its folder or label; null where the model has none. */
    private int @Nullable [] classes(Pictures pictures) {
        var choice = bundle.classes(model);
        if (choice.names().isEmpty()) {
            return null;
        }
        if (pictures.isLabelled()) {
            return IntStream.range(0, pictures.count())
                    .map(i -> choice.index(pictures.classes().get(pictures.label(i))))
                    .toArray();
        }
        return choice.of(
                IntStream.range(0, pictures.count()).mapToObj(pictures::name).toList(), null);
    }
}
