package smalti.trainer.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.SpecException;
import smalti.spec.bundle.Role;
import smalti.spec.model.Adam;
import smalti.spec.model.AdversarialLoss;
import smalti.spec.model.Family;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.Likelihood;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.Network;
import smalti.spec.model.Optimizer;
import smalti.spec.model.Penalty;
import smalti.spec.model.Quantizer;
import smalti.spec.model.SpecKinds;
import smalti.spec.model.TrainingSpec;
import smalti.trainer.data.Pictures;
import smalti.trainer.graph.HostArrays;
import smalti.trainer.part.Parts;

class FamiliesTest {
    static Stream<ModelSpec> specs() {
        return FamilyGraphs.specs().values().stream();
    }

    @Test
    void everyFamilyHasATrainingAndATest() {
        assertThat(Parts.known(ModelStart.class))
                .hasSameElementsAs(SpecKinds.known(Family.class).values());
        assertThat(FamilyGraphs.families())
                .hasSameElementsAs(SpecKinds.known(Family.class).values());
    }

    /** Everything that a spec may name is part of a model here, so that what holds for all models holds for it. */
    @ParameterizedTest
    @ValueSource(
            classes = {
                Quantizer.class,
                Network.class,
                Likelihood.class,
                AdversarialLoss.class,
                Penalty.class,
                Optimizer.class
            })
    void everyKindOfPartIsInAModelHere(Class<?> part) {
        var used = new java.util.HashSet<Class<?>>();
        specs().forEach(spec -> collect(spec, part, used));
        assertThat(used).containsAll(SpecKinds.known(part).values());
    }

    /** The classes of all records of a kind that a record holds. */
    private static void collect(Object holder, Class<?> part, java.util.Set<Class<?>> into) {
        if (part.isInstance(holder)) {
            into.add(holder.getClass());
        }
        if (holder instanceof List<?> list) {
            list.forEach(each -> collect(each, part, into));
        } else if (holder instanceof Record) {
            for (var component : holder.getClass().getRecordComponents()) {
                try {
                    component.getAccessor().setAccessible(true);
                    collect(component.getAccessor().invoke(holder), part, into);
                } catch (ReflectiveOperationException e) {
                    throw new LinkageError(e.getMessage(), e);
                }
            }
        }
    }

    private record Untrained() implements Family {
        @Override
        public void checkFits(ImageSpec image) {}
    }

    @Test
    void aFamilyThatNothingTrainsIsRefusedWithTheRemedy() {
        var known = FamilyGraphs.spec("dcgan");
        var spec = new ModelSpec("untrained", known.image(), new Untrained(), known.training(), known.data());
        assertThatThrownBy(() -> FamilyGraphs.training(spec))
                .isInstanceOf(SpecException.class)
                .hasMessage("a " + Untrained.class.getName()
                        + " must have a part that makes a smalti.trainer.family.ModelStart of it, and has none; add one"
                        + " by a smalti.trainer.part.TrainerParts named in META-INF/services");
    }

    @ParameterizedTest
    @MethodSource("specs")
    void theSameSeedGivesTheSameNumbersToTheBit(ModelSpec spec) {
        assertThat(figures(spec, 4)).isEqualTo(figures(spec, 4));
    }

    private static List<Map<String, Double>> figures(ModelSpec spec, int steps) {
        var training = FamilyGraphs.training(spec);
        training.begin();
        var figures = new java.util.ArrayList<Map<String, Double>>();
        for (int step = 0; step < steps; step++) {
            figures.add(training.step(step));
        }
        return figures;
    }

    @ParameterizedTest
    @MethodSource("specs")
    void aRestoredTrainingGoesOnWithTheSameNumbersToTheBit(ModelSpec spec) {
        var unbroken = figures(spec, 7);
        var first = FamilyGraphs.training(spec);
        first.begin();
        for (int step = 0; step < 4; step++) {
            first.step(step);
        }
        var second = FamilyGraphs.training(spec);
        second.state().restore(first.state().snapshot());
        for (int step = 4; step < 7; step++) {
            assertThat(second.step(step)).isEqualTo(unbroken.get(step));
        }
    }

    @Test
    void aSnapshotOfAnotherModelIsRefusedWithEveryReason() {
        var gan = FamilyGraphs.training(FamilyGraphs.spec("dcgan"));
        var before = gan.state().snapshot();
        var other = FamilyGraphs.training(FamilyGraphs.spec("dcgan-conditional"))
                .state()
                .snapshot();
        assertThatThrownBy(() -> gan.state().restore(other))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("generator/project must have")
                .hasMessageContaining("holds discriminator/classes, which this model does not have");
        gan.state().snapshot().forEach((name, values) -> assertThat(values).isEqualTo(before.get(name)));
    }

    @Test
    void trainingLowersTheReconstructionError() {
        var spec = FamilyGraphs.spec("vqvae-ema");
        var quick = spec.training();
        var training = FamilyGraphs.training(spec.withTraining(new TrainingSpec(
                150, quick.batch(), new Adam(5e-3, 0.9, 0.999, 1e-8), quick.schedule(), 1, 0, 200, 200, quick.seed())));
        training.begin();
        double first = 0;
        double last = 0;
        for (int step = 0; step < 150; step++) {
            double nmse = nmse(training.step(step));
            first += step < 10 ? nmse / 10 : 0;
            last += step >= 140 ? nmse / 10 : 0;
        }
        assertThat(last).isLessThan(0.8 * first);
    }

    private static double nmse(Map<String, Double> figures) {
        return Objects.requireNonNull(figures.get("nmse"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vae-mlp", "vae-gaussian", "vae-relu"})
    void bothBuildsOfTheVaeAreEqual(String name) {
        var training = FamilyGraphs.training(FamilyGraphs.spec(name));
        training.begin();
        training.step(0);
        var images = images(FamilyGraphs.pictures(), training.pixelRange());
        var graphs = training.inference();
        var graph = training.trainingGraphs().get(0);
        graph.set("image", HostArrays.floats(images));
        var classes = new TreeMap<String, INDArray>();
        if (name.equals("vae-relu")) {
            // a class for each, as a number and one-hot
            classes.put("class", Nd4j.createFromArray(1L, 0L, 7L, 1L));
            var labels = new float[4 * 10];
            labels[1] = 1;
            labels[10] = 1;
            labels[27] = 1;
            labels[31] = 1;
            graph.set("labels", labels);
        }
        var posterior = Objects.requireNonNull(graphs.get(Role.POSTERIOR)).run(with(classes, "image", images));
        var mean = Objects.requireNonNull(posterior.get("mean"));
        graph.set("noise", new float[Math.toIntExact(mean.length())]); // so that latents are the means
        var pass = graph.forward(List.of("decoded", "kl"));
        var decoded = run(graphs, Role.DECODER, with(classes, "latents", mean), "image");
        var expected = pass.floats("decoded");
        for (int i = 0; i < expected.length && name.equals("vae-mlp"); i++) {
            expected[i] = (float) (1 / (1 + Math.exp(-expected[i])));
        }
        assertClose(HostArrays.floats(decoded), expected);
        assertThat(HostArrays.floats(run(graphs, Role.GENERATOR, with(classes, "noise", mean), "image")))
                .isEqualTo(HostArrays.floats(decoded));
        // the divergence by its formula, from what the inference graph gives
        double kl = 0;
        var means = HostArrays.floats(mean);
        var logVariances = HostArrays.floats(Objects.requireNonNull(posterior.get("logVariance")));
        for (int i = 0; i < means.length; i++) {
            kl += 0.5 * (means[i] * means[i] + Math.exp(logVariances[i]) - logVariances[i] - 1) / 4;
        }
        assertThat(pass.scalar("kl")).isCloseTo(kl, within(1e-5 * Math.max(1, kl)));
    }

    private static Map<String, INDArray> with(Map<String, INDArray> classes, String name, INDArray array) {
        var inputs = new TreeMap<>(classes);
        inputs.put(name, array);
        return inputs;
    }

    @Test
    void bothBuildsOfTheVqvaeAreEqual() {
        var spec = FamilyGraphs.spec("vqvae-ema");
        var training = FamilyGraphs.training(spec);
        training.begin();
        training.step(0);
        var pictures = FamilyGraphs.pictures();
        var images = images(pictures, training.pixelRange());
        var graph = training.trainingGraphs().get(0);
        graph.set("image", HostArrays.floats(images));
        var pass = graph.forward(List.of("flatLatents", "codes", "reconstructed"));
        var graphs = training.inference();
        var latents = run(graphs, Role.ENCODER, Map.of("image", images), "latents");
        assertClose(HostArrays.floats(latents.permute(0, 2, 3, 1)), pass.floats("flatLatents"));
        var nearest = Objects.requireNonNull(graphs.get(Role.CODEBOOK)).run(Map.of("latents", latents));
        var codes = Objects.requireNonNull(nearest.get("codes"));
        assertThat(HostArrays.longs(codes)).isEqualTo(pass.longs("codes"));
        var quantized = run(graphs, Role.LOOKUP, Map.of("codes", codes), "quantized");
        assertThat(HostArrays.floats(quantized))
                .isEqualTo(HostArrays.floats(Objects.requireNonNull(nearest.get("quantized"))));
        var decoded = run(graphs, Role.DECODER, Map.of("quantized", quantized), "image");
        assertClose(HostArrays.floats(decoded), pass.floats("reconstructed"));
    }

    private static INDArray run(
            Map<Role, smalti.trainer.graph.InferenceGraph> graphs,
            Role role,
            Map<String, INDArray> inputs,
            String output) {
        var graph = Objects.requireNonNull(graphs.get(role));
        return Objects.requireNonNull(graph.run(inputs).get(output));
    }

    private static INDArray images(Pictures pictures, PixelRange range) {
        int count = 4;
        var into = new float[count * pictures.pictureBytes()];
        pictures.fillNchw(new int[] {0, 1, 2, 3}, range.lo(), range.hi(), into);
        return HostArrays.floats(into, count, pictures.channels(), pictures.height(), pictures.width());
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) Math.abs(actual[i] - expected[i]))
                    .as("element %s", i)
                    .isLessThanOrEqualTo(1e-5 * Math.max(1, Math.abs(expected[i])));
        }
    }

    @Test
    void picturesThatCannotTrainAreRefused() {
        var spec = FamilyGraphs.spec("dcgan-conditional");
        var few = Pictures.of(8, 8, 3, new byte[2 * 8 * 8 * 3]);
        assertThatThrownBy(() -> ModelTraining.of(spec, few, few.variance()))
                .isInstanceOf(SpecException.class)
                .satisfies(e -> assertThat(((SpecException) e).problems()).hasSize(4));
    }
}
