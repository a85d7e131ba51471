package smalti.runtime;

import java.util.List;

/**
 * Where the batch is among the axes of a value.
 *
 * @param axis −1 where there is none, as in weights
 * @param rank −1 where it is not known
 */
record BatchAxis(int axis, int rank) {
    int place(long axis) {
        return axis >= 0 ? (int) axis : rank < 0 ? Integer.MIN_VALUE : (int) axis + rank;
    }

    /** Where it is once other axes are gone. */
    BatchAxis without(List<Integer> others) {
        int before = (int) others.stream().filter(place -> place < axis).count();
        return new BatchAxis(axis - before, rank - others.size());
    }
}
