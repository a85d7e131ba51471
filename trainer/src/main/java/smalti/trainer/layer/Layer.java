package smalti.trainer.layer;

import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;

/** A part of a network with one input and one output. */
@FunctionalInterface
public interface Layer {
    SDVariable apply(GraphBuilder g, SDVariable x);

    /** One after the other. */
    static Layer sequence(List<Layer> layers) {
        var all = List.copyOf(layers);
        return (g, x) -> {
            var h = x;
            for (var layer : all) {
                h = layer.apply(g, h);
            }
            return h;
        };
    }

    /** x + inner(x). Source: He et al. 2016, arXiv:1512.03385, equation 1. */
    static Layer residual(Layer inner) {
        return (g, x) -> g.add(x, inner.apply(g, x));
    }

    /** max(x, 0). */
    static Layer relu() {
        return GraphBuilder::relu;
    }

    /** The same layer, with its parameters in a scope of their own. */
    default Layer within(String scope) {
        return (g, x) -> g.within(scope, () -> apply(g, x));
    }
}
