package smalti.exporter.inspect;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import smalti.exporter.cost.NodeCost;
import smalti.exporter.cost.ValueCost;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Operators;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;

/** What is said of a node in a few words. */
final class NodeText {
    private static final int MOST_WORDS = 28;
    private static final Map<String, String> SHORT = Map.of(
            "kernel_shape", "kernel",
            "strides", "stride",
            "dilations", "dilation",
            "coordinate_transformation_mode", "coordinates");

    /** The kinds of operators, each with a colour of its own. */
    enum Kind {
        LINEAR("convolutions and products"),
        NORMALIZATION("normalizations"),
        ACTIVATION("activations"),
        ELEMENTWISE("elementwise"),
        POOLING("pooling and reductions"),
        SHAPE("shape and place"),
        QUANTIZATION("quantization"),
        CONTROL("control flow"),
        OTHER("others");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }

        String style() {
            return "k-" + name().toLowerCase(Locale.ROOT);
        }
    }

    private static final Set<String> ACTIVATIONS = Set.of(
            "Celu",
            "Clip",
            "Elu",
            "Erf",
            "Gelu",
            "HardSigmoid",
            "HardSwish",
            "Hardmax",
            "LeakyRelu",
            "LogSoftmax",
            "Mish",
            "PRelu",
            "Relu",
            "Selu",
            "Shrink",
            "Sigmoid",
            "Softmax",
            "Softplus",
            "Softsign",
            "Swish",
            "Tanh",
            "ThresholdedRelu");

    private static final Set<String> SHAPES = Set.of(
            "Cast",
            "CastLike",
            "Compress",
            "Concat",
            "Constant",
            "ConstantOfShape",
            "DepthToSpace",
            "Dropout",
            "Expand",
            "EyeLike",
            "Flatten",
            "Gather",
            "GatherElements",
            "GatherND",
            "Identity",
            "NonZero",
            "OneHot",
            "Pad",
            "Range",
            "Reshape",
            "Resize",
            "ReverseSequence",
            "Scatter",
            "ScatterElements",
            "ScatterND",
            "Shape",
            "Size",
            "Slice",
            "SpaceToDepth",
            "Split",
            "Squeeze",
            "Tile",
            "Transpose",
            "Trilu",
            "Unsqueeze",
            "Upsample");

    private NodeText() {}

    static Kind kind(Node node) {
        var op = node.op();
        if (!node.bodies().isEmpty()) {
            return Kind.CONTROL;
        } else if (op.matches(
                "(Fused|QLinear)?(Conv|ConvTranspose|Gemm|MatMul|Einsum)|ConvInteger|MatMulInteger|Fused(Conv|MatMul)"
                        + "|LSTM|GRU|RNN|(MultiHead)?Attention|DeformConv")) {
            return Kind.LINEAR;
        } else if (op.endsWith("Normalization") || op.equals("LRN")) {
            return Kind.NORMALIZATION;
        } else if (op.endsWith("QuantizeLinear") || op.equals("DequantizeLinear") || op.startsWith("QLinear")) {
            return Kind.QUANTIZATION;
        } else if (ACTIVATIONS.contains(op)) {
            return Kind.ACTIVATION;
        } else if (op.endsWith("Pool") || op.startsWith("Reduce") || op.startsWith("Arg") || op.equals("TopK")) {
            return Kind.POOLING;
        } else if (SHAPES.contains(op) || op.startsWith("Sequence") || op.startsWith("Optional")) {
            return Kind.SHAPE;
        }
        var found = Operators.find(op, Integer.MAX_VALUE);
        return node.domain().isEmpty()
                        && found.isPresent()
                        && found.get().inputs().size() <= 3
                        && found.get().outputs().size() == 1
                ? Kind.ELEMENTWISE
                : Kind.OTHER;
    }

    /** Attributes that are not as by default, a few words each. */
    static List<String> attributes(Node node) {
        var words = new ArrayList<String>();
        node.attributes().forEach((name, attribute) -> {
            // a type by its name, not by its number
            var text = name.equals("to") && node.op().equals("Cast") && attribute instanceof Attribute.Int type
                    ? ValueType.ofOnnxCode((int) type.value())
                            .map(known -> known.name().toLowerCase(Locale.ROOT))
                            .orElse("type " + type.value())
                    : text(attribute);
            if (text != null && !isDefault(name, attribute)) {
                words.add(SHORT.getOrDefault(name, name) + " " + text);
            }
        });
        return words;
    }

    /** The same, so many lines at most. */
    static List<String> lines(List<String> words, int most) {
        var lines = new ArrayList<String>();
        for (int i = 0; i < words.size(); i++) {
            var word = Markup.shortened(words.get(i), MOST_WORDS);
            int last = lines.size() - 1;
            if (last >= 0 && lines.get(last).length() + word.length() + 3 <= MOST_WORDS) {
                lines.set(last, lines.get(last) + " · " + word);
            } else if (lines.size() == most) {
                lines.set(last, Markup.shortened(lines.get(last), MOST_WORDS - 4) + "  …");
                break;
            } else {
                lines.add(word);
            }
        }
        return lines;
    }

    private static boolean isDefault(String name, Attribute attribute) {
        if (attribute instanceof Attribute.Ints numbers) {
            var values = numbers.values();
            return switch (name) {
                case "strides", "dilations" -> values.stream().allMatch(value -> value == 1);
                case "pads", "output_padding" -> values.stream().allMatch(value -> value == 0);
                default -> false;
            };
        } else if (attribute instanceof Attribute.Int number) {
            return switch (name) {
                case "group" -> number.value() == 1;
                case "transA", "ceil_mode", "storage_order", "count_include_pad", "allowzero" -> number.value() == 0;
                default -> false;
            };
        } else if (attribute instanceof Attribute.Text text) {
            return name.equals("auto_pad") && text.value().equals("NOTSET");
        }
        return (name.equals("alpha") || name.equals("beta"))
                && attribute instanceof Attribute.Real real
                && real.value() == 1;
    }

    private static @Nullable String text(Attribute attribute) {
        if (attribute instanceof Attribute.Int number) {
            return Long.toString(number.value());
        } else if (attribute instanceof Attribute.Real number) {
            return Markup.number(number.value());
        } else if (attribute instanceof Attribute.Text text) {
            return Markup.shortened(text.value(), 40);
        } else if (attribute instanceof Attribute.Ints numbers) {
            return list(numbers.values());
        } else if (attribute instanceof Attribute.Reals numbers) {
            return numbers.values().stream()
                    .limit(6)
                    .map(Markup::number)
                    .collect(Collectors.joining(",", "[", numbers.values().size() > 6 ? ",…]" : "]"));
        } else if (attribute instanceof Attribute.Texts texts) {
            return texts.values().size() + " strings";
        } else if (attribute instanceof Attribute.Array array) {
            return constant(array.value());
        }
        return null;
    }

    private static String list(List<Long> values) {
        if (values.size() > 1 && values.stream().distinct().count() == 1) {
            return values.get(0) + (values.size() > 2 ? "" : "×" + values.get(0));
        }
        return values.stream()
                .limit(8)
                .map(String::valueOf)
                .collect(Collectors.joining(",", "[", values.size() > 8 ? ",…]" : "]"));
    }

    /** The number itself of a scalar, short lists, else the shape. */
    static String constant(Constant constant) {
        if (constant instanceof Tensor tensor
                && tensor.type() != ValueType.COMPLEX64
                && tensor.type() != ValueType.COMPLEX128
                && tensor.count() <= 4
                && tensor.rank() <= 1) {
            var numbers = new ArrayList<String>();
            for (int i = 0; i < tensor.count(); i++) {
                numbers.add(Markup.number(tensor.number(i)));
            }
            return tensor.rank() == 0 ? "= " + numbers.get(0) : "= [" + String.join(",", numbers) + "]";
        }
        return dims(constant);
    }

    static String dims(Constant constant) {
        return constant.dims().isEmpty()
                ? "scalar"
                : constant.dims().stream().limit(8).map(String::valueOf).collect(Collectors.joining("×"));
    }

    /** What ONNX calls an input of an operator. */
    static String parameter(Node node, int index, int opset) {
        var operator =
                node.domain().isEmpty() ? Operators.find(node.op(), opset) : Optional.<Operators.Operator>empty();
        return operator.filter(found -> index < found.inputs().size())
                .map(found -> found.inputs().get(index).name())
                .orElse("input " + index);
    }

    static String shape(ValueCost value) {
        var shape = value.shape();
        return shape == null
                ? "?"
                : shape.isEmpty() ? "scalar" : shape.stream().limit(8).collect(Collectors.joining("×"));
    }

    /** As the file declares it. */
    static String type(Value value) {
        if (value.type() instanceof Type.OfTensor tensor) {
            var shape = tensor.shape();
            return tensor.element().name().toLowerCase(Locale.ROOT)
                    + (shape == null
                            ? " of any shape"
                            : shape.stream()
                                    .limit(16)
                                    .map(Axis::toString)
                                    .collect(Collectors.joining(", ", " [", "]")));
        }
        return "no tensor";
    }

    static String name(NodeCost cost) {
        return cost.name().isEmpty() ? "(no name)" : cost.name();
    }
}
