package smalti.trainer.family;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.Contract;
import smalti.spec.Dimension;
import smalti.spec.ElementType;
import smalti.spec.EmaQuantizer;
import smalti.spec.LossQuantizer;
import smalti.spec.ModelSpec;
import smalti.spec.Role;
import smalti.spec.Signature;
import smalti.spec.TensorSpec;
import smalti.spec.VqvaeFamily;
import smalti.trainer.data.Pictures;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.HostArrays;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.metric.CodebookUsage;
import smalti.trainer.optimizer.AdamOptimizer;
import smalti.trainer.quantizer.Codebook;
import smalti.trainer.quantizer.EmaCodebook;
import smalti.trainer.quantizer.LossCodebook;

/**
 * Trains a VQ-VAE.
 *
 * <p>Source: van den Oord et al. 2017, arXiv:1711.00937, equation 3. The reconstruction term is the mean squared error
 * divided by the variance of the training pixels (NMSE), as in DeepMind's Sonnet example:
 *
 * <pre>  loss = ‖x̂ − x‖²/σ² + β‖z − sg(e)‖² (+ ‖sg(z) − e‖²)  </pre>
 */
final class VqvaeTraining implements FamilyTraining {
    private static final PixelRange RANGE = new PixelRange(-0.5, 0.5);
    private static final List<String> OUTPUTS =
            List.of("loss", "reconstruction", "commitment", "codebookLoss", "codes", "flatLatents");
    /** Latents a code that k-means sees at least; one batch gives batch·h·w of them. */
    private static final int KMEANS_SAMPLES_PER_CODE = 16;

    private static final int KMEANS_MOST_BATCHES = 16;

    private final ModelSpec spec;
    private final VqvaeFamily family;
    private final VqvaeLayers layers;
    private final BatchSource batches;
    private final Parameters parameters;
    private final Codebook codebook;
    private final TrainingGraph graph;
    private final List<String> outputs;
    private final AdamOptimizer optimizer;

    VqvaeTraining(ModelSpec spec, VqvaeFamily family, Pictures pictures, double pixelVariance) {
        this.spec = spec;
        this.family = family;
        var training = spec.training();
        layers = new VqvaeLayers(family, spec.image().channels());
        batches = new BatchSource(pictures, training.batch(), spec.data().flip(), training.seed());
        parameters = new Parameters(training.seed());
        codebook = codebook(family, parameters, training.seed());
        var builder = GraphBuilder.training(parameters);
        var loss = loss(builder, pixelVariance);
        var trainables = builder.trainables().stream()
                .filter(name -> codebook.isTrainable() || !name.equals(Codebook.PARAMETER))
                .toList();
        outputs = OUTPUTS.stream().filter(builder.graph()::hasVariable).toList();
        graph = new TrainingGraph(builder, loss, trainables);
        optimizer = AdamOptimizer.of(training.optimizer(), "training.optimizer", parameters, trainables);
    }

    private static Codebook codebook(VqvaeFamily family, Parameters parameters, long seed) {
        // a pattern switch would be checked by the compiler; Java 17 has none, FamiliesTest checks instead
        if (family.quantizer() instanceof EmaQuantizer averaged) {
            return new EmaCodebook(averaged, parameters, seed);
        } else if (family.quantizer() instanceof LossQuantizer learned) {
            return new LossCodebook(learned, parameters, seed);
        }
        throw new IllegalStateException("no codebook for " + family.quantizer());
    }

    private SDVariable loss(GraphBuilder g, double pixelVariance) {
        int batch = spec.training().batch();
        int dim = family.quantizer().codeDim();
        int height = spec.image().height() / family.factor();
        int width = spec.image().width() / family.factor();
        var image = g.input(
                "image",
                DataType.FLOAT,
                batch,
                spec.image().channels(),
                spec.image().height(),
                spec.image().width());
        var latents = layers.encoder(g, image); // [B, D, h, w]
        var flat =
                g.named("flatLatents", g.reshape(g.permute(latents, 0, 2, 3, 1), (long) batch * height * width, dim));
        var table = Codebook.variable(g, family.quantizer()); // [K, D]
        // ‖z − e‖² less ‖z‖², which is the same for every code
        var distances = g.add(g.scale(g.matrixProductTransposed(flat, table), -2), g.squaredNorms(table)); // [Bhw, K]
        var codes = g.named("codes", g.argMin(distances, 1)); // [Bhw]
        var quantized = g.gatherRows(table, codes); // [Bhw, D]
        var passed = g.straightThrough(flat, quantized);
        var reconstructed = g.named(
                "reconstructed",
                layers.decoder(g, g.permute(g.reshape(passed, batch, height, width, dim), 0, 3, 1, 2)));
        var reconstruction = g.named("reconstruction", g.scale(g.meanSquare(reconstructed, image), 1 / pixelVariance));
        var commitment = g.named("commitment", g.meanSquare(flat, g.stopGradient(quantized)));
        var loss = g.add(reconstruction, g.scale(commitment, family.commitment()));
        var codebookLoss = codebook.loss(g, flat, quantized).map(term -> g.named("codebookLoss", term));
        return g.named("loss", codebookLoss.map(term -> g.add(loss, term)).orElse(loss));
    }

    @Override
    public PixelRange pixelRange() {
        return RANGE;
    }

    @Override
    public void begin() {
        if (!codebook.startsFromLatents()) {
            return;
        }
        var seen = new ArrayList<float[]>();
        int wanted = KMEANS_SAMPLES_PER_CODE
                * family.quantizer().codes()
                * family.quantizer().codeDim();
        int values = 0;
        for (int step = 0; step < KMEANS_MOST_BATCHES && values < wanted; step++) {
            graph.set("image", batches.images(step, RANGE));
            var latents = graph.forward(List.of("flatLatents")).floats("flatLatents");
            seen.add(latents);
            values += latents.length;
        }
        var all = new float[values];
        int at = 0;
        for (var latents : seen) {
            System.arraycopy(latents, 0, all, at, latents.length);
            at += latents.length;
        }
        codebook.startFrom(all, seen.size());
    }

    @Override
    public Map<String, Double> step(int step) {
        var figures = new LinkedHashMap<String, Double>();
        var training = spec.training();
        graph.set("image", batches.images(step, RANGE));
        var pass = graph.run(outputs);
        figures.put("loss", pass.scalar("loss"));
        figures.put("nmse", pass.scalar("reconstruction"));
        figures.put("commitment", pass.scalar("commitment"));
        if (outputs.contains("codebookLoss")) {
            figures.put("codebookLoss", pass.scalar("codebookLoss"));
        }
        var codes = pass.longs("codes");
        var counts = new long[family.quantizer().codes()];
        for (long code : codes) {
            counts[(int) code]++;
        }
        figures.put("perplexity", CodebookUsage.of(counts).perplexity());
        double factor = training.schedule().factor(step, training.steps());
        figures.put("gradientNorm", optimizer.step(pass::gradient, step, factor, training.clipNorm()));
        codebook.follow(pass.floats("flatLatents"), codes, step);
        figures.put("usage", codebook.usage(Math.min(step + 1, batches.epochSteps())));
        return figures;
    }

    @Override
    public List<TrainingGraph> trainingGraphs() {
        return List.of(graph);
    }

    @Override
    public TrainingState state() {
        return new TrainingState().with(parameters).with("", optimizer.state()).with("", codebook.state());
    }

    @Override
    public Map<Role, InferenceGraph> inference() {
        var weights = parameters.copy();
        int dim = family.quantizer().codeDim();
        int channels = spec.image().channels();
        var latents = TensorSpec.of("latents", ElementType.FLOAT32, "N " + dim + " h w");
        var codes = TensorSpec.of("codes", ElementType.INT64, "N h w");
        var quantized = TensorSpec.of("quantized", ElementType.FLOAT32, "N " + dim + " h w");
        var side = List.of(
                Dimension.free("N"),
                Dimension.of(channels),
                new Dimension(family.factor(), "h"),
                new Dimension(family.factor(), "w"));
        var image = new TensorSpec("image", ElementType.FLOAT32, side);

        var graphs = new EnumMap<Role, InferenceGraph>(Role.class);
        var encoder = GraphBuilder.inference(weights);
        encoder.named("latents", layers.encoder(encoder, encoder.input("image", DataType.FLOAT, -1, channels, -1, -1)));
        graphs.put(Role.ENCODER, new InferenceGraph(encoder.graph(), signature(image, latents)));

        var nearest = GraphBuilder.inference(weights);
        var table = table(nearest, weights);
        var scores = nearest.lastAxisProduct(
                nearest.permute(nearest.input("latents", DataType.FLOAT, -1, dim, -1, -1), 0, 2, 3, 1),
                nearest.constant("distance/weights", minusTwiceTransposed(weights)));
        var distances = nearest.add(scores, nearest.constant("distance/norms", norms(weights)));
        var chosen = nearest.named("codes", nearest.argMin(distances, 3));
        nearest.named("quantized", nearest.permute(nearest.gatherRows(table, chosen), 0, 3, 1, 2));
        graphs.put(
                Role.CODEBOOK,
                new InferenceGraph(nearest.graph(), new Signature(List.of(latents), List.of(codes, quantized))));

        var lookup = GraphBuilder.inference(weights);
        var rows = lookup.gatherRows(table(lookup, weights), lookup.input("codes", DataType.INT64, -1, -1, -1));
        lookup.named("quantized", lookup.permute(rows, 0, 3, 1, 2));
        graphs.put(Role.LOOKUP, new InferenceGraph(lookup.graph(), signature(codes, quantized)));

        var decoder = GraphBuilder.inference(weights);
        decoder.named("image", layers.decoder(decoder, decoder.input("quantized", DataType.FLOAT, -1, dim, -1, -1)));
        graphs.put(Role.DECODER, new InferenceGraph(decoder.graph(), signature(quantized, image)));
        return graphs;
    }

    private static Signature signature(TensorSpec input, TensorSpec output) {
        return new Signature(List.of(input), List.of(output));
    }

    private static SDVariable table(GraphBuilder g, Parameters weights) {
        return g.constant(Codebook.PARAMETER, weights.array(Codebook.PARAMETER));
    }

    /** −2·Eᵀ, [D, K]. */
    private INDArray minusTwiceTransposed(Parameters weights) {
        int codes = family.quantizer().codes();
        int dim = family.quantizer().codeDim();
        var table = weights.values(Codebook.PARAMETER);
        var transposed = new float[table.length];
        for (int k = 0; k < codes; k++) {
            for (int d = 0; d < dim; d++) {
                transposed[d * codes + k] = -2 * table[k * dim + d];
            }
        }
        return HostArrays.floats(transposed, dim, codes);
    }

    /** ‖e‖² of each code, [K]. */
    private INDArray norms(Parameters weights) {
        int dim = family.quantizer().codeDim();
        var table = weights.values(Codebook.PARAMETER);
        var norms = new float[family.quantizer().codes()];
        for (int k = 0; k < norms.length; k++) {
            double norm = 0;
            for (int d = 0; d < dim; d++) {
                norm += (double) table[k * dim + d] * table[k * dim + d];
            }
            norms[k] = (float) norm;
        }
        return HostArrays.floats(norms, norms.length);
    }

    @Override
    public List<Contract> contracts() {
        var quantizer = family.quantizer();
        return List.of(Contract.Codebook.ofTable(quantizer.codes(), quantizer.codeDim(), family.factor()));
    }
}
