package smalti.exporter.samediff;

import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Tensor;
import smalti.spec.bundle.Signature;

/**
 * What a SameDiff file says, in plain records.
 *
 * @param name for errors, such as {@code encoder}
 * @param signature inputs are placeholders of the same names, outputs are variables of the same names
 * @param constants those that the outputs need, by variable
 * @param values type and shape of every variable that the outputs need
 * @param sampleSizes of the free dimensions, with which SameDiff can run the graph
 * @param ops those that the outputs need, each after those whose outputs it takes
 */
public record SourceGraph(
        String name,
        Signature signature,
        Map<String, Tensor> constants,
        Map<String, SourceValue> values,
        Map<String, Long> sampleSizes,
        List<SourceOp> ops) {
    public SourceGraph {
        constants = Map.copyOf(constants);
        values = Map.copyOf(values);
        sampleSizes = Map.copyOf(sampleSizes);
        ops = List.copyOf(ops);
    }
}
