package smalti.trainer.family;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.ModelSpec;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.loss.AdversarialTerms;
import smalti.trainer.loss.DiscriminatorPenalty;
import smalti.trainer.loss.Term;
import smalti.trainer.part.Parts;

/**
 * A DCGAN: two players over shared arrays, the discriminator before the generator, each with its own optimizer.
 *
 * <p>Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1, with the losses of the spec.
 */
final class DcganModel implements Model {
    private static final PixelRange RANGE = new PixelRange(-1, 1);
    private static final int NOISE_STREAM = 6;
    private static final int PENALTY_STREAM = 7;
    /** Of each step's two uses of noise and classes. */
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
    private final CounterRandom penaltyRandom;
    private final AdversarialTerms adversarial;
    private final List<DiscriminatorPenalty> penalties;
    private final Player generator;
    private final Player discriminator;

    DcganModel(DcganFamily family, ModelStart.Given given) {
        this.family = family;
        spec = given.spec();
        classes = family.conditional() ? given.pictures().classes() : List.of();
        var training = spec.training();
        batch = training.batch();
        layers = new DcganLayers(family, spec.image(), classes.size());
        batches = new BatchSource(given.pictures(), batch, spec.data().flip(), training.seed());
        random = new CounterRandom(training.seed(), NOISE_STREAM);
        penaltyRandom = new CounterRandom(training.seed(), PENALTY_STREAM);
        adversarial = Parts.of(family.loss(), AdversarialTerms.class);
        penalties = family.penalties().stream()
                .map(penalty -> Parts.of(penalty, DiscriminatorPenalty.class))
                .toList();
        generator = generator(given);
        discriminator = discriminator(given);
    }

    /** Noise to the generator's loss; the discriminator's weights stand still. */
    private Player generator(ModelStart.Given given) {
        var graph = generatorGraph(given.parameters(), given.statistics());
        return Player.of(
                        DcganLayers.GENERATOR,
                        graph,
                        graph.trained(),
                        spec.training().optimizer())
                .averaging()
                .logging(List.of("generatorLoss"));
    }

    private TrainingGraph generatorGraph(Parameters weights, Statistics statistics) {
        var g = GraphBuilder.training(weights, statistics);
        var noise = g.input("noise", DataType.FLOAT, batch, family.noise());
        var labels = labels(g, "labels");
        var fake = g.named("fake", layers.generator(g, noise, labels, batch));
        var logits = layers.discriminator(g, fake, labels, batch);
        var loss = g.named("generatorLoss", adversarial.generator(g, logits));
        return new TrainingGraph(g, loss, g.trainables(DcganLayers.GENERATOR));
    }

    /** Real and made pictures to the discriminator's loss; each kind is normalised by itself. */
    private Player discriminator(ModelStart.Given given) {
        var g = GraphBuilder.training(given.parameters(), given.statistics());
        var image = spec.image();
        long[] shape = {batch, image.channels(), image.height(), image.width()};
        var real = g.input("real", DataType.FLOAT, shape);
        var fake = g.input("fake", DataType.FLOAT, shape);
        var realLabels = labels(g, "labels");
        var fakeLabels = labels(g, "fakeLabels");
        var realLogits = layers.discriminator(g, real, realLabels, batch);
        var fakeLogits = layers.discriminator(g, fake, fakeLabels, batch);
        g.named("realLogit", g.mean(realLogits));
        g.named("fakeLogit", g.mean(fakeLogits));
        var figures = new ArrayList<>(List.of("discriminatorLoss", "realLogit", "fakeLogit"));
        var terms = new ArrayList<Term>();
        terms.add(new Term("adversarialLoss", adversarial.discriminator(g, realLogits, fakeLogits), 1));
        for (var penalty : penalties) {
            var term = penalty.term(g, real, realLogits, moved -> layers.discriminator(g, moved, realLabels, batch));
            terms.add(term);
            figures.add(term.name());
        }
        var loss = Term.sum(g, "discriminatorLoss", terms);
        var graph = new TrainingGraph(g, loss, g.trainables(DcganLayers.DISCRIMINATOR));
        return Player.of(DcganLayers.DISCRIMINATOR, graph, graph.trained(), family.discriminatorOptimizer())
                .logging(figures);
    }

    private @Nullable SDVariable labels(GraphBuilder g, String name) {
        return classes.isEmpty() ? null : g.input(name, DataType.FLOAT, batch, classes.size());
    }

    @Override
    public PixelRange pixelRange() {
        return RANGE;
    }

    @Override
    public List<Player> players() {
        return List.of(discriminator, generator);
    }

    /** Noise, and random classes where conditional, for one use in one step. */
    private record Drawn(float[] noise, float[] labels) {}

    private Drawn draw(long step, int use) {
        long first = (2 * step + use) * (batch + 1L);
        var noise = random.normals(first, batch, family.noise());
        var labels = new float[batch * classes.size()];
        for (int i = 0; i < batch && !classes.isEmpty(); i++) {
            int drawn = (int) (random.uniform(first + batch, i) * classes.size());
            labels[i * classes.size() + drawn] = 1;
        }
        return new Drawn(noise, labels);
    }

    private Map<String, float[]> inputs(Drawn drawn) {
        var inputs = new LinkedHashMap<String, float[]>();
        inputs.put("noise", drawn.noise());
        if (!classes.isEmpty()) {
            inputs.put("labels", drawn.labels());
        }
        return inputs;
    }

    @Override
    public Map<String, float[]> inputs(Player player, int step) {
        if (player.name().equals(DcganLayers.GENERATOR)) {
            return inputs(draw(step, FOR_GENERATOR));
        }
        var drawn = draw(step, FOR_DISCRIMINATOR);
        inputs(drawn).forEach(generator.graph()::set);
        var inputs = new LinkedHashMap<String, float[]>();
        inputs.put("fake", generator.graph().forward(List.of("fake")).floats("fake"));
        var real = batches.images(step, RANGE);
        inputs.put("real", real);
        if (!classes.isEmpty()) {
            inputs.put("labels", batches.oneHotLabels(step));
            inputs.put("fakeLabels", drawn.labels());
        }
        penalties.forEach(penalty -> inputs.putAll(penalty.inputs(penaltyRandom, step, real.length)));
        return inputs;
    }

    @Override
    public List<String> headlines() {
        return List.of("discriminatorLoss", "generatorLoss");
    }

    /** Source: Wu and Johnson 2021, arXiv:2105.07576, section 3. */
    @Override
    public Statistics statistics(Parameters averaged) {
        var graph = generatorGraph(averaged, new Statistics());
        return graph.preciseStatistics(
                STATISTICS_BATCHES,
                // from −1 downwards: no step has used these
                i -> inputs(draw(-1L - i, FOR_GENERATOR)).forEach(graph::set),
                "fake");
    }

    @Override
    public Map<Role, InferenceGraph> inference(Parameters weights, Statistics statistics) {
        var image = spec.image();
        var g = GraphBuilder.inference(weights, statistics);
        var inputs = new ArrayList<TensorSpec>();
        inputs.add(TensorSpec.of("noise", ElementType.FLOAT32, "N " + family.noise()));
        var noise = g.input("noise", DataType.FLOAT, -1, family.noise());
        var labels = ClassInput.of(g, classes, inputs);
        g.named("image", layers.generator(g, noise, labels, -1));
        var output = TensorSpec.of(
                "image", ElementType.FLOAT32, "N " + image.channels() + " " + image.height() + " " + image.width());
        var graphs = new EnumMap<Role, InferenceGraph>(Role.class);
        graphs.put(Role.GENERATOR, new InferenceGraph(g.graph(), new Signature(inputs, List.of(output))));
        return graphs;
    }

    @Override
    public List<Contract> contracts(Parameters weights) {
        var noise = Contract.Noise.ofLength(family.noise());
        return classes.isEmpty() ? List.of(noise) : List.of(noise, new Contract.Classes(classes));
    }
}
