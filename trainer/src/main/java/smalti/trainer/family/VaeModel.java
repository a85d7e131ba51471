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
import smalti.spec.model.ModelSpec;
import smalti.spec.model.VaeFamily;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.Initializer;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.layer.Dense;
import smalti.trainer.loss.KlDivergence;
import smalti.trainer.loss.PixelLikelihood;
import smalti.trainer.network.Autoencoder;
import smalti.trainer.network.FirstPicture;
import smalti.trainer.part.Parts;

/**
 * A VAE.
 *
 * <p>Source: Kingma and Welling 2014, arXiv:1312.6114, equation 10, with one draw of ε for each picture and step;
 * conditional form: Sohn et al. 2015, equation 4.
 *
 * <pre>
 *   z = μ + σ·ε          loss = −ln p(x|z) + β·w·KL(q(z|x) ‖ N(0, 1))
 * </pre>
 */
final class VaeModel implements Model {
    private static final PixelRange RANGE = new PixelRange(0, 1);
    private static final int PIXELS_STREAM = 8;
    private static final int LATENTS_STREAM = 9;
    private static final String ENCODER = "encoder";
    private static final String NEGATIVE_ELBO = "negativeElbo";
    private static final String DECODER = "decoder";

    private final ModelSpec spec;
    private final VaeFamily family;
    private final List<String> classes;
    private final BatchSource batches;
    private final CounterRandom pixelsRandom;
    private final CounterRandom latentsRandom;
    private final Autoencoder network;
    private final PixelLikelihood likelihood;
    private final Player player;

    VaeModel(VaeFamily family, ModelStart.Given given) {
        this.family = family;
        spec = given.spec();
        var training = spec.training();
        classes = family.conditional() ? given.pictures().classes() : List.of();
        batches =
                new BatchSource(given.pictures(), training.batch(), spec.data().flip(), training.seed());
        pixelsRandom = new CounterRandom(training.seed(), PIXELS_STREAM);
        latentsRandom = new CounterRandom(training.seed(), LATENTS_STREAM);
        likelihood = Parts.of(family.likelihood(), PixelLikelihood.class);
        network = Parts.of(family.network(), Autoencoder.Start.class)
                .begin(
                        spec.image(),
                        classes.size(),
                        family.latentDim(),
                        new FirstPicture(given.pictures().meanNchw(RANGE.lo(), RANGE.hi()), likelihood::decodedOf));
        var g = GraphBuilder.training(given.parameters(), given.statistics());
        var loss = loss(g);
        var trained = g.trainables();
        player = Player.of("", new TrainingGraph(g, loss, trained), trained, training.optimizer())
                .averaging()
                .logging(List.of("loss", "reconstruction", "kl"));
    }

    private SDVariable loss(GraphBuilder g) {
        var image = spec.image();
        int batch = spec.training().batch();
        var target = g.input("image", DataType.FLOAT, batch, image.channels(), image.height(), image.width());
        var noise = g.input("noise", DataType.FLOAT, batch, family.latentDim());
        var klWeight = g.input("klWeight", DataType.FLOAT, 1);
        var labels = classes.isEmpty() ? null : g.input("labels", DataType.FLOAT, batch, classes.size());
        var posterior = posterior(g, target, labels, batch);
        var latents =
                g.add(posterior.mean(), g.multiply(g.exp(g.scale(posterior.logVariance(), 0.5)), noise)); // [B, D]
        var decoded = g.named("decoded", decoded(g, latents, labels, batch));
        int pixels = image.channels() * image.height() * image.width();
        var reconstruction = g.named("reconstruction", likelihood.negativeLogLikelihood(g, decoded, target, pixels));
        var divergence = KlDivergence.of(g, posterior.mean(), posterior.logVariance());
        var total = g.named("kl", divergence.total(g));
        var counted = family.kl().freeBits() == 0
                ? total
                : divergence.aboveFreeBits(g, family.kl().freeBits());
        return g.named("loss", g.add(reconstruction, g.multiply(counted, g.sum(klWeight))));
    }

    /** q(z|x), each [B, D]. */
    private record Posterior(SDVariable mean, SDVariable logVariance) {}

    private Posterior posterior(GraphBuilder g, SDVariable image, @Nullable SDVariable labels, int batch) {
        var features = g.within(ENCODER, () -> network.encode(g, image, labels, batch));
        return new Posterior(
                head("mean").within(ENCODER).apply(g, features),
                head("logVariance").within(ENCODER).apply(g, features));
    }

    private Dense head(String name) {
        int in = network.features();
        return new Dense(name, in, family.latentDim(), Initializer.truncatedNormal(in));
    }

    private SDVariable decoded(GraphBuilder g, SDVariable latents, @Nullable SDVariable labels, int batch) {
        return g.within(DECODER, () -> network.decode(g, latents, labels, batch));
    }

    @Override
    public PixelRange pixelRange() {
        return RANGE;
    }

    @Override
    public List<Player> players() {
        return List.of(player);
    }

    @Override
    public Map<String, float[]> inputs(Player moving, int step) {
        int batch = spec.training().batch();
        var noise = new float[batch * family.latentDim()];
        latentsRandom.normals(step, noise, 0, noise.length);
        var inputs = new LinkedHashMap<String, float[]>();
        inputs.put("image", likelihood.targets(batches.images(step, RANGE), pixelsRandom, step));
        inputs.put("noise", noise);
        double weight = family.kl().weight() * KlDivergence.warmup(family.kl(), step);
        inputs.put("klWeight", new float[] {(float) weight});
        if (!classes.isEmpty()) {
            inputs.put("labels", batches.oneHotLabels(step));
        }
        return inputs;
    }

    /** The evidence lower bound, whatever the weight of the divergence. */
    @Override
    public Map<String, Double> moved(Player moved, TrainingGraph.Pass pass, int step) {
        return Map.of(NEGATIVE_ELBO, pass.scalar("reconstruction") + pass.scalar("kl"));
    }

    @Override
    public List<String> headlines() {
        return List.of(NEGATIVE_ELBO, "reconstruction", "kl");
    }

    @Override
    public Map<Role, InferenceGraph> inference(Parameters weights, Statistics statistics) {
        var graphs = new EnumMap<Role, InferenceGraph>(Role.class);
        graphs.put(Role.POSTERIOR, posteriorGraph(weights, statistics));
        graphs.put(Role.DECODER, decoderGraph(weights, statistics, "latents"));
        graphs.put(Role.GENERATOR, decoderGraph(weights, statistics, "noise"));
        return graphs;
    }

    private InferenceGraph posteriorGraph(Parameters weights, Statistics statistics) {
        var g = GraphBuilder.inference(weights, statistics);
        var image = spec.image();
        var input = g.input("image", DataType.FLOAT, -1, image.channels(), image.height(), image.width());
        var inputs = new ArrayList<>(List.of(imageSpec()));
        var posterior = posterior(g, input, ClassInput.of(g, classes, inputs), -1);
        g.named("mean", posterior.mean());
        g.named("logVariance", posterior.logVariance());
        var outputs = List.of(latentsSpec("mean"), latentsSpec("logVariance"));
        return new InferenceGraph(g.graph(), new Signature(inputs, outputs));
    }

    private InferenceGraph decoderGraph(Parameters weights, Statistics statistics, String latents) {
        var g = GraphBuilder.inference(weights, statistics);
        var input = g.input(latents, DataType.FLOAT, -1, family.latentDim());
        var inputs = new ArrayList<>(List.of(latentsSpec(latents)));
        g.named("image", likelihood.image(g, decoded(g, input, ClassInput.of(g, classes, inputs), -1)));
        return new InferenceGraph(g.graph(), new Signature(inputs, List.of(imageSpec())));
    }

    private TensorSpec latentsSpec(String name) {
        return TensorSpec.of(name, ElementType.FLOAT32, "N " + family.latentDim());
    }

    private TensorSpec imageSpec() {
        var image = spec.image();
        return TensorSpec.of(
                "image", ElementType.FLOAT32, "N " + image.channels() + " " + image.height() + " " + image.width());
    }

    @Override
    public List<Contract> contracts(Parameters weights) {
        var contracts = new ArrayList<Contract>();
        contracts.add(likelihood.contract(family.latentDim(), weights));
        contracts.add(Contract.Noise.ofLength(family.latentDim()));
        if (!classes.isEmpty()) {
            contracts.add(new Contract.Classes(classes));
        }
        return contracts;
    }
}
