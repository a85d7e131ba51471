package smalti.exporter.graph;

import java.nio.ByteBuffer;
import java.util.List;

/** An initializer, or the value of an attribute. */
public sealed interface Constant permits Tensor, Constant.Other, Constant.Sparse {
    /** The sizes of the axes; empty for a scalar. */
    List<Long> dims();

    /** The number that ONNX files give the type of the elements. */
    int onnxCode();

    /**
     * Strings and types of less than a byte: written as they were read.
     *
     * @param encoded a TensorProto
     */
    record Other(int onnxCode, List<Long> dims, ByteBuffer encoded) implements Constant {
        public Other {
            dims = List.copyOf(dims);
        }
    }

    /**
     * An initializer of mostly zeros: written as it was read.
     *
     * @param encoded a SparseTensorProto
     */
    record Sparse(int onnxCode, List<Long> dims, ByteBuffer encoded) implements Constant {
        public Sparse {
            dims = List.copyOf(dims);
        }
    }
}
