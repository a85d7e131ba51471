package smalti.exporter.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Pictures of other sizes. */
final class ResizeShapes {
    private ResizeShapes() {}

    static Map<String, ShapeRule> rows() {
        return Map.of("Resize", ResizeShapes::resized, "Upsample", ResizeShapes::resized);
    }

    private static @Nullable List<Axis> resized(KnownNode node) {
        var shape = node.shape(0);
        if (shape == null || node.hasAttribute("axes")) {
            return shape == null ? null : Axes.unknown(shape.size());
        }
        var sizes = node.op().equals("Resize") ? node.longs(3) : null;
        boolean stretches = node.text("keep_aspect_ratio_policy", "stretch").equals("stretch");
        var scales = scales(node);
        boolean crops =
                node.text("coordinate_transformation_mode", "half_pixel").equals("tf_crop_and_resize");
        if (scales != null && scales.size() == shape.size() && !crops) {
            var scaled = new ArrayList<Axis>();
            for (int i = 0; i < shape.size(); i++) {
                scaled.add(scaled(shape.get(i), scales.get(i)));
            }
            return scaled;
        }
        return sizes != null && stretches && sizes.size() == shape.size()
                ? Axes.ofSizes(sizes)
                : Axes.unknown(shape.size());
    }

    /** By what Resize or Upsample stretches each axis; null where unknown, or sizes are given instead. */
    private static @Nullable List<Float> scales(KnownNode node) {
        if (node.attribute("scales") instanceof Attribute.Reals fixed) {
            return fixed.values();
        }
        int index = node.op().equals("Resize") && node.opset() >= 11 ? 2 : 1;
        var scales = node.floats(index);
        return scales == null || scales.isEmpty() ? null : scales;
    }

    private static Axis scaled(Axis axis, float scale) {
        if (scale == 1) {
            return axis;
        }
        // in 32 bits, as ONNX Runtime computes it
        float size = (float) Math.floor(axis.size() * scale);
        return axis.isFixed() && size >= 0 && size < 1 << 24 ? Axis.of((long) size) : Axis.UNKNOWN;
    }
}
