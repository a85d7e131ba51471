package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Of what runs other graphs. */
final class ControlShapes {
    private ControlShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.of("If", ShapeRule.UNKNOWN.andThen(ControlShapes::branches));
    }

    /** What both branches agree on. */
    private static void branches(KnownNode node) {
        var ends = new ArrayList<Map<Integer, List<Axis>>>();
        for (var body : node.bodies()) {
            var inner = node.inside(body);
            var shapeOf = new HashMap<Integer, List<Axis>>();
            for (int i = 0; i < Math.min(body.outputs().size(), node.outputs()); i++) {
                int at = i;
                var end = body.outputs().get(i).name();
                inner.shape(end).ifPresent(shape -> shapeOf.put(at, shape));
                if (ends.isEmpty()) {
                    inner.element(end).ifPresent(type -> node.give(at, type));
                }
            }
            ends.add(shapeOf);
        }
        if (ends.size() != 2) {
            return;
        }
        for (int i = 0; i < node.outputs(); i++) {
            var one = ends.get(0).get(i);
            var other = ends.get(1).get(i);
            if (one != null && other != null && one.size() == other.size()) {
                var merged = new ArrayList<Axis>();
                for (int axis = 0; axis < one.size(); axis++) {
                    merged.add(one.get(axis).surelyEquals(other.get(axis)) ? one.get(axis) : Axis.UNKNOWN);
                }
                node.give(i, merged);
            }
        }
    }
}
