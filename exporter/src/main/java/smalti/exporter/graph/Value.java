package smalti.exporter.graph;

import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.TensorSpec;

/** An input or output of a graph, or what is known of a value inside it. */
public record Value(String name, Type type) {
    /** What the axes mean, for consumers that read ONNX's denotations. */
    public enum Layout {
        /** anything but a picture */
        PLAIN,
        /** pictures [N,C,H,W] */
        NCHW,
        /** pictures [N,H,W,C] */
        NHWC
    }

    /** @param shape null where not even the rank is known */
    public Value(String name, ValueType element, @Nullable List<Axis> shape, Layout layout) {
        this(name, new Type.OfTensor(element, shape, layout));
    }

    public static Value of(TensorSpec tensor) {
        return of(tensor, Layout.PLAIN);
    }

    public static Value of(TensorSpec tensor, Layout layout) {
        return new Value(
                tensor.name(),
                ValueType.of(tensor.type()),
                tensor.shape().stream().map(Axis::of).toList(),
                layout);
    }

    /** @throws IllegalStateException if the value is no tensor */
    public ValueType element() {
        return tensor().element();
    }

    /** @throws IllegalStateException if the value is no tensor or its rank is unknown */
    public List<Axis> shape() {
        var shape = tensor().shape();
        if (shape == null) {
            throw new IllegalStateException("the rank of \"" + name + "\" is unknown");
        }
        return shape;
    }

    public Layout layout() {
        return type instanceof Type.OfTensor tensor ? tensor.layout() : Layout.PLAIN;
    }

    private Type.OfTensor tensor() {
        if (type instanceof Type.OfTensor tensor) {
            return tensor;
        }
        throw new IllegalStateException("\"" + name + "\" is no tensor");
    }
}
