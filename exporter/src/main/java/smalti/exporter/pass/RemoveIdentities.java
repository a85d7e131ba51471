package smalti.exporter.pass;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Removes nodes that change nothing, and the first of two casts where it loses nothing. */
final class RemoveIdentities extends GraphPass {
    private static final Set<String> OF_ONE = Set.of("Concat", "Sum", "Max", "Min", "Mean");

    RemoveIdentities() {
        super("identities");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            if (!node.domain().isEmpty() || node.input(0).isEmpty() || !draft.onlyFirstUsed(node)) {
                return;
            }
            int neutral = neutral(node, draft);
            if (neutral >= 0) {
                draft.bypass(node, node.input(1 - neutral));
            } else if (changesNothing(node, draft)) {
                draft.bypass(node, node.input(0));
            } else if (node.is("Cast")) {
                mergeCasts(node, draft);
            }
        });
    }

    private static boolean changesNothing(Node node, GraphEdit draft) {
        return switch (node.op()) {
            case "Identity" -> true;
            case "Dropout" -> dropsNothing(node, draft);
            case "Cast" -> {
                var type = draft.shapes().element(node.input(0));
                yield type.isPresent() && type.get().onnxCode() == node.whole("to", 0);
            }
            case "Transpose" -> keepsOrder(node, draft);
            case "Pad" -> padsNothing(node, draft);
            case "Slice" -> takesAll(node, draft);
            case "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand" ->
                draft.shapes().surelySameShape(node.input(0), node.output());
            // what is cut already is cut no further
            case "Relu" -> draft.maker(node.input(0), "Relu") != null;
            default -> OF_ONE.contains(node.op()) && node.inputs().size() == 1;
        };
    }

    /** Outside of training; before opset 7 an attribute says so, since opset 12 an input. */
    private static boolean dropsNothing(Node node, GraphEdit draft) {
        if (draft.opset() < 7) {
            return node.whole("is_test", 0) == 1;
        }
        if (draft.opset() < 12 || node.input(2).isEmpty()) {
            return true;
        }
        var training = draft.constant(node.input(2));
        return training != null && training.count() == 1 && training.number(0) == 0;
    }

    private static boolean keepsOrder(Node node, GraphEdit draft) {
        var order = node.wholes("perm");
        if (order.isEmpty()) {
            var rank = draft.shapes().rank(node.input(0));
            return rank.isPresent() && rank.get() <= 1;
        }
        for (int i = 0; i < order.get().size(); i++) {
            if (order.get().get(i) != i) {
                return false;
            }
        }
        return true;
    }

    private static boolean padsNothing(Node node, GraphEdit draft) {
        var pads = draft.opset() < 11 ? node.wholes(draft.opset() < 2 ? "paddings" : "pads") : known(node, 1, draft);
        return pads.isPresent() && pads.get().stream().allMatch(pad -> pad == 0);
    }

    private static Optional<List<Long>> known(Node node, int input, GraphEdit draft) {
        return node.input(input).isEmpty() ? Optional.empty() : draft.shapes().longs(node.input(input));
    }

    /** From the first on, with step 1, to an end that no size reaches. */
    private static boolean takesAll(Node node, GraphEdit draft) {
        boolean attributes = draft.opset() < 10;
        var starts = attributes ? node.wholes("starts") : known(node, 1, draft);
        var ends = attributes ? node.wholes("ends") : known(node, 2, draft);
        boolean plain = node.input(4).isEmpty()
                || known(node, 4, draft)
                        .filter(steps -> steps.stream().allMatch(step -> step == 1))
                        .isPresent();
        boolean all = starts.isPresent()
                && starts.get().stream().allMatch(start -> start == 0)
                && ends.isPresent()
                && ends.get().stream().allMatch(end -> end >= Integer.MAX_VALUE);
        if (plain && all) {
            return true;
        }
        // of fixed sizes the outcome tells, were it not for negative steps
        var before = draft.shapes().fixedShape(node.input(0));
        return plain && before.isPresent() && before.equals(draft.shapes().fixedShape(node.output()));
    }

    /** Which input is a constant that leaves the other as it is, to the last bit; −1 of none. */
    private static int neutral(Node node, GraphEdit draft) {
        if (draft.opset() < 7 || node.inputs().size() != 2) {
            return -1;
        }
        boolean commutes = node.is("Add") || node.is("Mul");
        if (!commutes && !node.is("Sub") && !node.is("Div") && !node.is("Pow")) {
            return -1;
        }
        for (int side = 1; side >= (commutes ? 0 : 1); side--) {
            var constant = draft.constant(node.input(side));
            if (constant != null && isNeutral(constant, node.op()) && keepsShape(node, side, constant, draft)) {
                return side;
            }
        }
        return -1;
    }

    private static boolean isNeutral(Tensor constant, String op) {
        if (constant.type() == ValueType.COMPLEX64 || constant.type() == ValueType.COMPLEX128) {
            return false;
        }
        boolean sums = op.equals("Add") || op.equals("Sub");
        // −0 + 0 is 0, and −0 + −0 is −0
        double neutral = !sums ? 1 : op.equals("Add") && constant.type().isFloat() ? -0.0 : 0.0;
        for (int i = 0; i < constant.count(); i++) {
            if (Double.compare(constant.number(i), neutral) != 0) {
                return false;
            }
        }
        return constant.count() > 0;
    }

    /** A constant of more axes would broadcast. */
    private static boolean keepsShape(Node node, int side, Tensor constant, GraphEdit draft) {
        var value = node.input(1 - side);
        var rank = draft.shapes().rank(value);
        return (constant.count() == 1 && rank.isPresent() && constant.rank() <= rank.get())
                || draft.shapes().surelySameShape(value, node.output());
    }

    private static void mergeCasts(Node second, GraphEdit draft) {
        var first = draft.maker(second.input(0), "Cast");
        if (first == null) {
            return;
        }
        var source = draft.shapes().element(first.input(0));
        var middle = ValueType.ofOnnxCode((int) first.whole("to", 0));
        var target = ValueType.ofOnnxCode((int) second.whole("to", 0));
        if (source.isEmpty() || middle.isEmpty() || target.isEmpty() || !holds(middle.get(), source.get())) {
            return;
        }
        boolean same = source.equals(target)
                || target.get() == ValueType.BOOL
                || holds(target.get(), source.get())
                || (source.get().isWhole()
                        && target.get().isWhole()
                        && middle.get().isWhole());
        if (same) {
            draft.replace(second, second.withInputs(List.of(first.input(0))));
        }
    }

    /** Whether every value of one type is one of another: exact, and there and back again. */
    private static boolean holds(ValueType wide, ValueType narrow) {
        if (wide == narrow) {
            return true;
        }
        return switch (narrow) {
            case BOOL -> wide.isWhole() || wide.isFloat();
            case UINT8 -> wide == ValueType.FLOAT16 || isFloat32Or64(wide) || (wide.isWhole() && wide.bytes() > 1);
            case INT8 -> wide == ValueType.FLOAT16 || isFloat32Or64(wide) || (isSigned(wide) && wide.bytes() > 1);
            case UINT16 -> isFloat32Or64(wide) || (wide.isWhole() && wide.bytes() > 2);
            case INT16 -> isFloat32Or64(wide) || (isSigned(wide) && wide.bytes() > 2);
            case UINT32 -> wide == ValueType.FLOAT64 || (wide.isWhole() && wide.bytes() > 4);
            case INT32 -> wide == ValueType.FLOAT64 || wide == ValueType.INT64;
            case FLOAT16, BFLOAT16 -> isFloat32Or64(wide);
            case FLOAT32 -> wide == ValueType.FLOAT64;
            default -> false;
        };
    }

    private static boolean isFloat32Or64(ValueType type) {
        return type == ValueType.FLOAT32 || type == ValueType.FLOAT64;
    }

    private static boolean isSigned(ValueType type) {
        return type == ValueType.INT16 || type == ValueType.INT32 || type == ValueType.INT64;
    }
}
