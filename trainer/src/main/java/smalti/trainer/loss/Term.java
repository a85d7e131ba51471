package smalti.trainer.loss;

import java.util.List;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import smalti.trainer.graph.GraphBuilder;

/**
 * One term of a loss.
 *
 * @param name of the figure that is logged, and of the value in its graph
 * @param value a scalar, without the weight
 */
public record Term(String name, SDVariable value, double weight) {
    /** Σ weight·value under a name; each value under its own, but where the sum is one value by itself. */
    public static SDVariable sum(GraphBuilder g, String name, List<Term> terms) {
        if (terms.size() == 1 && terms.get(0).weight() == 1) {
            return g.named(name, terms.get(0).value());
        }
        Optional<SDVariable> sum = Optional.empty();
        for (var term : terms) {
            var value = g.named(term.name(), term.value());
            var weighted = term.weight() == 1 ? value : g.scale(value, term.weight());
            sum = Optional.of(sum.map(before -> g.add(before, weighted)).orElse(weighted));
        }
        return g.named(name, sum.orElseThrow());
    }
}
