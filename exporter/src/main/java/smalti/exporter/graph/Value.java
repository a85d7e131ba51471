package smalti.exporter.graph;

import java.util.List;
import smalti.spec.Dimension;
import smalti.spec.TensorSpec;

/** An input or output of a graph. */
public record Value(String name, ValueType type, List<Dimension> shape, Layout layout) {
    /** What the axes mean, for consumers that read ONNX's denotations. */
    public enum Layout {
        /** anything but a picture */
        PLAIN,
        /** pictures [N,C,H,W] */
        NCHW,
        /** pictures [N,H,W,C] */
        NHWC
    }

    public Value {
        shape = List.copyOf(shape);
    }

    public static Value of(TensorSpec tensor) {
        return of(tensor, Layout.PLAIN);
    }

    public static Value of(TensorSpec tensor, Layout layout) {
        return new Value(tensor.name(), ValueType.of(tensor.type()), tensor.shape(), layout);
    }
}
