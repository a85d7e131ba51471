package smalti.trainer.quantizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.Quantizer;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.HostArrays;
import smalti.trainer.graph.Initializer;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.loss.Term;
import smalti.trainer.metric.CodebookUsage;

/**
 * The K vectors of length D that latents are snapped to, as the parameter {@value #PARAMETER} [K, D], and what is
 * counted on their use.
 */
abstract class Codebook implements Quantization {
    /** The codebook's name among the parameters. */
    static final String PARAMETER = "codebook";

    private static final int START_STREAM = 2;
    private static final int RESTART_STREAM = 3;
    private static final int KMEANS_ITERATIONS = 10;
    /** Latents a code that k-means sees at least. */
    private static final int KMEANS_SAMPLES_PER_CODE = 16;

    private static final String CODES = "codes";
    /** In place of a step's number, for restarts at the start. */
    private static final int BEFORE_STEPS = -1;

    private final Quantizer spec;
    private final Parameters parameters;
    private final CounterRandom startRandom;
    private final CounterRandom restartRandom;
    /** Batches since a code was last used. */
    private final float[] unused;
    /** Batches since a code was last used or moved. */
    private final float[] idle;

    Codebook(Quantizer spec, Parameters parameters, long seed) {
        this.spec = spec;
        this.parameters = parameters;
        startRandom = new CounterRandom(seed, START_STREAM);
        restartRandom = new CounterRandom(seed, RESTART_STREAM);
        unused = new float[spec.codes()];
        idle = new float[spec.codes()];
        parameters.array(PARAMETER, initializer(spec), spec.codes(), spec.codeDim());
    }

    private static Initializer initializer(Quantizer spec) {
        return Initializer.uniform(Math.sqrt(3.0 / spec.codeDim()));
    }

    private SDVariable table(GraphBuilder g) {
        return g.parameter(PARAMETER, initializer(spec), spec.codes(), spec.codeDim()); // [K, D]
    }

    @Override
    public Quantized train(GraphBuilder g, SDVariable latents, int batch, int height, int width) {
        int dim = spec.codeDim();
        var flat = g.named(FLAT_LATENTS, g.reshape(g.permute(latents, 0, 2, 3, 1), (long) batch * height * width, dim));
        var table = table(g);
        // ‖z − e‖² less ‖z‖², which is the same for every code
        var distances = g.add(g.scale(g.matrixProductTransposed(flat, table), -2), g.squaredNorms(table)); // [Bhw, K]
        var codes = g.named(CODES, g.argMin(distances, 1)); // [Bhw]
        var quantized = g.gatherRows(table, codes); // [Bhw, D]
        var passed = g.permute(g.reshape(g.straightThrough(flat, quantized), batch, height, width, dim), 0, 3, 1, 2);
        var commitment = g.meanSquare(flat, g.stopGradient(quantized));
        return new Quantized(passed, codes, commitment, terms(g, flat, quantized));
    }

    /**
     * The codebook's own terms of the loss.
     *
     * @param latents [n, D]
     * @param quantized [n, D], differentiable in the codebook
     */
    abstract List<Term> terms(GraphBuilder g, SDVariable latents, SDVariable quantized);

    @Override
    public Snapped snap(GraphBuilder g, SDVariable latents) {
        var table = table(g);
        var values = g.values(table);
        var scores = g.lastAxisProduct(
                g.permute(latents, 0, 2, 3, 1), g.constant("distance/weights", minusTwiceTransposed(values)));
        var distances = g.add(scores, g.constant("distance/norms", norms(values)));
        var codes = g.argMin(distances, 3);
        return new Snapped(codes, g.permute(g.gatherRows(table, codes), 0, 3, 1, 2));
    }

    @Override
    public SDVariable lookup(GraphBuilder g, SDVariable codes) {
        return g.permute(g.gatherRows(table(g), codes), 0, 3, 1, 2);
    }

    /** −2·Eᵀ, [D, K]. */
    private INDArray minusTwiceTransposed(float[] table) {
        int dim = spec.codeDim();
        var transposed = new float[table.length];
        for (int k = 0; k < spec.codes(); k++) {
            for (int d = 0; d < dim; d++) {
                transposed[d * spec.codes() + k] = -2 * table[k * dim + d];
            }
        }
        return HostArrays.floats(transposed, dim, spec.codes());
    }

    /** ‖e‖² of each code, [K]. */
    private INDArray norms(float[] table) {
        int dim = spec.codeDim();
        var norms = new float[spec.codes()];
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
    public int startLatents() {
        return spec.start() == CodebookStart.KMEANS ? KMEANS_SAMPLES_PER_CODE * spec.codes() : 0;
    }

    @Override
    public List<String> followed() {
        return List.of(CODES, FLAT_LATENTS);
    }

    @Override
    public Map<String, Double> follow(TrainingGraph.Pass pass, int step, int batchesOfEpoch) {
        var codes = pass.longs(CODES);
        var counts = new long[spec.codes()];
        for (long code : codes) {
            counts[(int) code]++;
        }
        follow(pass.floats(FLAT_LATENTS), codes, step);
        var figures = new LinkedHashMap<String, Double>();
        figures.put("perplexity", CodebookUsage.of(counts).perplexity());
        figures.put("usage", usage(Math.min(step + 1, batchesOfEpoch)));
        return figures;
    }

    @Override
    public Contract.Codebook contract(int factor) {
        return Contract.Codebook.ofTable(spec.codes(), spec.codeDim(), factor);
    }

    /** Moves the codes to the k-means centres, and those whose centre has no latents to a random latent. */
    @Override
    public void startFrom(float[] latents, int batches) {
        int dim = spec.codeDim();
        var fit = KMeans.fit(latents, dim, spec.codes(), KMEANS_ITERATIONS, startRandom, 0);
        var codebook = fit.centres().clone();
        started(fit.centres(), fit.counts(), batches);
        for (int k = 0; k < spec.codes(); k++) {
            if (fit.counts()[k] == 0) {
                restart(k, codebook, latents, latents.length / dim, BEFORE_STEPS);
            }
        }
        parameters.set(PARAMETER, codebook);
    }

    /** Moves a code to a random one of {@code count} latents. */
    private void restart(int code, float[] codebook, float[] latents, int count, int step) {
        int dim = spec.codeDim();
        int from = (int) (restartRandom.uniform(step, code) * count);
        System.arraycopy(latents, from * dim, codebook, code * dim, dim);
        restarted(code, latents, from);
    }

    abstract void started(float[] centres, int[] counts, int batches);

    /**
     * Follows one batch, after the step's own update.
     *
     * @param latents [n, D], row by row
     * @param codes [n]
     */
    void follow(float[] latents, long[] codes, int step) {
        for (int k = 0; k < idle.length; k++) {
            unused[k]++;
            idle[k]++;
        }
        for (long code : codes) {
            unused[(int) code] = 0;
            idle[(int) code] = 0;
        }
        move(latents, codes);
        if (spec.restartAfter() > 0) {
            restartIdle(latents, codes.length, step);
        }
    }

    abstract void move(float[] latents, long[] codes);

    /**
     * Source: Dhariwal et al. 2020, arXiv:2005.00341, section 3.1: a code without use is moved to a random latent of
     * the batch.
     */
    private void restartIdle(float[] latents, int count, int step) {
        var codebook = parameters.values(PARAMETER);
        boolean moved = false;
        for (int k = 0; k < idle.length; k++) {
            if (idle[k] >= spec.restartAfter()) {
                restart(k, codebook, latents, count, step);
                idle[k] = 0;
                moved = true;
            }
        }
        if (moved) {
            parameters.set(PARAMETER, codebook);
        }
    }

    abstract void restarted(int code, float[] latents, int from);

    /** The share of the codes that were used within the last {@code batches} batches. */
    double usage(int batches) {
        int used = 0;
        for (float batchesSince : unused) {
            if (batchesSince < batches) {
                used++;
            }
        }
        return used / (double) unused.length;
    }

    Quantizer spec() {
        return spec;
    }

    Parameters parameters() {
        return parameters;
    }

    @Override
    public Map<String, float[]> state() {
        return Map.of("codebook/unused", unused, "codebook/idle", idle);
    }
}
