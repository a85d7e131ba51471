package smalti.exporter.pass;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;

/** What a node does to each channel of a value x: {@code factor·x + shift}. */
record Affine(double[] factor, double[] shift) {
    /**
     * Of an Add, Sub, Mul or Div by constants.
     *
     * @param side the input that is x
     * @param constant a number a channel
     * @return empty of a division by x
     */
    static Optional<Affine> of(Node node, int side, double[] constant) {
        var ones = new double[constant.length];
        Arrays.fill(ones, 1);
        var zeros = new double[constant.length];
        return switch (node.op()) {
            case "Add" -> Optional.of(new Affine(ones, constant));
            case "Sub" ->
                Optional.of(
                        side == 0
                                ? new Affine(ones, each(constant, x -> -x))
                                : new Affine(each(ones, x -> -x), constant));
            case "Mul" -> Optional.of(new Affine(constant, zeros));
            case "Div" -> side == 0 ? Optional.of(new Affine(each(constant, x -> 1 / x), zeros)) : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** Of a BatchNormalization outside of training whose numbers are constant; it normalises axis 1. */
    static Optional<Affine> ofNormalization(Node node, int channels, GraphEdit draft) {
        if (!isInference(node, draft)) {
            return Optional.empty();
        }
        var parts = new Tensor[4];
        for (int i = 0; i < parts.length; i++) {
            var part = draft.constant(node.input(i + 1));
            if (part == null || !Layer.isFloat(part) || part.count() != channels) {
                return Optional.empty();
            }
            parts[i] = part;
        }
        double epsilon = node.real("epsilon", 1e-5f);
        var factor = new double[channels];
        var shift = new double[channels];
        for (int i = 0; i < channels; i++) {
            factor[i] = parts[0].number(i) / Math.sqrt(parts[3].number(i) + epsilon);
            shift[i] = parts[1].number(i) - parts[2].number(i) * factor[i];
        }
        return Optional.of(new Affine(factor, shift));
    }

    private static boolean isInference(Node node, GraphEdit draft) {
        if (!node.is("BatchNormalization")
                || !draft.onlyFirstUsed(node)
                || node.whole("training_mode", 0) != 0
                || node.whole("spatial", 1) != 1) {
            return false;
        }
        return draft.opset() >= 7 || node.whole("is_test", 0) == 1;
    }

    private static double[] each(double[] values, DoubleUnaryOperator by) {
        return Arrays.stream(values).map(by).toArray();
    }

    /** Whether all that it does is to add. */
    boolean isShift() {
        return Arrays.stream(factor).allMatch(value -> value == 1);
    }

    /** Whether all that it does is to multiply. */
    boolean isScale() {
        return Arrays.stream(shift).allMatch(value -> value == 0);
    }
}
