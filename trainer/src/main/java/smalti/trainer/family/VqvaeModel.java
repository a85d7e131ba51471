package smalti.trainer.family;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.VqvaeFamily;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.loss.Term;
import smalti.trainer.part.Parts;
import smalti.trainer.quantizer.Quantization;
import smalti.trainer.quantizer.QuantizationStart;

/**
 * A VQ-VAE.
 *
 * <p>Source: van den Oord et al. 2017, arXiv:1711.00937, equation 3. The reconstruction term is the mean squared error
 * divided by the variance of the training pixels (NMSE), as in DeepMind's Sonnet example:
 *
 * <pre>  loss = ‖x̂ − x‖²/σ² + β‖z − sg(e)‖² (+ ‖sg(z) − e‖²)  </pre>
 */
final class VqvaeModel implements Model {
    private static final PixelRange RANGE = new PixelRange(-0.5, 0.5);
    private static final String LATENTS = "latents";
    /** Batches whose latents a codebook starts from at most. */
    private static final int START_BATCHES = 16;

    private final ModelSpec spec;
    private final VqvaeFamily family;
    private final VqvaeLayers layers;
    private final BatchSource batches;
    private final Quantization quantization;
    private final Player player;

    VqvaeModel(VqvaeFamily family, ModelStart.Given given) {
        this.family = family;
        spec = given.spec();
        var training = spec.training();
        layers = new VqvaeLayers(family, spec.image().channels());
        batches =
                new BatchSource(given.pictures(), training.batch(), spec.data().flip(), training.seed());
        quantization = Parts.of(family.quantizer(), QuantizationStart.class).begin(given.parameters(), training.seed());
        var g = GraphBuilder.training(given.parameters(), given.statistics());
        var terms = terms(g, given.pixelVariance());
        var loss = Term.sum(g, "loss", terms);
        var trained = g.trainables().stream()
                .filter(name -> !quantization.standing().contains(name))
                .toList();
        var figures = new ArrayList<String>();
        figures.add("loss");
        terms.forEach(term -> figures.add(term.name()));
        player = Player.of("", new TrainingGraph(g, loss, trained), trained, training.optimizer())
                .logging(figures)
                .watching(quantization.followed());
    }

    private List<Term> terms(GraphBuilder g, double pixelVariance) {
        var size = spec.image();
        int batch = spec.training().batch();
        var image = g.input("image", DataType.FLOAT, batch, size.channels(), size.height(), size.width());
        var latents = g.named(LATENTS, layers.encoder().apply(g, image)); // [B, D, h, w]
        var quantized =
                quantization.train(g, latents, batch, size.height() / family.factor(), size.width() / family.factor());
        var reconstructed = g.named("reconstructed", layers.decoder().apply(g, quantized.passed()));
        var terms = new ArrayList<Term>();
        terms.add(new Term("nmse", g.scale(g.meanSquare(reconstructed, image), 1 / pixelVariance), 1));
        terms.add(new Term("commitment", quantized.commitment(), family.commitment()));
        terms.addAll(quantized.terms());
        return terms;
    }

    @Override
    public PixelRange pixelRange() {
        return RANGE;
    }

    @Override
    public List<Player> players() {
        return List.of(player);
    }

    /** Shows the quantizer some latents to start from, where it wants to. */
    @Override
    public void begin() {
        int dim = family.quantizer().codeDim();
        long wanted = (long) quantization.startLatents() * dim;
        var seen = new ArrayList<float[]>();
        int values = 0;
        for (int step = 0; step < START_BATCHES && values < wanted; step++) {
            inputs(player, step).forEach(player.graph()::set);
            var latents =
                    player.graph().forward(List.of(Quantization.FLAT_LATENTS)).floats(Quantization.FLAT_LATENTS);
            seen.add(latents);
            values += latents.length;
        }
        if (seen.isEmpty()) {
            return;
        }
        var all = new float[values];
        int at = 0;
        for (var latents : seen) {
            System.arraycopy(latents, 0, all, at, latents.length);
            at += latents.length;
        }
        quantization.startFrom(all, seen.size());
    }

    @Override
    public Map<String, float[]> inputs(Player moving, int step) {
        return Map.of("image", batches.images(step, RANGE));
    }

    @Override
    public Map<String, Double> moved(Player moved, TrainingGraph.Pass pass, int step) {
        return quantization.follow(pass, step, batches.epochSteps());
    }

    @Override
    public Map<String, float[]> state() {
        return quantization.state();
    }

    @Override
    public List<String> headlines() {
        return List.of("nmse", "perplexity", "usage");
    }

    @Override
    public Map<Role, InferenceGraph> inference(Parameters weights, Statistics statistics) {
        int dim = family.quantizer().codeDim();
        int channels = spec.image().channels();
        var latents = TensorSpec.of(LATENTS, ElementType.FLOAT32, "N " + dim + " h w");
        var codes = TensorSpec.of("codes", ElementType.INT64, "N h w");
        var quantized = TensorSpec.of("quantized", ElementType.FLOAT32, "N " + dim + " h w");
        var side = List.of(
                Dimension.free("N"),
                Dimension.of(channels),
                new Dimension(family.factor(), "h"),
                new Dimension(family.factor(), "w"));
        var image = new TensorSpec("image", ElementType.FLOAT32, side);

        var graphs = new EnumMap<Role, InferenceGraph>(Role.class);
        var encoder = GraphBuilder.inference(weights, statistics);
        encoder.named(
                LATENTS, layers.encoder().apply(encoder, encoder.input("image", DataType.FLOAT, -1, channels, -1, -1)));
        graphs.put(Role.ENCODER, new InferenceGraph(encoder.graph(), signature(image, latents)));

        var codebook = GraphBuilder.inference(weights, statistics);
        var snapped = quantization.snap(codebook, codebook.input(LATENTS, DataType.FLOAT, -1, dim, -1, -1));
        codebook.named("codes", snapped.codes());
        codebook.named("quantized", snapped.quantized());
        graphs.put(
                Role.CODEBOOK,
                new InferenceGraph(codebook.graph(), new Signature(List.of(latents), List.of(codes, quantized))));

        var lookup = GraphBuilder.inference(weights, statistics);
        lookup.named("quantized", quantization.lookup(lookup, lookup.input("codes", DataType.INT64, -1, -1, -1)));
        graphs.put(Role.LOOKUP, new InferenceGraph(lookup.graph(), signature(codes, quantized)));

        var decoder = GraphBuilder.inference(weights, statistics);
        decoder.named(
                "image", layers.decoder().apply(decoder, decoder.input("quantized", DataType.FLOAT, -1, dim, -1, -1)));
        graphs.put(Role.DECODER, new InferenceGraph(decoder.graph(), signature(quantized, image)));
        return graphs;
    }

    private static Signature signature(TensorSpec input, TensorSpec output) {
        return new Signature(List.of(input), List.of(output));
    }

    @Override
    public List<Contract> contracts(Parameters weights) {
        return List.of(quantization.contract(family.factor()));
    }
}
