package smalti.exporter.samediff;

import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Gives each result of a run an array of its own, all zero. SameDiff itself uses arrays again, within a run and in the
 * next, and not every kernel writes all of the array that it is given: with oneDNN, {@code xw_plus_b} adds to what is
 * there.
 */
final class FreshArrays extends AbstractMemoryMgr {
    @Override
    public INDArray allocate(boolean detached, DataType type, long... shape) {
        return shape.length == 0 ? Nd4j.scalar(type, 0) : Nd4j.create(type, shape);
    }

    @Override
    public INDArray allocate(boolean detached, LongShapeDescriptor descriptor) {
        return Nd4j.create(descriptor, true);
    }

    @Override
    public void release(INDArray array) {
        // others may be views of it: the garbage collector knows
    }

    @Override
    public void close() {}
}
