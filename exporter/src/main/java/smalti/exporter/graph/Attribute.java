package smalti.exporter.graph;

import java.util.Arrays;
import java.util.List;

/** A fixed argument of a node; these three kinds are all that the lowerings need. */
public sealed interface Attribute {
    /** A whole number. */
    record Int(long value) implements Attribute {}

    /** Whole numbers. */
    record Ints(List<Long> values) implements Attribute {
        public Ints {
            values = List.copyOf(values);
        }
    }

    /** A 32-bit float. */
    record Real(float value) implements Attribute {}

    static Attribute of(long value) {
        return new Int(value);
    }

    static Attribute of(float value) {
        return new Real(value);
    }

    static Attribute ints(long... values) {
        return new Ints(Arrays.stream(values).boxed().toList());
    }
}
