package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Memory that values share whose lives do not meet, so that a step's working set stays in the caches.
 *
 * <p>Source: Pisarchyk and Lee 2020, arXiv:2001.03288, algorithm 3 (greedy by size).
 */
final class Arena {
    /** A cache line, and what vector instructions like best. */
    private static final int ALIGNMENT = 64;
    /** Elements below which a value gets memory of its own: nothing is to be won, and scalars have no strides. */
    private static final int SMALL = 64;

    private Arena() {}

    private record Placed(PlannedValue value, long from, long to) {}

    static void place(Collection<PlannedValue> values) {
        Map<DataType, List<PlannedValue>> byType = new EnumMap<>(DataType.class);
        for (var value : values) {
            if (value.isPlaced()) {
                if (value.length() < SMALL) {
                    value.put(Nd4j.createUninitialized(value.type(), value.shape(), 'c'));
                } else {
                    byType.computeIfAbsent(value.type(), none -> new ArrayList<>())
                            .add(value);
                }
            }
        }
        byType.forEach(Arena::place);
    }

    private static void place(DataType type, List<PlannedValue> values) {
        values.sort(Comparator.comparingLong(PlannedValue::length).reversed());
        int step = ALIGNMENT / type.width();
        var placed = new ArrayList<Placed>();
        long end = 0;
        for (var value : values) {
            long length = (value.length() + step - 1) / step * step;
            long from = gap(placed, value, length);
            placed.add(new Placed(value, from, from + length));
            end = Math.max(end, from + length);
        }
        var memory = Nd4j.createBuffer(type, end, false);
        placed.forEach(place -> place.value.put(view(memory, place)));
    }

    /** The first place that is free, of that length, while the value lives. */
    private static long gap(List<Placed> placed, PlannedValue value, long length) {
        var beside = placed.stream()
                .filter(other -> other.value.livesBeside(value))
                .sorted(Comparator.comparingLong(Placed::from))
                .toList();
        long from = 0;
        for (var other : beside) {
            if (from + length <= other.from) {
                break;
            }
            from = Math.max(from, other.to);
        }
        return from;
    }

    private static INDArray view(DataBuffer memory, Placed place) {
        var shape = place.value.shape();
        return Nd4j.create(memory, shape, Nd4j.getStrides(shape, 'c'), place.from, 'c', place.value.type());
    }
}
