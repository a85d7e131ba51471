package smalti.spec.bundle;

import java.util.List;
import java.util.stream.Collectors;
import smalti.spec.Check;

/** A named input or output of a graph. */
public record TensorSpec(String name, ElementType type, List<Dimension> shape) {
    public TensorSpec {
        Check.that(!name.isEmpty(), "name must not be empty").done();
        shape = List.copyOf(shape);
    }

    /** A tensor whose axes are given as {@link Dimension#parse} reads them, separated by blanks. */
    public static TensorSpec of(String name, ElementType type, String shape) {
        return new TensorSpec(
                name,
                type,
                List.of(shape.split(" ")).stream().map(Dimension::parse).toList());
    }

    @Override
    public String toString() {
        return name + " " + shape.stream().map(Dimension::toString).collect(Collectors.joining(",", "[", "] ")) + type;
    }
}
