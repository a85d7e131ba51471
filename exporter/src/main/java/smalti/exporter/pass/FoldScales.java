package smalti.exporter.pass;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * Puts additions and multiplications by constants into the weights of the Conv, ConvTranspose or Gemm before them, and
 * makes MatMul and Add of matrices one Gemm.
 */
final class FoldScales extends GraphPass {
    private static final Set<String> SCALES = Set.of("Add", "Sub", "Mul", "Div");

    FoldScales() {
        super("scales");
    }

    @Override
    void rewrite(Draft draft) {
        draft.each(node -> {
            if (node.domain().isEmpty() && SCALES.contains(node.op()) && draft.opset() >= 7) {
                fold(node, 0, draft);
            }
        });
    }

    private static void fold(Node node, int side, Draft draft) {
        var value = node.input(side);
        var constant = draft.constant(node.input(1 - side));
        var maker = draft.maker(value);
        if (constant != null && maker != null && draft.isUsedOnce(value)) {
            var layer = Layer.of(maker, draft).orElse(null);
            if (layer != null) {
                foldIntoLayer(node, side, constant, layer, draft);
            } else if (maker.is("Gemm")) {
                foldIntoGemm(node, side, constant, maker, draft);
            } else if (maker.is("MatMul") && node.is("Add")) {
                makeGemm(node, constant, maker, draft);
            }
        } else if (side == 0) {
            fold(node, 1, draft);
        }
    }

    /** What the node does to its value: {@code factor·value + shift}; empty of a division by the value. */
    private record Affine(double[] factor, double[] shift) {
        static @Nullable Affine of(Node node, int side, double[] constant) {
            var ones = new double[constant.length];
            Arrays.fill(ones, 1);
            var zeros = new double[constant.length];
            return switch (node.op()) {
                case "Add" -> new Affine(ones, constant);
                case "Sub" ->
                    side == 0 ? new Affine(ones, each(constant, x -> -x)) : new Affine(each(ones, x -> -x), constant);
                case "Mul" -> new Affine(constant, zeros);
                default -> side == 0 ? new Affine(each(constant, x -> 1 / x), zeros) : null;
            };
        }

        private static double[] each(double[] values, DoubleUnaryOperator by) {
            return Arrays.stream(values).map(by).toArray();
        }
    }

    private static void foldIntoLayer(Node node, int side, Tensor constant, Layer layer, Draft draft) {
        var values = Layer.perChannel(constant, layer.weights().rank(), 1, layer.channels());
        if (values.isPresent() && constant.type() == layer.weights().type()) {
            var affine = Affine.of(node, side, values.get());
            if (affine != null) {
                layer.absorb(node, affine.factor(), affine.shift(), draft);
            }
        }
    }

    private static void foldIntoGemm(Node node, int side, Tensor constant, Node gemm, Draft draft) {
        var matrix = draft.shapes().fixedShape(gemm.input(1)).orElse(List.of());
        boolean turned = gemm.whole("transB", 0) != 0;
        if (matrix.size() != 2) {
            return;
        }
        int columns = Math.toIntExact(matrix.get(turned ? 0 : 1));
        var values = Layer.perChannel(constant, 2, 1, columns);
        var affine = values.isEmpty() ? null : Affine.of(node, side, values.get());
        var offsets = new double[columns];
        if (!gemm.input(2).isEmpty()) {
            var given = Layer.perChannel(draft.constant(gemm.input(2)), 2, 1, columns);
            if (given.isEmpty()) {
                return;
            }
            offsets = given.get();
        }
        if (affine == null) {
            return;
        }
        boolean scales = Arrays.stream(affine.factor()).anyMatch(factor -> factor != 1);
        var weights = draft.constant(gemm.input(1));
        var type = draft.shapes().element(gemm.input(1)).orElse(ValueType.STRING);
        if (type != constant.type() || (scales && weights == null)) {
            return;
        }
        double beta = gemm.real("beta", 1);
        for (int i = 0; i < columns; i++) {
            offsets[i] = beta * offsets[i] * affine.factor()[i] + affine.shift()[i];
        }
        var b = gemm.input(1);
        if (scales && weights != null) {
            var scaled = Layer.numbers(weights);
            int rowLength = Math.toIntExact(weights.dims().get(1));
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] *= affine.factor()[turned ? i / rowLength : i % rowLength];
            }
            if (!Arrays.stream(scaled).allMatch(Double::isFinite)) {
                return;
            }
            b = draft.add(node.output() + "_weight", Layer.tensor(type, weights.dims(), scaled));
        }
        var c = draft.add(node.output() + "_bias", Layer.tensor(type, List.of((long) columns), offsets));
        var attributes = new TreeMap<>(gemm.attributes());
        attributes.remove("beta");
        draft.replace(
                node,
                new Node(gemm.name(), "", "Gemm", List.of(gemm.input(0), b, c), List.of(node.output()), attributes));
        draft.remove(gemm);
    }

    private static void makeGemm(Node add, Tensor constant, Node product, Draft draft) {
        var shapes = draft.shapes();
        var matrix = shapes.fixedShape(product.input(1)).orElse(List.of());
        boolean matrices = matrix.size() == 2 && shapes.rank(product.input(0)).orElse(0) == 2;
        if (matrices
                && Layer.perChannel(constant, 2, 1, Math.toIntExact(matrix.get(1)))
                        .isPresent()) {
            var offsets = add.input(0).equals(product.output()) ? add.input(1) : add.input(0);
            draft.replace(
                    add,
                    new Node(
                            product.name(),
                            "",
                            "Gemm",
                            List.of(product.input(0), product.input(1), offsets),
                            add.outputs(),
                            new TreeMap<>()));
            draft.remove(product);
        }
    }
}
