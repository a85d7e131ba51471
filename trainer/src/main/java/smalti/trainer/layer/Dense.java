package smalti.trainer.layer;

import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;
import smalti.trainer.graph.Initializer;

/**
 * A matrix and a bias: [B, in] → [B, out]. Weights [in, out] at {@code name/weights}, the bias at {@code name/bias}.
 *
 * @param in numbers of a row
 * @param out numbers of a row of the result
 * @param bias what it begins as
 */
public record Dense(String name, int in, int out, Initializer initializer, Initializer bias) implements Layer {
    /** With a bias that begins as 0. */
    public Dense(String name, int in, int out, Initializer initializer) {
        this(name, in, out, initializer, Initializer.constant(0));
    }

    @Override
    public SDVariable apply(GraphBuilder g, SDVariable x) {
        var weights = g.parameter(name + "/weights", initializer, in, out);
        return g.add(g.matrixProduct(x, weights), g.parameter(name + "/bias", bias, out));
    }
}
