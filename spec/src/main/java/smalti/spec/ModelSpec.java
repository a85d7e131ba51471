package smalti.spec;

/** Everything that decides a trained model, but for the pictures. A user writes it as {@code model.yaml}. */
public record ModelSpec(String name, ImageSpec image, Family model, TrainingSpec training, DataSpec data) {
    public ModelSpec {
        Check.that(
                        name.matches("[a-z0-9][a-z0-9._-]{0,62}"),
                        "name must be lower-case letters, digits, '.', '_' and '-', got \"%s\"",
                        name)
                .and(() -> model.checkFits(image))
                .and(
                        training.weightsEma() == 0 || !(model instanceof VqvaeFamily),
                        "training.weightsEma must be 0 for a vqvae, whose codebook belongs to its last weights, got %s",
                        training.weightsEma())
                .done();
    }

    public ModelSpec withTraining(TrainingSpec training) {
        return new ModelSpec(name, image, model, training, data);
    }

    public ModelSpec withData(DataSpec data) {
        return new ModelSpec(name, image, model, training, data);
    }
}
