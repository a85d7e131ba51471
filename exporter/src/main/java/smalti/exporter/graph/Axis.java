package smalti.exporter.graph;

import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.Dimension;

/**
 * The size of one axis of a value.
 *
 * @param size where it is fixed, else −1
 * @param name of a free size, such as {@code N} or {@code 4*h}; null where nothing is known
 */
public record Axis(long size, @Nullable String name) {
    /** Of any size. */
    public static final Axis UNKNOWN = new Axis(-1, null);

    public static Axis of(long size) {
        return new Axis(size, null);
    }

    public static Axis named(String name) {
        return new Axis(-1, name);
    }

    public static Axis of(Dimension dimension) {
        return dimension.isFixed() ? of(dimension.factor()) : named(dimension.toString());
    }

    public boolean isFixed() {
        return size >= 0;
    }

    /** Whether the two are surely the same size. */
    public boolean surelyEquals(Axis other) {
        return isFixed() ? size == other.size : name != null && name.equals(other.name);
    }

    @Override
    public String toString() {
        return isFixed() ? Long.toString(size) : name == null ? "?" : name;
    }
}
