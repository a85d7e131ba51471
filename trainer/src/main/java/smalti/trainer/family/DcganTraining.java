package smalti.trainer.family;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.Check;
import smalti.spec.Contract;
import smalti.spec.CounterRandom;
import smalti.spec.DcganFamily;
import smalti.spec.ElementType;
import smalti.spec.ImageSpec;
import smalti.spec.ModelSpec;
import smalti.spec.NonSaturatingLoss;
import smalti.spec.Role;
import smalti.spec.Signature;
import smalti.spec.TensorSpec;
import smalti.trainer.data.Pictures;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.optimizer.AdamOptimizer;
import smalti.trainer.optimizer.WeightsEma;

/**
 * Trains a DCGAN: two graphs over shared arrays, each with its own optimiser.
 *
 * <p>Source: Goodfellow et al. 2014, arXiv:1406.2661, with the non-saturating generator loss of its section 3; on
 * logits ℓ, as softplus(x) = ln(1 + eˣ) is stable where ln σ(x) is not:
 *
 * <pre>
 *   discriminator: softplus(−ℓ(real)) + softplus(ℓ(fake))          generator: softplus(−ℓ(fake))
 * </pre>
 */
final class DcganTraining implements FamilyTraining {
    private static final PixelRange RANGE = new PixelRange(-1, 1);
    private static final int NOISE_STREAM = 6;
    /** Of each step's three uses of noise and classes. */
    private static final int FOR_DISCRIMINATOR = 0;

    private static final int FOR_GENERATOR = 1;
    /** Batches over which the averaged generator's own statistics are taken. */
    private static final int STATISTICS_BATCHES = 32;

    private final ModelSpec spec;
    private final DcganFamily family;
    private final List<String> classes;
    private final DcganLayers layers;
    private final BatchSource batches;
    private final int batch;
    private final CounterRandom random;
    private final Parameters parameters;
    private final TrainingGraph generator;
    private final TrainingGraph discriminator;
    private final AdamOptimizer generatorOptimizer;
    private final AdamOptimizer discriminatorOptimizer;
    private final RunningStatistics running;
    private final WeightsEma ema;

    DcganTraining(ModelSpec spec, DcganFamily family, Pictures pictures) {
        Check.that(
                        family.loss() instanceof NonSaturatingLoss,
                        "model.loss.kind must be non-saturating, the only one that is trained with so far, got %s",
                        family.loss().getClass().getSimpleName())
                .and(
                        family.penalties().isEmpty(),
                        "model.penalties must be empty, as none is trained with so far, got %s",
                        family.penalties())
                .done();
        this.spec = spec;
        this.family = family;
        classes = family.conditional() ? pictures.classes() : List.of();
        var training = spec.training();
        batch = training.batch();
        layers = new DcganLayers(
                family, spec.image(), family.conditional() ? pictures.classes().size() : 0);
        batches = new BatchSource(pictures, batch, spec.data().flip(), training.seed());
        random = new CounterRandom(training.seed(), NOISE_STREAM);
        parameters = new Parameters(training.seed());
        running = new RunningStatistics(layers.generatorNormalizations());
        generator = generatorGraph(parameters);
        discriminator = discriminatorGraph();
        var names = List.copyOf(parameters.names());
        var generatorNames = owned(names, "generator/");
        generatorOptimizer = AdamOptimizer.of(training.optimizer(), "training.optimizer", parameters, generatorNames);
        discriminatorOptimizer = AdamOptimizer.of(
                family.discriminatorOptimizer(),
                "model.discriminatorOptimizer",
                parameters,
                owned(names, "discriminator/"));
        ema = new WeightsEma(training.weightsEma(), parameters, generatorNames);
    }

    private static List<String> owned(List<String> names, String prefix) {
        return names.stream().filter(name -> name.startsWith(prefix)).toList();
    }

    /** Noise to the generator's loss; the discriminator's weights stand still. */
    private TrainingGraph generatorGraph(Parameters weights) {
        var g = GraphBuilder.training(weights);
        var noise = g.input("noise", DataType.FLOAT, batch, family.noise());
        var labels = labels(g);
        var fake = g.named("fake", layers.generator(g, noise, labels, batch, (builder, name, x, channels) -> {
            var normalized = builder.batchNorm(name, x, channels, 0);
            builder.named(name + "/mean", normalized.mean());
            builder.named(name + "/variance", normalized.variance());
            return normalized.output();
        }));
        var logits = layers.discriminator(g, fake, labels, batch);
        var loss = g.named("generatorLoss", g.mean(g.softplus(g.negate(logits))));
        return new TrainingGraph(g, loss, owned(g.trainables(), "generator/"));
    }

    /** Real and made pictures to the discriminator's loss; each kind is normalised by itself. */
    private TrainingGraph discriminatorGraph() {
        var g = GraphBuilder.training(parameters);
        var image = spec.image();
        long[] shape = {batch, image.channels(), image.height(), image.width()};
        var real = g.input("real", DataType.FLOAT, shape);
        var fake = g.input("fake", DataType.FLOAT, shape);
        var realLabels = labels(g);
        var fakeLabels = layers.classes() == 0 ? null : g.input("fakeLabels", DataType.FLOAT, batch, layers.classes());
        var realLogits = layers.discriminator(g, real, realLabels, batch);
        var fakeLogits = layers.discriminator(g, fake, fakeLabels, batch);
        g.named("realLogit", g.mean(realLogits));
        g.named("fakeLogit", g.mean(fakeLogits));
        var loss = g.named(
                "discriminatorLoss", g.add(g.mean(g.softplus(g.negate(realLogits))), g.mean(g.softplus(fakeLogits))));
        return new TrainingGraph(g, loss, owned(g.trainables(), "discriminator/"));
    }

    private @Nullable SDVariable labels(GraphBuilder g) {
        return layers.classes() == 0 ? null : g.input("labels", DataType.FLOAT, batch, layers.classes());
    }

    @Override
    public PixelRange pixelRange() {
        return RANGE;
    }

    @Override
    public void begin() {
        // nothing depends on the data before the first step
    }

    /** Noise, and random classes where conditional, for one use in one step. */
    private record Drawn(float[] noise, float[] labels) {}

    private Drawn draw(long step, int use) {
        long first = (2 * step + use) * (batch + 1L);
        var noise = new float[batch * family.noise()];
        for (int i = 0; i < batch; i++) {
            random.normals(first + i, noise, i * family.noise(), family.noise());
        }
        var labels = new float[batch * layers.classes()];
        for (int i = 0; i < batch && layers.classes() > 0; i++) {
            int drawn = (int) (random.uniform(first + batch, i) * layers.classes());
            labels[i * layers.classes() + drawn] = 1;
        }
        return new Drawn(noise, labels);
    }

    private void give(TrainingGraph graph, Drawn drawn) {
        graph.set("noise", drawn.noise());
        if (layers.classes() > 0) {
            graph.set("labels", drawn.labels());
        }
    }

    @Override
    public Map<String, Double> step(int step) {
        var figures = new LinkedHashMap<String, Double>();
        double factor = spec.training().schedule().factor(step, spec.training().steps());
        followDiscriminator(step, factor, figures);
        followGenerator(step, factor, figures);
        ema.update(step);
        return figures;
    }

    private void followDiscriminator(int step, double factor, Map<String, Double> figures) {
        var drawn = draw(step, FOR_DISCRIMINATOR);
        give(generator, drawn);
        discriminator.set("fake", generator.forward(List.of("fake")).floats("fake"));
        discriminator.set("real", batches.images(step, RANGE));
        if (layers.classes() > 0) {
            discriminator.set("labels", batches.oneHotLabels(step));
            discriminator.set("fakeLabels", drawn.labels());
        }
        var outputs = List.of("discriminatorLoss", "realLogit", "fakeLogit");
        var pass = discriminator.run(outputs);
        outputs.forEach(name -> figures.put(name, pass.scalar(name)));
        double norm = discriminatorOptimizer.step(
                pass::gradient, step, factor, spec.training().clipNorm());
        figures.put("discriminatorGradientNorm", norm);
    }

    private void followGenerator(int step, double factor, Map<String, Double> figures) {
        give(generator, draw(step, FOR_GENERATOR));
        var pass = generator.run(statisticsAnd("generatorLoss"));
        figures.put("generatorLoss", pass.scalar("generatorLoss"));
        double norm = generatorOptimizer.step(
                pass::gradient, step, factor, spec.training().clipNorm());
        figures.put("generatorGradientNorm", norm);
        follow(running, pass, family.batchNormMomentum());
    }

    private List<String> statisticsAnd(String output) {
        var outputs = new ArrayList<String>();
        outputs.add(output);
        layers.generatorNormalizations().forEach(normalized -> {
            outputs.add(normalized.name() + "/mean");
            outputs.add(normalized.name() + "/variance");
        });
        return outputs;
    }

    private void follow(RunningStatistics statistics, TrainingGraph.Pass pass, double keep) {
        for (var normalized : layers.generatorNormalizations()) {
            var name = normalized.name();
            statistics.update(name, pass.floats(name + "/mean"), pass.floats(name + "/variance"), keep);
        }
    }

    @Override
    public List<TrainingGraph> trainingGraphs() {
        return List.of(generator, discriminator);
    }

    @Override
    public TrainingState state() {
        return new TrainingState()
                .with(parameters)
                .with("", generatorOptimizer.state())
                .with("", discriminatorOptimizer.state())
                .with("", running.state())
                .with("", ema.state());
    }

    Parameters exportedWeights() {
        return ema.weights();
    }

    RunningStatistics exportedStatistics() {
        return statistics(exportedWeights());
    }

    /**
     * The statistics that belong to averaged weights: those of the last weights do not fit them.
     *
     * <p>Source: Wu and Johnson 2021, arXiv:2105.07576, section 3 ("precise" statistics).
     */
    private RunningStatistics statistics(Parameters weights) {
        if (!ema.isOn()) {
            return running;
        }
        var precise = new PreciseStatistics();
        var averaged = generatorGraph(weights);
        for (int i = 0; i < STATISTICS_BATCHES; i++) {
            // from −1 downwards: no step has used these
            give(averaged, draw(-1L - i, FOR_GENERATOR));
            var pass = averaged.forward(statisticsAnd("fake"));
            for (var normalized : layers.generatorNormalizations()) {
                var name = normalized.name();
                precise.add(name, pass.floats(name + "/mean"), pass.floats(name + "/variance"));
            }
        }
        var statistics = new RunningStatistics(layers.generatorNormalizations());
        for (var normalized : layers.generatorNormalizations()) {
            var name = normalized.name();
            statistics.update(name, precise.mean(name), precise.variance(name), 0);
        }
        return statistics;
    }

    @Override
    public Map<Role, InferenceGraph> inference() {
        var weights = exportedWeights();
        var statistics = statistics(weights);
        ImageSpec image = spec.image();
        var g = GraphBuilder.inference(weights);
        var inputs = new ArrayList<TensorSpec>();
        inputs.add(TensorSpec.of("noise", ElementType.FLOAT32, "N " + family.noise()));
        var noise = g.input("noise", DataType.FLOAT, -1, family.noise());
        SDVariable labels = null;
        if (layers.classes() > 0) {
            inputs.add(TensorSpec.of("class", ElementType.INT64, "N"));
            labels = g.oneHot(g.input("class", DataType.INT64, -1), layers.classes());
        }
        g.named(
                "image",
                layers.generator(
                        g,
                        noise,
                        labels,
                        -1,
                        (builder, name, x, channels) -> builder.relu(builder.frozenBatchNorm(
                                name, x, channels, statistics.mean(name), statistics.variance(name)))));
        var output = TensorSpec.of(
                "image", ElementType.FLOAT32, "N " + image.channels() + " " + image.height() + " " + image.width());
        var graphs = new EnumMap<Role, InferenceGraph>(Role.class);
        graphs.put(Role.GENERATOR, new InferenceGraph(g.graph(), new Signature(inputs, List.of(output))));
        return graphs;
    }

    @Override
    public List<Contract> contracts() {
        var noise = Contract.Noise.ofLength(family.noise());
        return classes.isEmpty() ? List.of(noise) : List.of(noise, new Contract.Classes(classes));
    }
}
