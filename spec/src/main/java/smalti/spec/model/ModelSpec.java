package smalti.spec.model;

import smalti.spec.Check;

/** Everything that decides a trained model, except the pictures. A user writes it as {@code model.yaml}. */
public record ModelSpec(
        String name,
        ImageSpec image,
        Family model,
        TrainingSpec training,
        @Default("{}") DataSpec data) {
    /** Of {@code spec.json}. */
    public static final int FORMAT = 2;

    /** Of a run folder. */
    public static final String FILE = "spec.json";

    public ModelSpec {
        var check = Check.that(
                name.matches("[a-z0-9][a-z0-9._-]{0,62}"),
                "name must be lower-case letters, digits, '.', '_' and '-', got \"%s\"",
                name);
        // null stands for a part that is broken itself: the rules between two parts wait for both
        if (model != null && image != null) {
            check.and(() -> model.checkFits(image));
        }
        if (model != null && training != null) {
            check.and(() -> model.checkTraining(training));
        }
        check.done();
    }

    public ModelSpec withTraining(TrainingSpec training) {
        return new ModelSpec(name, image, model, training, data);
    }

    public ModelSpec withData(DataSpec data) {
        return new ModelSpec(name, image, model, training, data);
    }
}
