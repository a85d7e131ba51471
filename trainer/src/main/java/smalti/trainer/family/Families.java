package smalti.trainer.family;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import smalti.spec.DcganFamily;
import smalti.spec.Family;
import smalti.spec.ModelSpec;
import smalti.spec.SpecException;
import smalti.spec.VqvaeFamily;
import smalti.trainer.data.Pictures;

/** Which class trains which family: Smalti's, and those that other jars add. */
public final class Families {
    private static final Map<Class<? extends Family>, FamilyTrainer<?>> TRAINERS = new LinkedHashMap<>();

    static {
        add(trainer(VqvaeFamily.class, VqvaeTraining::new));
        add(trainer(
                DcganFamily.class, (spec, family, pictures, variance) -> new DcganTraining(spec, family, pictures)));
        ServiceLoader.load(FamilyTrainer.class).forEach(Families::add);
    }

    private Families() {}

    @FunctionalInterface
    private interface Beginning<F extends Family> {
        FamilyTraining begin(ModelSpec spec, F family, Pictures pictures, double pixelVariance);
    }

    private static <F extends Family> FamilyTrainer<F> trainer(Class<F> family, Beginning<F> beginning) {
        return new FamilyTrainer<>() {
            @Override
            public Class<F> family() {
                return family;
            }

            @Override
            public FamilyTraining begin(ModelSpec spec, F model, Pictures pictures, double pixelVariance) {
                return beginning.begin(spec, model, pictures, pixelVariance);
            }
        };
    }

    private static void add(FamilyTrainer<?> trainer) {
        TRAINERS.putIfAbsent(trainer.family(), trainer);
    }

    /** The families that can be trained. */
    public static Set<Class<? extends Family>> trainable() {
        return Set.copyOf(TRAINERS.keySet());
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
                        !spec.model().conditional()
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

    @SuppressWarnings("unchecked") // add() put a trainer of F beside each Class<F>
    private static <F extends Family> FamilyTraining start(
            ModelSpec spec, F family, Pictures pictures, double pixelVariance) {
        var trainer = (FamilyTrainer<F>) TRAINERS.get(family.getClass());
        if (trainer == null) {
            throw new SpecException("model must be of a kind that a " + FamilyTrainer.class.getName() + " trains, got "
                    + family.getClass().getName() + "; name one in META-INF/services");
        }
        return trainer.begin(spec, family, pictures, pixelVariance);
    }
}
