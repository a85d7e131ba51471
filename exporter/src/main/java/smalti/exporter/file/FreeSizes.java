package smalti.exporter.file;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;

/**
 * The sizes of the free axes of inputs.
 *
 * @param size of those that have none of their own
 * @param own by the name of the axis, or else by its place
 */
record FreeSizes(int size, Map<String, Long> own) {
    /** More would take long. */
    private static final int MOST_TIMES = 4;

    FreeSizes {
        own = Map.copyOf(own);
    }

    /** One for all. */
    static FreeSizes same(int size) {
        return new FreeSizes(size, Map.of());
    }

    /**
     * Another for each name, and for each place of axes without one: then a shape that is put together from the wrong axis
     * shows. The first is most often the batch, and gets a small one; networks over pictures take multiples of a size that
     * they take.
     *
     * @param turned whether the last gets the smallest multiple, or the first
     */
    static FreeSizes apart(List<Value> inputs, int size, boolean turned) {
        var keys = new LinkedHashSet<String>();
        for (var input : inputs) {
            if (input.type() instanceof Type.OfTensor tensor && tensor.shape() != null) {
                for (int place = 0; place < tensor.shape().size(); place++) {
                    if (!tensor.shape().get(place).isFixed()) {
                        keys.add(key(tensor.shape().get(place), place));
                    }
                }
            }
        }
        var own = new HashMap<String, Long>();
        var list = new ArrayList<>(keys);
        for (int i = 0; i < list.size(); i++) {
            int times = 1 + (turned ? list.size() - 1 - i : i - 1) % MOST_TIMES;
            own.put(list.get(i), i == 0 ? batch(size) : (long) size * times);
        }
        return new FreeSizes(size, own);
    }

    private static long batch(int size) {
        return size == 1 || size == 3 ? 5 : 3;
    }

    private static String key(Axis axis, int place) {
        return axis.name() == null ? "axis " + place : axis.name();
    }

    long of(Axis axis, int place) {
        return axis.isFixed() ? axis.size() : own.getOrDefault(key(axis, place), (long) size);
    }
}
