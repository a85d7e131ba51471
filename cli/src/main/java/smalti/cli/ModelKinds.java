package smalti.cli;

import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;

/** The one list of kinds. */
final class ModelKinds {
    private record Entry(Predicate<SmaltiModel> isOf, BiFunction<BundleArgument, SmaltiModel, ModelKind> kind) {}

    /** A VAE before a generator, which it is too. */
    private static final List<Entry> KINDS = List.of(
            new Entry(SmaltiModel::hasCodec, CodecKind::new),
            new Entry(SmaltiModel::hasPosterior, PosteriorKind::new),
            new Entry(SmaltiModel::hasGenerator, GeneratorKind::new));

    private ModelKinds() {}

    /**
     * The kind of an open bundle.
     *
     * @throws SpecException if it is of none
     */
    static ModelKind of(BundleArgument bundle, SmaltiModel model) {
        return KINDS.stream()
                .filter(entry -> entry.isOf().test(model))
                .findFirst()
                .map(entry -> entry.kind().apply(bundle, model))
                .orElseThrow(
                        () -> new SpecException(bundle.path + ": must hold a codec, a posterior or a generator, got "
                                + model.manifest().graphs().keySet()));
    }
}
