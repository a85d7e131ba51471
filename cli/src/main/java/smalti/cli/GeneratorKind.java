package smalti.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.pictures.NamedPicture;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.trainer.data.EvaluationData;

/** A generator, which takes no pictures. */
final class GeneratorKind extends ModelKind {
    GeneratorKind(BundleArgument bundle, SmaltiModel model) {
        super(bundle, model);
    }

    @Override
    void requireTakesPictures() {
        throw takesNone();
    }

    private SpecException takesNone() {
        return new SpecException(bundle.path
                + ": is a generator, which makes pictures from numbers and takes none; use smalti"
                + " generate or evaluate");
    }

    @Override
    void encode(List<NamedPicture> pictures, @Nullable String className, Path out) {
        throw takesNone();
    }

    @Override
    Decoded decode(Path file, @Nullable String className) {
        throw takesNone();
    }

    @Override
    List<Pixels> reconstruct(List<NamedPicture> pictures, @Nullable String className) {
        throw takesNone();
    }

    @Override
    Figures measureHeldOut(EvaluationData data, Effort effort) {
        return GeneratorFigures.heldOut(model, data.heldOut(), data.train());
    }

    @Override
    Figures measureAll(EvaluationData data, Effort effort, Path place) {
        return GeneratorFigures.all(model, place.toString(), data.all());
    }
}
