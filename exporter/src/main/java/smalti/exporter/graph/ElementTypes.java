package smalti.exporter.graph;

import java.util.Optional;
import java.util.Set;

/** Which types the elements of a node's outputs have. */
final class ElementTypes {
    /** Of these no input and no attribute tells. */
    private static final Set<String> UNTOLD =
            Set.of("SequenceAt", "If", "Loop", "Scan", "Optional", "OptionalGetElement", "StringSplit", "SequenceMap");

    private ElementTypes() {}

    static void infer(KnownNode node) {
        switch (node.op()) {
            case "Cast", "BitCast" -> element(node, node.whole("to", 0));
            case "Constant", "ConstantOfShape" -> constant(node);
            case "RandomNormal", "RandomUniform" -> element(node, node.whole("dtype", 1));
            case "RandomNormalLike", "RandomUniformLike", "EyeLike", "Bernoulli" -> {
                if (node.hasAttribute("dtype")) {
                    element(node, node.whole("dtype", 1));
                } else {
                    copy(node, 0, 0);
                }
            }
            case "QuantizeLinear" -> {
                if (node.has(2)) {
                    copy(node, 2, 0);
                } else if (node.whole("output_dtype", 0) == 0) {
                    node.give(0, ValueType.UINT8);
                } else {
                    element(node, node.whole("output_dtype", 0));
                }
            }
            case "DequantizeLinear" -> {
                byTable(node);
                if (node.whole("output_dtype", 0) != 0) {
                    element(node, node.whole("output_dtype", 0));
                } else if (node.opset() >= 19) {
                    // the first versions give 32-bit floats always
                    copy(node, 1, 0);
                }
            }
            case "Multinomial" -> element(node, node.whole("dtype", 6));
            default -> {
                if (!UNTOLD.contains(node.op())) {
                    byTable(node);
                }
            }
        }
    }

    /** Of the first output, by ONNX's number of the type. */
    private static void element(KnownNode node, long code) {
        if (code >= 0 && code < 100) {
            ValueType.ofOnnxCode((int) code).ifPresent(type -> node.give(0, type));
        }
    }

    private static void copy(KnownNode node, int input, int output) {
        node.element(input).ifPresent(type -> node.give(output, type));
    }

    private static void constant(KnownNode node) {
        if (node.attribute("value") instanceof Attribute.Array array) {
            element(node, array.value().onnxCode());
        } else if (node.hasAttribute("value_int") || node.hasAttribute("value_ints")) {
            node.give(0, ValueType.INT64);
        } else if (node.op().equals("ConstantOfShape")
                || node.hasAttribute("value_float")
                || node.hasAttribute("value_floats")) {
            node.give(0, ValueType.FLOAT32);
        }
    }

    /** An output whose type is that of an input, or always the same. */
    private static void byTable(KnownNode node) {
        var operator = Operators.find(node.op(), node.opset())
                .filter(found -> !found.outputs().isEmpty())
                .orElse(null);
        if (operator == null) {
            return;
        }
        for (int i = 0; i < node.outputs(); i++) {
            int at = i;
            var output = operator.outputs().get(Math.min(i, operator.outputs().size() - 1));
            if (output.type().startsWith("tensor(")) {
                ValueType.ofText(output.type()).ifPresent(type -> node.give(at, type));
                continue;
            }
            var allowed = operator.constraints().get(output.type());
            if (allowed != null && allowed.size() == 1) {
                ValueType.ofText(allowed.iterator().next()).ifPresent(type -> node.give(at, type));
            }
            sameAsInput(node, operator, output.type()).ifPresent(input -> copy(node, input, at));
        }
    }

    /** The first input that is given and is of a constraint. */
    private static Optional<Integer> sameAsInput(KnownNode node, Operators.Operator operator, String constraint) {
        for (int i = 0; i < node.inputs() && !operator.inputs().isEmpty(); i++) {
            var input = operator.inputs().get(Math.min(i, operator.inputs().size() - 1));
            if (input.type().equals(constraint) && node.has(i)) {
                return Optional.of(i);
            }
        }
        return Optional.empty();
    }
}
