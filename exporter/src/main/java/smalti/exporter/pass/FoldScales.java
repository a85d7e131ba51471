package smalti.exporter.pass;

import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/**
 * Puts additions and multiplications by constants into the weights of the Conv, ConvTranspose, Gemm or MatMul before
 * them, and makes MatMul and Add of matrices one Gemm.
 */
final class FoldScales extends GraphPass {
    static final Set<String> SCALES = Set.of("Add", "Sub", "Mul", "Div");

    FoldScales() {
        super("scales");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            if (node.domain().isEmpty() && SCALES.contains(node.op()) && draft.opset() >= 7) {
                if (!fold(node, 0, draft)) {
                    fold(node, 1, draft);
                }
            }
        });
    }

    private static boolean fold(Node node, int side, GraphEdit draft) {
        var value = node.input(side);
        var constant = draft.constant(node.input(1 - side));
        var maker = draft.maker(value);
        if (constant == null || maker == null || !draft.isUsedOnce(value)) {
            return false;
        }
        var layer = Layer.of(maker, draft).orElse(null);
        if (layer != null && foldIntoLayer(node, side, constant, layer, draft)) {
            return true;
        } else if (maker.is("Gemm") && (node.is("Add") || node.is("Sub"))) {
            return foldIntoGemm(node, side, constant, maker, draft);
        } else if (maker.is("MatMul") && node.is("Add")) {
            return makeGemm(node, constant, maker, draft);
        }
        return false;
    }

    private static boolean foldIntoLayer(Node node, int side, Tensor constant, Layer layer, GraphEdit draft) {
        var values = Layer.perChannel(constant, layer.rank(), layer.axis(), layer.channels());
        return values.isPresent()
                && constant.type() == layer.weights().type()
                && Affine.of(node, side, values.get())
                        .filter(affine -> layer.absorb(node, affine, draft))
                        .isPresent();
    }

    /** An offset into the bias of a Gemm whose weights are computed. */
    private static boolean foldIntoGemm(Node node, int side, Tensor constant, Node gemm, GraphEdit draft) {
        var matrix = draft.shapes().fixedShape(gemm.input(1)).orElse(List.of());
        if (matrix.size() != 2) {
            return false;
        }
        int columns = Math.toIntExact(matrix.get(gemm.whole("transB", 0) != 0 ? 0 : 1));
        var values = Layer.perChannel(constant, 2, 1, columns);
        var affine = values.flatMap(numbers -> Affine.of(node, side, numbers)).orElse(null);
        var type = draft.shapes().element(gemm.input(1)).orElse(ValueType.STRING);
        if (affine == null || !affine.isShift() || type != constant.type()) {
            return false;
        }
        var offsets = new double[columns];
        if (!gemm.input(2).isEmpty()) {
            var given = Layer.perChannel(draft.constant(gemm.input(2)), 2, 1, columns);
            if (given.isEmpty()) {
                return false;
            }
            offsets = given.get();
        }
        double beta = gemm.real("beta", 1);
        for (int i = 0; i < columns; i++) {
            offsets[i] = beta * offsets[i] + affine.shift()[i];
        }
        var c = draft.add(node.output() + "_bias", Layer.tensor(type, List.of((long) columns), offsets));
        var attributes = new TreeMap<>(gemm.attributes());
        attributes.remove("beta");
        draft.replace(
                node,
                new Node(
                        gemm.name(),
                        "",
                        "Gemm",
                        List.of(gemm.input(0), gemm.input(1), c),
                        List.of(node.output()),
                        attributes));
        draft.remove(gemm);
        return true;
    }

    /** Of two matrices that are both computed, or whose constant is shared. */
    private static boolean makeGemm(Node add, Tensor constant, Node product, GraphEdit draft) {
        var shapes = draft.shapes();
        var matrix = shapes.fixedShape(product.input(1)).orElse(List.of());
        boolean fits = matrix.size() == 2
                && shapes.rank(product.input(0)).orElse(0) == 2
                && Layer.perChannel(constant, 2, 1, Math.toIntExact(matrix.get(1)))
                        .isPresent();
        if (fits) {
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
        return fits;
    }
}
