package smalti.exporter.cost;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a value.
 *
 * @param type such as {@code float32}; null where unknown
 * @param shape sizes, names of free axes, {@code ?} where nothing is known; null where not even the rank is
 * @param bytes null where unknown
 */
public record ValueCost(
        String name,
        @Nullable String type,
        @Nullable List<String> shape,
        @Nullable Long bytes) {
    public ValueCost {
        shape = shape == null ? null : List.copyOf(shape);
    }

    /** Such as {@code float32[1, 64, h, w]}. */
    public String text() {
        return (type == null ? "?" : type) + (shape == null ? "[…]" : shape.toString());
    }
}
