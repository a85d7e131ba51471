package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Products and determinants of matrices. */
final class MatrixShapes {
    private MatrixShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.ofEntries(
                Map.entry("Det", node -> Axes.leading(node.shape(0), 2)),
                Map.entry("Gemm", MatrixShapes::gemm),
                Map.entry("MatMul", node -> multiplied(node.shape(0), node.shape(1))),
                Map.entry("MatMulInteger", node -> multiplied(node.shape(0), node.shape(1))),
                Map.entry("QLinearMatMul", node -> multiplied(node.shape(0), node.shape(3))));
    }

    private static @Nullable List<Axis> gemm(KnownNode node) {
        var a = node.shape(0);
        var b = node.shape(1);
        Axis rows = a == null || a.size() != 2 ? Axis.UNKNOWN : a.get(node.whole("transA", 0) == 0 ? 0 : 1);
        Axis columns = b == null || b.size() != 2 ? Axis.UNKNOWN : b.get(node.whole("transB", 0) == 0 ? 1 : 0);
        return List.of(rows, columns);
    }

    private static @Nullable List<Axis> multiplied(@Nullable List<Axis> a, @Nullable List<Axis> b) {
        if (a == null || b == null || a.isEmpty() || b.isEmpty()) {
            return null;
        }
        var batch = Axes.broadcast(
                a.size() < 2 ? List.of() : a.subList(0, a.size() - 2),
                b.size() < 2 ? List.of() : b.subList(0, b.size() - 2));
        if (batch == null) {
            return null;
        }
        var result = new ArrayList<>(batch);
        if (a.size() > 1) {
            result.add(a.get(a.size() - 2));
        }
        if (b.size() > 1) {
            result.add(b.get(b.size() - 1));
        }
        return result;
    }
}
