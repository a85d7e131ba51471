package smalti.trainer.graph;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * An op of training graphs that a {@link StepPlan} runs by a kernel of ours, where libnd4j has none that is right and
 * fast. SameDiff itself cannot run it, and no graph that is saved holds one.
 */
abstract class KernelOp extends DynamicCustomOp {
    private final int outputs;

    KernelOp(int outputs, SameDiff graph, SDVariable... inputs) {
        super(graph, inputs);
        this.outputs = outputs;
    }

    /** A literal, as it is asked for before any field is set. */
    @Override
    public abstract String opName();

    /** The shapes of the outputs, of those of the inputs. */
    abstract List<long[]> shapes(List<long[]> inputs);

    /** The kernel over arrays that stay the same, each dense in C order; run once a step. */
    abstract Runnable kernel(List<INDArray> inputs, List<INDArray> outputs);

    /**
     * Adds the gradients of the inputs to the graph; first derivatives alone unless an op says otherwise.
     *
     * @param upstream the gradients of the outputs; null where nothing depends on one
     * @return one an input; null where there is none
     */
    List<@Nullable SDVariable> gradients(List<@Nullable SDVariable> upstream) {
        throw new IllegalArgumentException("op \"" + opName() + "\" at node " + getOwnName()
                + " must not be differentiated, as it is a gradient itself; take a penalty of first order");
    }

    @Override
    public int getNumOutputs() {
        return outputs;
    }

    @Override
    public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
        return Collections.nCopies(outputs, DataType.FLOAT);
    }
}
