package smalti.trainer.quantizer;

import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.CodebookStart;
import smalti.spec.CounterRandom;
import smalti.spec.Quantizer;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;
import smalti.trainer.graph.Parameters;

/**
 * The K vectors of length D that latents are snapped to, as the parameter {@value #PARAMETER} [K, D], and what is
 * counted on their use.
 */
public abstract sealed class Codebook permits EmaCodebook, LossCodebook {
    /** The codebook's name among the parameters. */
    public static final String PARAMETER = "codebook";

    private static final int START_STREAM = 2;
    private static final int RESTART_STREAM = 3;
    private static final int KMEANS_ITERATIONS = 10;
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

    /** The codebook's variable in a graph. */
    public static SDVariable variable(GraphBuilder builder, Quantizer spec) {
        return builder.parameter(PARAMETER, initializer(spec), spec.codes(), spec.codeDim());
    }

    /** Whether the codebook is to follow its gradient. */
    public abstract boolean isTrainable();

    /**
     * The codebook's own term of the loss.
     *
     * @param latents [n, D]
     * @param quantized [n, D], differentiable in the codebook
     */
    public abstract java.util.Optional<SDVariable> loss(GraphBuilder builder, SDVariable latents, SDVariable quantized);

    public boolean startsFromLatents() {
        return spec.start() == CodebookStart.KMEANS;
    }

    /**
     * Moves the codes to the k-means centres of some latents, and those whose centre has no latents to a random latent.
     *
     * @param latents [n, D], row by row, of {@code batches} batches
     */
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
    public void follow(float[] latents, long[] codes, int step) {
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
    public double usage(int batches) {
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

    /** What a checkpoint holds beside the parameter itself; the arrays themselves. */
    public Map<String, float[]> state() {
        return Map.of("codebook/unused", unused, "codebook/idle", idle);
    }
}
