package smalti.exporter.samediff;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.spec.Halves;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;

/** nd4j's arrays as plain ones and back. */
public final class PlainArrays {
    private static final Set<ElementType> UNFED = Set.of(ElementType.UINT16, ElementType.UINT32, ElementType.UINT64);

    private PlainArrays() {}

    static ValueType type(DataType type, String variable) {
        return switch (type) {
            case FLOAT -> ValueType.FLOAT32;
            case DOUBLE -> ValueType.FLOAT64;
            case HALF -> ValueType.FLOAT16;
            case BFLOAT16 -> ValueType.BFLOAT16;
            case BYTE -> ValueType.INT8;
            case SHORT -> ValueType.INT16;
            case INT -> ValueType.INT32;
            case LONG -> ValueType.INT64;
            case UBYTE -> ValueType.UINT8;
            case UINT16 -> ValueType.UINT16;
            case UINT32 -> ValueType.UINT32;
            case UINT64 -> ValueType.UINT64;
            case BOOL -> ValueType.BOOL;
            default ->
                throw new SpecException("variable \"" + variable + "\" must hold numbers or booleans, got " + type);
        };
    }

    static DataType type(ValueType type) {
        return switch (type) {
            case FLOAT32 -> DataType.FLOAT;
            case FLOAT64 -> DataType.DOUBLE;
            case FLOAT16 -> DataType.FLOAT16;
            case BFLOAT16 -> DataType.BFLOAT16;
            case INT8 -> DataType.INT8;
            case INT16 -> DataType.INT16;
            case INT32 -> DataType.INT32;
            case INT64 -> DataType.INT64;
            case UINT8 -> DataType.UINT8;
            case UINT16 -> DataType.UINT16;
            case UINT32 -> DataType.UINT32;
            case UINT64 -> DataType.UINT64;
            case BOOL -> DataType.BOOL;
            case COMPLEX64, COMPLEX128, STRING -> throw new IllegalArgumentException("nd4j has no arrays of " + type);
        };
    }

    static Tensor tensor(INDArray array, String variable) {
        var type = type(array.dataType(), variable);
        List<Long> shape = Arrays.stream(array.shape()).boxed().toList();
        if (array.isEmpty()) {
            return new Tensor(type, shape, ByteBuffer.allocate(0));
        }
        var from = (type == ValueType.FLOAT16 || type == ValueType.BFLOAT16 ? array.castTo(DataType.FLOAT) : array)
                .dup('c')
                .data();
        int count = Math.toIntExact(array.length());
        var data = ByteBuffer.allocate(Math.multiplyExact(count, type.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        switch (type) {
            case FLOAT32 -> data.asFloatBuffer().put(from.asFloat(), 0, count);
            case FLOAT64 -> data.asDoubleBuffer().put(from.asDouble(), 0, count);
            case FLOAT16, BFLOAT16 -> putHalves(type, from, data.duplicate().order(ByteOrder.LITTLE_ENDIAN), count);
            case INT32, UINT32 -> data.asIntBuffer().put(from.asInt(), 0, count);
            case INT64, UINT64 -> data.asLongBuffer().put(from.asLong(), 0, count);
            case INT16, UINT16 -> {
                for (int i = 0; i < count; i++) {
                    data.putShort(2 * i, (short) from.getInt(i));
                }
            }
            case UINT8, INT8, BOOL -> {
                for (int i = 0; i < count; i++) {
                    data.put(i, (byte) from.getInt(i));
                }
            }
            case COMPLEX64, COMPLEX128, STRING -> throw new IllegalStateException("nd4j has no arrays of " + type);
        }
        return new Tensor(type, shape, data);
    }

    private static void putHalves(ValueType type, DataBuffer from, ByteBuffer data, int count) {
        for (int i = 0; i < count; i++) {
            data.putShort(type == ValueType.FLOAT16 ? Halves.half(from.getFloat(i)) : Halves.brain(from.getFloat(i)));
        }
    }

    static ElementType elementType(DataType type, String variable) {
        var plain = type(type, variable);
        return plain.elementType()
                // ONNX Runtime's Java API cannot feed them
                .filter(element -> !UNFED.contains(element))
                .orElseThrow(() -> new SpecException("variable \"" + variable + "\" cannot be of " + plain
                        + " where a graph begins or ends; cast it"));
    }

    /**
     * An array's numbers.
     *
     * @param variable for errors
     * @throws SpecException if its type is none that a graph can begin or end with
     */
    public static NpyArray plain(INDArray array, String variable) {
        var tensor = tensor(array, variable);
        return new NpyArray(elementType(array.dataType(), variable), tensor.dims(), tensor.data());
    }

    /** The same as an array of nd4j's. */
    public static INDArray array(NpyArray plain) {
        return array(Tensor.of(plain));
    }

    static INDArray array(Tensor tensor) {
        long[] shape = tensor.dims().stream().mapToLong(Long::longValue).toArray();
        int count = tensor.count();
        var type = type(tensor.type());
        if (count == 0) {
            return Nd4j.create(type, shape);
        }
        var flat = switch (tensor.type()) {
            case INT64 -> Nd4j.createFromArray(tensor.longs());
            case FLOAT32 -> Nd4j.createFromArray(tensor.floats());
            case BOOL -> {
                var values = new boolean[count];
                for (int i = 0; i < count; i++) {
                    values[i] = tensor.number(i) != 0;
                }
                yield Nd4j.createFromArray(values);
            }
            default -> {
                var values = new double[count];
                for (int i = 0; i < count; i++) {
                    values[i] = tensor.number(i);
                }
                var doubles = Nd4j.createFromArray(values);
                yield type == DataType.DOUBLE ? doubles : doubles.castTo(type);
            }
        };
        return flat.reshape(shape);
    }
}
