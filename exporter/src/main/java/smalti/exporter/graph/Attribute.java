package smalti.exporter.graph;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** A fixed argument of a node. */
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

    /** 32-bit floats. */
    record Reals(List<Float> values) implements Attribute {
        public Reals {
            values = List.copyOf(values);
        }
    }

    /** A string. */
    record Text(String value) implements Attribute {}

    /** Strings. */
    record Texts(List<String> values) implements Attribute {
        public Texts {
            values = List.copyOf(values);
        }
    }

    /** A constant array. */
    record Array(Constant value) implements Attribute {}

    /** A graph that the node runs, such as the body of a loop; it sees the values around the node. */
    record Body(Graph value) implements Attribute {}

    /**
     * Anything that no pass looks into; written as it was read.
     *
     * @param encoded an AttributeProto
     */
    record Other(ByteBuffer encoded) implements Attribute {}

    static Attribute of(long value) {
        return new Int(value);
    }

    static Attribute of(float value) {
        return new Real(value);
    }

    static Attribute of(String value) {
        return new Text(value);
    }

    static Attribute of(boolean value) {
        return new Int(value ? 1 : 0);
    }

    static Attribute ints(long... values) {
        return new Ints(Arrays.stream(values).boxed().toList());
    }

    static Attribute ints(List<Long> values) {
        return new Ints(values);
    }
}
