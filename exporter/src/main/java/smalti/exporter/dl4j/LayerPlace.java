package smalti.exporter.dl4j;

import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Where a layer is put: the graph that grows, and the layer's trained parameters.
 *
 * @param name of the layer, which stands before those of its constants
 * @param prefix of the names under which the parameters are kept, such as a bidirectional layer's
 * @param suffix of those names
 */
record LayerPlace(SameDiff graph, String name, Map<String, INDArray> parameters, String prefix, String suffix) {
    LayerPlace(SameDiff graph, String name, Map<String, INDArray> parameters) {
        this(graph, name, parameters, "", "");
    }

    /** For a part of the layer, whose parameters are kept under longer names. */
    LayerPlace part(String partPrefix, String partSuffix) {
        return new LayerPlace(graph, name, parameters, prefix + partPrefix, partSuffix + suffix);
    }

    boolean has(String key) {
        return parameters.containsKey(prefix + key + suffix);
    }

    /** @throws NotCovered if the network was never initialized */
    INDArray array(String key) {
        var array = parameters.get(prefix + key + suffix);
        if (array == null) {
            throw new NotCovered("it has no parameters \"" + prefix + key + suffix + "\"; call init() on the network");
        }
        return array;
    }

    /** A parameter as it is. */
    SDVariable parameter(String key) {
        return constant(key, array(key));
    }

    /** A parameter of any shape as a vector. */
    SDVariable vector(String key) {
        return constant(key, vector(array(key)));
    }

    static INDArray vector(INDArray array) {
        return array.dup('c').reshape(array.length());
    }

    /** A copy: the network may be trained on. */
    SDVariable constant(String role, INDArray array) {
        return graph.constant(name + "/" + prefix + role + suffix, array.dup('c'));
    }
}
