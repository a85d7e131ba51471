package smalti.trainer.graph;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A value of a {@link StepPlan}: given from outside, a place of its own, or another value in another shape. */
final class PlannedValue {
    private final long[] shape;
    private final DataType type;
    private final PlannedValue root;
    /** Whether other steps may find other values in it. */
    private final boolean changes;

    private @Nullable INDArray array;
    private int first = Integer.MAX_VALUE;
    private int last = -1;

    private PlannedValue(
            long[] shape, DataType type, @Nullable PlannedValue root, @Nullable INDArray array, boolean changes) {
        this.changes = changes;
        this.shape = shape;
        this.type = type;
        this.root = root == null ? this : root;
        this.array = array;
    }

    /** An array of the graph: a constant or a variable. */
    static PlannedValue known(INDArray array) {
        return new PlannedValue(array.shape(), array.dataType(), null, array, false);
    }

    /** An array that holds another batch in every step. */
    static PlannedValue input(INDArray array) {
        return new PlannedValue(array.shape(), array.dataType(), null, array, true);
    }

    /** One that a step computes. */
    static PlannedValue computed(long[] shape, DataType type) {
        return new PlannedValue(shape, type, null, null, true);
    }

    /** The same elements in another shape. */
    PlannedValue reshaped(long[] other) {
        return new PlannedValue(other, type, root, null, changes);
    }

    long[] shape() {
        return shape;
    }

    DataType type() {
        return type;
    }

    long length() {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** Whether memory has to be found for it. */
    boolean isPlaced() {
        return root == this && array == null;
    }

    /** Whether its values may be read while a step is planned. */
    boolean isKnown() {
        return !changes;
    }

    /** Notes that the call of that number reads or writes it. */
    void lives(int call) {
        root.first = Math.min(root.first, call);
        root.last = Math.max(root.last, call);
    }

    boolean livesBeside(PlannedValue other) {
        return first <= other.last && other.first <= last;
    }

    void put(INDArray place) {
        array = place;
    }

    INDArray array() {
        if (array == null) {
            if (root == this || root.array == null) {
                throw new IllegalStateException("no place was found for a value of " + Arrays.toString(shape));
            }
            array = root.array.reshape('c', shape);
        }
        return array;
    }
}
