package smalti.exporter.graph;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a value is. */
public sealed interface Type {
    /**
     * A tensor.
     *
     * @param shape null where not even the rank is known
     */
    record OfTensor(ValueType element, @Nullable List<Axis> shape, Value.Layout layout) implements Type {
        public OfTensor {
            shape = shape == null ? null : List.copyOf(shape);
        }
    }

    /**
     * A sequence, map, optional or anything else that no pass looks into; written as it was read.
     *
     * @param encoded a TypeProto
     */
    record Other(ByteBuffer encoded) implements Type {}
}
