package smalti.exporter.samediff;

import java.util.List;
import java.util.stream.Collectors;
import smalti.exporter.graph.ValueType;

/**
 * A variable of a SameDiff graph.
 *
 * @param sampleShape its shape in one run with small sizes for the free dimensions: its rank is certain, its sizes are
 *     those of that run
 * @param fixed by axis, whether its size was the same in a second run, where every free dimension had another size
 */
public record SourceValue(ValueType type, List<Long> sampleShape, List<Boolean> fixed) {
    public SourceValue {
        sampleShape = List.copyOf(sampleShape);
        fixed = List.copyOf(fixed);
    }

    /** A value whose sizes are the same in every run. */
    static SourceValue fixed(ValueType type, List<Long> shape) {
        return new SourceValue(type, shape, shape.stream().map(size -> true).toList());
    }

    public int rank() {
        return sampleShape.size();
    }

    /** The shape as errors show it, such as {@code [8,64,4,4]}. */
    @Override
    public String toString() {
        return sampleShape.stream().map(String::valueOf).collect(Collectors.joining(",", "[", "]"));
    }
}
