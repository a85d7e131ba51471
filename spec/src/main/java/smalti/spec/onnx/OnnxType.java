package smalti.spec.onnx;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a value is, as the file says. */
public sealed interface OnnxType {
    /**
     * A tensor.
     *
     * @param element ONNX's number of the elements' type; 1 is float32, 0 is not said
     * @param shape null where not even the rank is known
     */
    record OfTensor(int element, @Nullable List<OnnxAxis> shape) implements OnnxType {
        public OfTensor {
            shape = shape == null ? null : List.copyOf(shape);
        }

        /** Absent where not even the rank is known. */
        public Optional<List<OnnxAxis>> axes() {
            return Optional.ofNullable(shape);
        }
    }

    /** A tensor of which most elements are 0; {@code element} as of {@link OfTensor}. */
    record OfSparseTensor(int element) implements OnnxType {}

    /** Values one after another. */
    record OfSequence(OnnxType item) implements OnnxType {}

    /** A value that may be absent at run. */
    record OfOptional(OnnxType item) implements OnnxType {}

    /** From keys, of a type by ONNX's number, to values. */
    record OfMap(int key, OnnxType value) implements OnnxType {}

    /** Nothing is said, or a kind that is not read. */
    record Unknown() implements OnnxType {}
}
