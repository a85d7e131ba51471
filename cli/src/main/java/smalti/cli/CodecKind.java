package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.pictures.NamedPicture;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.trainer.data.EvaluationData;

/** A codec: pictures to codes and back. */
final class CodecKind extends ModelKind {
    CodecKind(BundleArgument bundle, SmaltiModel model) {
        super(bundle, model);
    }

    @Override
    void encode(List<NamedPicture> pictures, @Nullable String className, Path out) throws IOException {
        bundle.classes(model).requireNone(className);
        new CodesFile(PictureBatches.stems(pictures), PictureBatches.encode(model.codec(), pictures)).write(out);
    }

    @Override
    Decoded decode(Path file, @Nullable String className) throws IOException {
        bundle.classes(model).requireNone(className);
        var codes = CodesFile.read(file);
        return new Decoded(codes.names(), at(file, () -> PictureBatches.decode(model.codec(), codes.codes())));
    }

    @Override
    List<Pixels> reconstruct(List<NamedPicture> pictures, @Nullable String className) {
        bundle.classes(model).requireNone(className);
        return PictureBatches.decode(model.codec(), PictureBatches.encode(model.codec(), pictures));
    }

    @Override
    Figures measureHeldOut(EvaluationData data, Effort effort) {
        return CodecFigures.measure(model, EvaluateCommand.HELD_OUT, data.heldOut());
    }

    @Override
    Figures measureAll(EvaluationData data, Effort effort, Path place) {
        return CodecFigures.measure(model, EvaluateCommand.ALL, data.all());
    }
}
