package smalti.exporter.lowering;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** An operation by its name, as an imported graph holds it, where nd4j's own class builds no graph or a wrong one. */
final class AnyOp extends DynamicCustomOp {
    private final List<DataType> types;

    private AnyOp(String name, SameDiff graph, SDVariable[] inputs, List<DataType> types) {
        super(name, (INDArray[]) null, (INDArray[]) null);
        this.types = types;
        setSameDiff(graph);
        setInstanceId();
        graph.addArgsFor(inputs, this);
    }

    /** Of one type for each output. */
    static AnyOp of(String name, SameDiff graph, List<DataType> types, SDVariable... inputs) {
        return new AnyOp(name, graph, inputs, types);
    }

    /** With one output of the type of its first input. */
    static AnyOp like(String name, SameDiff graph, SDVariable... inputs) {
        return of(name, graph, Stream.of(inputs[0].dataType()).collect(Collectors.toList()), inputs);
    }

    AnyOp ints(long... values) {
        addIArgument(values);
        return this;
    }

    AnyOp reals(double... values) {
        addTArgument(values);
        return this;
    }

    AnyOp flags(boolean... values) {
        addBArgument(values);
        return this;
    }

    @Override
    public int getNumOutputs() {
        return types.size();
    }

    @Override
    public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
        return types;
    }
}
