package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Many numbers along axes become one. */
final class ReductionShapes {
    /** Along several axes; ArgMax and ArgMin take one. */
    private static final Set<String> REDUCTIONS = Set.of(
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSum",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSum",
            "ReduceSumSquare");

    private ReductionShapes() {}

    static Map<String, ShapeRule> rows() {
        var rows = new HashMap<String, ShapeRule>();
        REDUCTIONS.forEach(op -> rows.put(op, ReductionShapes::reduced));
        rows.put("ArgMax", ReductionShapes::argument);
        rows.put("ArgMin", ReductionShapes::argument);
        return rows;
    }

    private static @Nullable List<Axis> reduced(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null) {
            return null;
        }
        boolean keeps = node.whole("keepdims", 1) == 1;
        var axes = node.list("axes", 1);
        if (axes == null && node.isGiven("axes", 1)) {
            return keeps ? Axes.unknown(shape.size()) : null;
        }
        if (axes == null || axes.isEmpty()) {
            if (node.whole("noop_with_empty_axes", 0) == 1) {
                return shape;
            }
            axes = new ArrayList<>();
            for (long i = 0; i < shape.size(); i++) {
                axes.add(i);
            }
        }
        return Axes.without(shape, axes, keeps);
    }

    private static @Nullable List<Axis> argument(KnownNode node) {
        var shape = node.shape(0);
        return shape == null
                ? null
                : Axes.without(shape, List.of(node.whole("axis", 0)), node.whole("keepdims", 1) == 1);
    }
}
