package smalti.spec.onnx;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A fixed argument of a node. */
public sealed interface OnnxAttribute {
    /** A whole number. */
    record Int(long value) implements OnnxAttribute {}

    /** Whole numbers. */
    record Ints(List<Long> values) implements OnnxAttribute {
        public Ints {
            values = List.copyOf(values);
        }
    }

    /** A 32-bit float. */
    record Real(float value) implements OnnxAttribute {}

    /** 32-bit floats. */
    record Reals(List<Float> values) implements OnnxAttribute {
        public Reals {
            values = List.copyOf(values);
        }
    }

    /**
     * A string; some hold whole engines.
     *
     * @param bytes of the file, not copied
     */
    record Text(ByteBuffer bytes) implements OnnxAttribute {
        public String text() {
            return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
        }
    }

    /** Strings. */
    record Texts(List<Text> values) implements OnnxAttribute {
        public Texts {
            values = List.copyOf(values);
        }
    }

    /** A constant array. */
    record Array(OnnxTensor value) implements OnnxAttribute {}

    /** Constant arrays. */
    record Arrays(List<OnnxTensor> values) implements OnnxAttribute {
        public Arrays {
            values = List.copyOf(values);
        }
    }

    /** A graph that the node runs, such as the body of a loop; it sees the values around the node. */
    record Body(OnnxGraph value) implements OnnxAttribute {}

    /** Graphs that the node runs. */
    record Bodies(List<OnnxGraph> values) implements OnnxAttribute {
        public Bodies {
            values = List.copyOf(values);
        }
    }

    /** A type. */
    record OfType(OnnxType value) implements OnnxAttribute {}

    /** Inside of a function: what the call gives for an attribute. */
    record Reference(String name) implements OnnxAttribute {}

    /** Of a kind that is not read, such as sparse tensors. */
    record Other(int kind) implements OnnxAttribute {}
}
