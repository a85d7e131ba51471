package smalti.exporter.samediff;

import java.util.ArrayList;
import java.util.List;

/**
 * What a strided slice does to each axis, as NumPy and TensorFlow read its masks: {@code x[1:5:2, ..., np.newaxis, 0]} has
 * a place for each of its four parts, and a bit of a mask stands for a place, not for an axis.
 *
 * @param parts in the order of the result's axes; each but {@link Kind#NEW} takes the next axis of the input
 */
public record StridedCut(List<Part> parts) {
    /** Masks of begin, ellipsis, end, new axis and shrunk axis. */
    private static final int MASKS = 5;

    /** What becomes of an axis. */
    public enum Kind {
        /** It stays whole. */
        WHOLE,
        /** Some of it stays. */
        RANGE,
        /** One element stays, and the axis goes. */
        SHRUNK,
        /** It is added, of size 1. */
        NEW
    }

    /**
     * One axis.
     *
     * @param begin negative numbers count from the end, of a range and of a shrunk axis
     * @param fromFirst whether a range begins with the first element in its direction, whatever {@code begin} says
     * @param toLast whether a range goes on to the last element in its direction, whatever {@code end} says
     */
    public record Part(Kind kind, long begin, long end, long step, boolean fromFirst, boolean toLast) {
        private static Part of(Kind kind) {
            return new Part(kind, 0, 0, 1, true, true);
        }
    }

    public StridedCut {
        parts = List.copyOf(parts);
    }

    /**
     * @param ints nd4j's arguments: masks, then the begins, ends and steps of all places
     * @param rank of the input, at least {@link #axes}
     */
    public static StridedCut of(List<Long> ints, int rank) {
        int count = places(ints);
        var parts = new ArrayList<Part>();
        boolean isOpen = true; // no ellipsis yet
        for (int place = 0; place < count; place++) {
            if (bit(ints, 1, place)) {
                for (int axis = axes(ints); axis < rank; axis++) {
                    parts.add(Part.of(Kind.WHOLE));
                }
                isOpen = false;
            } else if (bit(ints, 3, place)) {
                parts.add(Part.of(Kind.NEW));
            } else {
                boolean isShrunk = bit(ints, 4, place);
                parts.add(new Part(
                        isShrunk ? Kind.SHRUNK : Kind.RANGE,
                        ints.get(MASKS + place),
                        ints.get(MASKS + count + place),
                        isShrunk ? 1 : ints.get(MASKS + 2 * count + place),
                        bit(ints, 0, place),
                        bit(ints, 2, place)));
            }
        }
        for (int axis = axes(ints); isOpen && axis < rank; axis++) {
            parts.add(Part.of(Kind.WHOLE));
        }
        return new StridedCut(parts);
    }

    /** Whether there are begins, ends and steps of as many places, one at least. */
    public static boolean isComplete(List<Long> ints) {
        return ints.size() >= MASKS + 3 && (ints.size() - MASKS) % 3 == 0;
    }

    /** How many axes of the input are named; those that an ellipsis stands for are not. */
    public static int axes(List<Long> ints) {
        int axes = 0;
        for (int place = 0; place < places(ints); place++) {
            axes += isOfAxis(ints, place) ? 1 : 0;
        }
        return axes;
    }

    /** How many ellipses there are; one at most says what it means. */
    static int ellipses(List<Long> ints) {
        int ellipses = 0;
        for (int place = 0; place < places(ints); place++) {
            ellipses += bit(ints, 1, place) ? 1 : 0;
        }
        return ellipses;
    }

    /** The steps of the axes of which a range is taken; other places hold numbers that nobody reads. */
    static List<Long> steps(List<Long> ints) {
        int count = places(ints);
        var steps = new ArrayList<Long>();
        for (int place = 0; place < count; place++) {
            if (isOfAxis(ints, place) && !bit(ints, 4, place)) {
                steps.add(ints.get(MASKS + 2 * count + place));
            }
        }
        return steps;
    }

    /**
     * Whether it goes forwards alone, without an ellipsis or a new axis, and with all that is written of a shrunk axis in
     * order: SameDiff's kernel does no other cut as it documents.
     */
    static boolean isPlain(List<Long> ints) {
        int count = places(ints);
        boolean isPlain = ints.get(1) == 0 && ints.get(3) == 0;
        for (int place = 0; place < count; place++) {
            long step = ints.get(MASKS + 2 * count + place);
            boolean isMarked = bit(ints, 0, place) || bit(ints, 2, place);
            isPlain &= bit(ints, 4, place) ? step == 1 && !isMarked : step > 0;
        }
        return isPlain;
    }

    private static boolean isOfAxis(List<Long> ints, int place) {
        return !bit(ints, 1, place) && !bit(ints, 3, place);
    }

    private static int places(List<Long> ints) {
        return (ints.size() - MASKS) / 3;
    }

    private static boolean bit(List<Long> ints, int mask, int place) {
        return ((ints.get(mask) >> place) & 1) != 0;
    }
}
