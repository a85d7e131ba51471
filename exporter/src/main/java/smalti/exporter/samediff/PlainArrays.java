package smalti.exporter.samediff;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
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
import smalti.spec.onnx.EngineTypes;

/** nd4j's arrays as plain ones and back. */
public final class PlainArrays {
    private static final Map<DataType, ValueType> TYPES = new EnumMap<>(Map.ofEntries(
            Map.entry(DataType.FLOAT, ValueType.FLOAT32),
            Map.entry(DataType.DOUBLE, ValueType.FLOAT64),
            Map.entry(DataType.FLOAT16, ValueType.FLOAT16),
            Map.entry(DataType.BFLOAT16, ValueType.BFLOAT16),
            Map.entry(DataType.INT8, ValueType.INT8),
            Map.entry(DataType.INT16, ValueType.INT16),
            Map.entry(DataType.INT32, ValueType.INT32),
            Map.entry(DataType.INT64, ValueType.INT64),
            Map.entry(DataType.UINT8, ValueType.UINT8),
            Map.entry(DataType.UINT16, ValueType.UINT16),
            Map.entry(DataType.UINT32, ValueType.UINT32),
            Map.entry(DataType.UINT64, ValueType.UINT64),
            Map.entry(DataType.BOOL, ValueType.BOOL)));

    private PlainArrays() {}

    static ValueType type(DataType type, String variable) {
        var plain = TYPES.get(type);
        if (plain == null) {
            throw new SpecException("variable \"" + variable + "\" must hold numbers or booleans, got " + type);
        }
        return plain;
    }

    static DataType type(ValueType type) {
        return TYPES.entrySet().stream()
                .filter(entry -> entry.getValue() == type)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("nd4j has no arrays of " + type));
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
                .filter(EngineTypes::areMade)
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
