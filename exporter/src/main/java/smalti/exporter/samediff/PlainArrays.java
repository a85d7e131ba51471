package smalti.exporter.samediff;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.spec.NpyArray;
import smalti.spec.SpecException;

/** nd4j's arrays as plain ones and back. */
final class PlainArrays {
    private PlainArrays() {}

    static ValueType type(DataType type, String variable) {
        return switch (type) {
            case FLOAT -> ValueType.FLOAT32;
            case DOUBLE -> ValueType.FLOAT64;
            case INT -> ValueType.INT32;
            case LONG -> ValueType.INT64;
            case UBYTE -> ValueType.UINT8;
            case BOOL -> ValueType.BOOL;
            default ->
                throw new SpecException(
                        "variable \"" + variable + "\" must be float, double, int, long, ubyte or bool, got " + type);
        };
    }

    static Tensor tensor(INDArray array, String variable) {
        var type = type(array.dataType(), variable);
        var data = array.dup('c').data();
        return switch (type) {
            case FLOAT32 -> Tensor.of(data.asFloat(), array.shape());
            case FLOAT64 -> Tensor.of(data.asDouble(), array.shape());
            case INT32 -> Tensor.of(data.asInt(), array.shape());
            case INT64 -> Tensor.of(data.asLong(), array.shape());
            case UINT8, BOOL ->
                new Tensor(
                        type,
                        Arrays.stream(array.shape()).boxed().toList(),
                        java.nio.ByteBuffer.wrap(bytes(data.asInt())));
        };
    }

    private static byte[] bytes(int[] values) {
        var bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    static NpyArray plain(INDArray array, String variable) {
        var type = type(array.dataType(), variable);
        var data = array.dup('c').data();
        return switch (type) {
            case FLOAT32 -> NpyArray.of(data.asFloat(), array.shape());
            case INT64 -> NpyArray.of(data.asLong(), array.shape());
            default ->
                throw new SpecException("output \"" + variable + "\" must be float or long, got " + array.dataType());
        };
    }

    static INDArray array(NpyArray plain) {
        long[] shape = shape(plain.shape());
        return switch (plain.type()) {
            case FLOAT32 -> Nd4j.createFromArray(plain.floats()).reshape(shape);
            case INT64 -> Nd4j.createFromArray(plain.longs()).reshape(shape);
            case UINT8 ->
                throw new IllegalArgumentException("SameDiff graphs take float and long, got " + plain.type());
        };
    }

    private static long[] shape(List<Long> dims) {
        return dims.stream().mapToLong(Long::longValue).toArray();
    }
}
