package smalti.trainer.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BaseOp;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;
import org.nd4j.linalg.api.ops.impl.layers.convolution.Conv2DDerivative;
import org.nd4j.linalg.api.ops.impl.layers.convolution.DeConv2DDerivative;
import org.nd4j.linalg.api.ops.impl.shape.Reshape;
import org.nd4j.linalg.api.ops.impl.shape.Shape;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.bp.AddBpOp;
import org.nd4j.linalg.api.ops.impl.transforms.same.Identity;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/** An op of a {@link StepPlan} while it is planned: what it is given, what it gives, and how it is run. */
final class PlannedCall {
    private final SameDiffOp op;
    private final DifferentialFunction function;
    private final List<PlannedValue> inputs;
    private final Set<String> used;
    private final List<PlannedValue> outputs = new ArrayList<>();
    private boolean isPassedOn;

    /** @param used names of all values that the plan needs */
    PlannedCall(SameDiffOp op, List<PlannedValue> inputs, Set<String> used) {
        this.op = op;
        this.function = op.getOp();
        this.inputs = List.copyOf(inputs);
        this.used = used;
    }

    List<PlannedValue> inputs() {
        return inputs;
    }

    List<PlannedValue> outputs() {
        return outputs;
    }

    /** Whether there is nothing to run: the outputs are inputs, or known already. */
    boolean isPassedOn() {
        return isPassedOn;
    }

    /** @param types the type of a value by its name */
    List<PlannedValue> results(Function<String, DataType> types) {
        if (function instanceof Identity || function instanceof StopGradient) {
            return passedOn(List.of(inputs.get(0)));
        } else if (function instanceof Shape) {
            var shape = Nd4j.createFromArray(inputs.get(0).shape()).castTo(types.apply(name(0)));
            return passedOn(List.of(PlannedValue.known(shape)));
        } else if (function instanceof AddBpOp && isSameShape()) {
            return passedOn(List.of(inputs.get(2), inputs.get(2)));
        }
        var shapes = shapes();
        if (function instanceof Reshape) {
            return passedOn(List.of(inputs.get(0).reshaped(shapes.get(0))));
        }
        for (int i = 0; i < op.getOutputsOfOp().size(); i++) {
            outputs.add(PlannedValue.computed(shapes.get(i), types.apply(name(i))));
        }
        return outputs;
    }

    private String name(int output) {
        return op.getOutputsOfOp().get(output);
    }

    private List<PlannedValue> passedOn(List<PlannedValue> values) {
        isPassedOn = true;
        return values;
    }

    /** Whether nothing is broadcast, so that both summands have the sum's gradient. */
    private boolean isSameShape() {
        return Arrays.equals(inputs.get(0).shape(), inputs.get(1).shape());
    }

    private List<long[]> shapes() {
        if (function instanceof KernelOp ours) {
            return ours.shapes(inputs.stream().map(PlannedValue::shape).toList());
        }
        var probes = new ArrayList<INDArray>();
        var context = Nd4j.getExecutioner().buildContext();
        try {
            for (var input : inputs) {
                probes.add(input.isKnown() ? input.array() : probe(input));
            }
            fill(context, probes);
            return shapes(context);
        } finally {
            for (int i = 0; i < probes.size(); i++) {
                if (!inputs.get(i).isKnown()) {
                    HostArrays.release(probes.get(i));
                }
            }
        }
    }

    /** Stands in for a value that is computed later; whole numbers are 0, as their values might be read. */
    private static INDArray probe(PlannedValue value) {
        return value.type().isFPType()
                ? Nd4j.createUninitialized(value.type(), value.shape(), 'c')
                : Nd4j.zeros(value.type(), value.shape());
    }

    private List<long[]> shapes(OpContext context) {
        List<LongShapeDescriptor> found = function instanceof CustomOp custom
                ? custom.calculateOutputShape(context)
                : ((BaseOp) function).calculateOutputShape(context);
        return found.stream().map(LongShapeDescriptor::getShape).toList();
    }

    /** Sets inputs and arguments as SameDiff's own session does. */
    private void fill(OpContext context, List<INDArray> arrays) {
        if (function instanceof DynamicCustomOp custom) {
            context.setArgs(
                    arrays.toArray(INDArray[]::new), custom.iArgs(), custom.dArgs(), custom.tArgs(), custom.bArgs());
            return;
        }
        if (function instanceof ScalarOp scalar && arrays.size() == 2) {
            scalar.setScalar(arrays.get(1));
        }
        for (int i = 0; i < arrays.size(); i++) {
            context.setInputArray(i, arrays.get(i));
        }
    }

    PlannedStep step() {
        var given = inputs.stream().map(PlannedValue::array).toList();
        var results = outputs.stream().map(PlannedValue::array).toList();
        if (function instanceof KernelOp ours) {
            return new PlannedStep(function.opName(), op.getName(), ours.kernel(given, results));
        }
        var inputGradient = inputGradientAlone(given, results);
        if (inputGradient != null) {
            return inputGradient;
        }
        var context = Nd4j.getExecutioner().buildContext();
        fill(context, given);
        for (int i = 0; i < results.size(); i++) {
            context.setOutputArray(i, results.get(i));
        }
        Runnable kernel = function instanceof CustomOp custom
                ? () -> Nd4j.exec(custom, context)
                : () -> Nd4j.exec((Op) function, context);
        return new PlannedStep(function.opName(), op.getName(), kernel);
    }

    /**
     * Where a convolution's gradient is wanted for its input alone, as through a network whose weights stand still, that
     * is a transposed convolution with the same weights, and the other way about; libnd4j's own op always takes both.
     */
    private @Nullable PlannedStep inputGradientAlone(List<INDArray> given, List<INDArray> results) {
        boolean isConvolution = function instanceof Conv2DDerivative;
        if (!isConvolution && !(function instanceof DeConv2DDerivative)) {
            return null;
        }
        if (op.getOutputsOfOp().stream().skip(1).anyMatch(used::contains)) {
            return null;
        }
        var name = isConvolution ? "deconv2d" : "conv2d";
        var other = DynamicCustomOp.builder(name).build();
        var context = Nd4j.getExecutioner().buildContext();
        context.setInputArrays(given.get(given.size() - 1), given.get(1));
        context.setIArguments(((DynamicCustomOp) function).iArgs());
        var shape = other.calculateOutputShape(context).get(0).getShape();
        if (!Arrays.equals(shape, outputs.get(0).shape())) {
            return null; // a stride that does not divide the picture leaves its size open
        }
        context.setOutputArray(0, results.get(0));
        return new PlannedStep(name, op.getName(), () -> Nd4j.exec(other, context));
    }
}
