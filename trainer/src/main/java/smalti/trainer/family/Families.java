package smalti.trainer.family;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import smalti.spec.DcganFamily;
import smalti.spec.Family;
import smalti.spec.ModelSpec;
import smalti.spec.SpecException;
import smalti.spec.VqvaeFamily;
import smalti.trainer.data.Pictures;

/** Which class trains which family: one row a family. */
public final class Families {
    private static final Map<Class<? extends Family>, Factory<?>> ROWS = new LinkedHashMap<>();

    static {
        row(VqvaeFamily.class, VqvaeTraining::new);
        row(DcganFamily.class, (spec, family, pictures, variance) -> new DcganTraining(spec, family, pictures));
    }

    private Families() {}

    private interface Factory<F extends Family> {
        FamilyTraining begin(ModelSpec spec, F family, Pictures pictures, double pixelVariance);
    }

    private static <F extends Family> void row(Class<F> family, Factory<F> factory) {
        ROWS.put(family, factory);
    }

    /** The families that can be trained. */
    public static Set<Class<? extends Family>> trainable() {
        return Set.copyOf(ROWS.keySet());
    }

    /**
     * A model at its initial weights.
     *
     * @param pictures of the spec's size and channels
     * @param pixelVariance of the training pixels in [0, 1] units
     * @throws SpecException if the pictures cannot train such a model
     */
    public static FamilyTraining training(ModelSpec spec, Pictures pictures, double pixelVariance) {
        var image = spec.image();
        smalti.spec.Check.that(
                        pictures.count() >= spec.training().batch(),
                        "training needs at least training.batch = %s pictures, got %s",
                        spec.training().batch(),
                        pictures.count())
                .and(
                        pictures.height() == image.height()
                                && pictures.width() == image.width()
                                && pictures.channels() == image.channels(),
                        "pictures must be %s x %s with %s channels, got %s x %s with %s",
                        image.height(),
                        image.width(),
                        image.channels(),
                        pictures.height(),
                        pictures.width(),
                        pictures.channels())
                .and(
                        !(spec.model() instanceof DcganFamily gan && gan.conditional())
                                || (pictures.isLabelled() && pictures.classes().size() >= 2),
                        "model.conditional needs pictures of at least 2 classes (a folder a class), got %s",
                        pictures.isLabelled() ? pictures.classes().size() : "none")
                .and(
                        pixelVariance > 0,
                        "training pictures must differ: the variance of their pixels must be above 0, got %s",
                        pixelVariance)
                .done();
        return start(spec, spec.model(), pictures, pixelVariance);
    }

    @SuppressWarnings("unchecked") // row() put a factory of F beside each Class<F>
    private static <F extends Family> FamilyTraining start(
            ModelSpec spec, F family, Pictures pictures, double pixelVariance) {
        var factory = (Factory<F>) ROWS.get(family.getClass());
        if (factory == null) {
            throw new IllegalStateException("no row for " + family.getClass());
        }
        return factory.begin(spec, family, pictures, pixelVariance);
    }
}
