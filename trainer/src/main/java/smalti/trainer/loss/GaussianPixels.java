package smalti.trainer.loss;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.spec.model.GaussianLikelihood;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;
import smalti.trainer.graph.Parameters;

/**
 * The decoder gives each pixel's mean μ; −ln p(x|z) = Σ (x − μ)²/2σ² + ln σ + ½·ln 2π. A learned ln σ, one for all
 * pixels, is the parameter {@value #LOG_DEVIATION}.
 *
 * <p>Source: Kingma and Welling 2014, arXiv:1312.6114, appendix C.2; Rybkin et al. 2021, arXiv:2006.13202, section 3.
 */
record GaussianPixels(GaussianLikelihood spec) implements PixelLikelihood {
    private static final String LOG_DEVIATION = "likelihood/logDeviation";

    @Override
    public float[] targets(float[] images, CounterRandom random, int step) {
        return images;
    }

    @Override
    public SDVariable negativeLogLikelihood(GraphBuilder g, SDVariable decoded, SDVariable target, int pixels) {
        var square = g.scale(g.meanSquare(decoded, target), 0.5);
        double constant = 0.5 * Math.log(2 * Math.PI);
        if (!spec.learned()) {
            double variance = spec.deviation() * spec.deviation();
            return g.scale(g.shift(g.scale(square, 1 / variance), Math.log(spec.deviation()) + constant), pixels);
        }
        var log = g.parameter(LOG_DEVIATION, Initializer.constant((float) Math.log(spec.deviation())), 1);
        var precision = g.sum(g.exp(g.scale(log, -2)));
        var each = g.add(g.multiply(square, precision), g.shift(g.sum(log), constant));
        return g.scale(each, pixels);
    }

    @Override
    public float[] decodedOf(float[] mean) {
        return mean;
    }

    @Override
    public SDVariable image(GraphBuilder g, SDVariable decoded) {
        return decoded;
    }

    @Override
    public Contract.Posterior contract(int dim, Parameters weights) {
        double deviation = spec.learned() ? Math.exp(weights.values(LOG_DEVIATION)[0]) : spec.deviation();
        return Contract.Posterior.ofGaussian(dim, deviation);
    }
}
