package smalti.cli.toy;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.model.ModelSpec;
import smalti.trainer.family.BatchSource;
import smalti.trainer.family.Model;
import smalti.trainer.family.ModelStart;
import smalti.trainer.family.PixelRange;
import smalti.trainer.family.Player;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.Initializer;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.layer.Dense;

/** One dense layer from noise and class to a picture, and the mean square of what it misses. */
final class MeansModel implements Model {
    private static final PixelRange RANGE = new PixelRange(-1, 1);
    private static final int NOISE_STREAM = 100;

    private final MeansFamily family;
    private final ModelSpec spec;
    private final List<String> classes;
    private final BatchSource batches;
    private final CounterRandom random;
    private final Player player;

    MeansModel(MeansFamily family, ModelStart.Given given) {
        this.family = family;
        spec = given.spec();
        classes = given.pictures().classes();
        var training = spec.training();
        batches =
                new BatchSource(given.pictures(), training.batch(), spec.data().flip(), training.seed());
        random = new CounterRandom(training.seed(), NOISE_STREAM);
        var g = GraphBuilder.training(given.parameters(), given.statistics());
        int batch = training.batch();
        var image = spec.image();
        var wanted = g.input("image", DataType.FLOAT, batch, image.channels(), image.height(), image.width());
        var noise = g.input("noise", DataType.FLOAT, batch, family.noise());
        var labels = g.input("labels", DataType.FLOAT, batch, classes.size());
        var loss = g.named("loss", g.meanSquare(picture(g, noise, labels, batch), wanted));
        var trained = g.trainables();
        player = Player.of("", new TrainingGraph(g, loss, trained), trained, training.optimizer())
                .logging(List.of("loss"));
    }

    private SDVariable picture(GraphBuilder g, SDVariable noise, SDVariable labels, int batch) {
        var image = spec.image();
        int given = family.noise() + classes.size();
        int pixels = image.channels() * image.height() * image.width();
        var dense = new Dense("means", given, pixels, Initializer.constant(0));
        var flat = dense.apply(g, g.concat(1, noise, labels)); // [B, C·H·W]
        return g.reshape(flat, batch, image.channels(), image.height(), image.width());
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
        var noise = new float[batch * family.noise()];
        random.normals(step, noise, 0, noise.length);
        return Map.of("image", batches.images(step, RANGE), "noise", noise, "labels", batches.oneHotLabels(step));
    }

    @Override
    public List<String> headlines() {
        return List.of("loss");
    }

    @Override
    public Map<Role, InferenceGraph> inference(Parameters weights, Statistics statistics) {
        var g = GraphBuilder.inference(weights, statistics);
        var noise = g.input("noise", DataType.FLOAT, -1, family.noise());
        var labels = g.oneHot(g.input("class", DataType.INT64, -1), classes.size());
        g.named("image", picture(g, noise, labels, -1));
        var image = spec.image();
        var signature = new Signature(
                List.of(
                        TensorSpec.of("noise", ElementType.FLOAT32, "N " + family.noise()),
                        TensorSpec.of("class", ElementType.INT64, "N")),
                List.of(TensorSpec.of(
                        "image",
                        ElementType.FLOAT32,
                        "N " + image.channels() + " " + image.height() + " " + image.width())));
        return Map.of(Role.GENERATOR, new InferenceGraph(g.graph(), signature));
    }

    @Override
    public List<Contract> contracts(Parameters weights) {
        return List.of(Contract.Noise.ofLength(family.noise()), new Contract.Classes(classes));
    }
}
