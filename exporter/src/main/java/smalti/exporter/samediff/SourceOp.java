package smalti.exporter.samediff;

import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.ValueType;

/**
 * An operation with its raw arguments: the property maps of nd4j lose detail.
 *
 * @param op nd4j's name of the operation, such as {@code conv2d}
 * @param name of the node
 * @param scalar of a scalar operation
 * @param extras further numbers of a legacy operation
 * @param dimensions of a legacy reduction
 */
public record SourceOp(
        String op,
        String name,
        List<String> inputs,
        List<String> outputs,
        List<Long> ints,
        List<Double> reals,
        List<Boolean> flags,
        List<ValueType> types,
        @Nullable Double scalar,
        List<Double> extras,
        List<Long> dimensions,
        boolean keepDims) {
    public SourceOp {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        ints = List.copyOf(ints);
        reals = List.copyOf(reals);
        flags = List.copyOf(flags);
        types = List.copyOf(types);
        extras = List.copyOf(extras);
        dimensions = List.copyOf(dimensions);
    }
}
