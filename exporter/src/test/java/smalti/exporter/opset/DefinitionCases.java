package smalti.exporter.opset;

import static smalti.exporter.opset.Numbers.list;
import static smalti.exporter.opset.Numbers.some;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.stream.LongStream;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;

/** Functions of single elements, products, bits and normalizations. */
final class DefinitionCases {
    private static final Tensor X = some(1, 2, 4, 3);

    private DefinitionCases() {}

    static List<OpsetCase> all() {
        return List.of(
                element("Swish", 24, x -> x / (1 + Math.exp(-1.5 * x)))
                        .with("alpha", 1.5f)
                        .to(13, 17, 23, 26),
                element("Swish", 24, x -> x / (1 + Math.exp(-x))).to(17),
                element("Gelu", 20, x -> x / 2 * (1 + Numbers.erf(x / Math.sqrt(2))))
                        .to(13, 17, 19, 26),
                element("Gelu", 20, x -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))))
                        .with("approximate", "tanh")
                        .to(17),
                element("Mish", 18, x -> x * Math.tanh(Math.log1p(Math.exp(x)))).to(13, 17),
                element("HardSwish", 14, x -> x * Math.max(0, Math.min(1, x / 6 + 0.5)))
                        .to(13),
                OpsetCase.of("CastLike", 15, "CastLike")
                        .to(13)
                        .in(X)
                        .in(list(1))
                        .out(ValueType.INT64, of(X, x -> x < 0 ? Math.ceil(x) : Math.floor(x))),
                products("all", X, 1, false, false).in(X),
                products("of the others, from the end", X, 1, true, true).in(X),
                products("before, last axis", X, 2, false, true).in(X),
                products("free, from the end", X, 1, true, false).free(X),
                products("free, before", X, 0, false, true).free(X),
                products("free, one axis", some(3, 5), 0, false, false).free(some(3, 5)),
                products("of one", some(3, 2, 1), 1, false, true).in(some(3, 2, 1)),
                products("no rows", 1).free(new Tensor(ValueType.FLOAT32, List.of(0L, 2L), ByteBuffer.allocate(0))),
                products("rows of nothing", 1)
                        .free(new Tensor(ValueType.FLOAT32, List.of(2L, 0L), ByteBuffer.allocate(0))),
                products("no rows, over them", 0)
                        .free(new Tensor(ValueType.FLOAT32, List.of(0L, 2L), ByteBuffer.allocate(0))),
                OpsetCase.of("CumProd of whole numbers", 26, "CumProd")
                        .to(13, 17)
                        .in(list(3, -2, 5, 7, -1))
                        .constant(Tensor.of(new long[] {-1}))
                        .out(ValueType.INT64, 3, -6, -30, -210, 210),
                bits("BitwiseAnd", (a, b) -> a & b),
                bits("BitwiseOr", (a, b) -> a | b),
                bits("BitwiseXor", (a, b) -> a ^ b),
                OpsetCase.of("bits of a mask, as codes of bits are read", 18, "BitwiseAnd")
                        .to(17)
                        .in(Tensor.of(new int[] {5, 2, 0, -1}, 4, 1))
                        .constant(Tensor.of(new int[] {1, 2, 4}, 3))
                        .out(ValueType.INT32, 1, 0, 4, 0, 2, 0, 0, 0, 0, 1, 2, 4),
                OpsetCase.of("BitwiseNot", 18, "BitwiseNot")
                        .to(13, 17)
                        .in(list(0, -1, 5, Long.MAX_VALUE))
                        .out(ValueType.INT64, -1, 0, -6, Long.MIN_VALUE),
                OpsetCase.of("BitwiseNot of bytes", 18, "BitwiseNot")
                        .to(17)
                        .in(list(0, 255, 5).cast(ValueType.UINT8))
                        .out(ValueType.UINT8, 255, 0, 250),
                OpsetCase.of("BitCast", 26, "BitCast")
                        .to(13, 17)
                        .with("to", ValueType.UINT8.onnxCode())
                        .in(list(-1, 5, -128).cast(ValueType.INT8))
                        .out(ValueType.UINT8, 255, 5, 128),
                rootMeanSquare(2),
                rootMeanSquare(1),
                layer(1),
                layer(2),
                groups("a scale a channel, down", 21, 2).to(13, 17, 20),
                groups("a scale a group, down", 18, 2).to(13, 17),
                groups("a scale a group, up", 18, 2).to(21, 26));
    }

    private static double[] of(Tensor tensor, DoubleUnaryOperator function) {
        return Arrays.stream(Numbers.of(tensor)).map(function).toArray();
    }

    private static OpsetCase element(String op, int source, DoubleUnaryOperator function) {
        return OpsetCase.of(op, source, op).in(X).out(of(X, function));
    }

    /** The axis follows what goes in. */
    private static Products products(String name, Tensor x, int axis, boolean back, boolean exclusive) {
        int behind = 1;
        for (int i = axis + 1; i < x.rank(); i++) {
            behind *= AttentionReference.size(x, i);
        }
        int size = AttentionReference.size(x, axis);
        var numbers = new double[x.count()];
        for (int i = 0; i < numbers.length; i++) {
            int place = i / behind % size;
            double product = 1;
            for (int k = 0; k < size; k++) {
                boolean counts = back ? k > place : k < place;
                if (counts || (!exclusive && k == place)) {
                    product *= x.number(i + (k - place) * behind);
                }
            }
            numbers[i] = product;
        }
        var products = OpsetCase.of("CumProd, " + name, 26, "CumProd")
                .to(13, 17, 25)
                .with("reverse", back ? 1 : 0)
                .with("exclusive", exclusive ? 1 : 0)
                .out(numbers);
        return new Products(products, axis);
    }

    private static Products products(String name, int axis) {
        return new Products(
                OpsetCase.of("CumProd of " + name, 26, "CumProd").to(13, 17).out(), axis);
    }

    private record Products(OpsetCase products, int axis) {
        OpsetCase in(Tensor x) {
            return products.in(x).constant(Tensor.of(new long[] {axis}));
        }

        OpsetCase free(Tensor x) {
            return products.free(x).constant(Tensor.of(new long[] {axis}));
        }
    }

    private static OpsetCase bits(String op, LongBinaryOperator operation) {
        // doubles hold the results
        var one = new long[] {0b1100, -1, 0x7FFF_0000_0000_0000L, 255, Long.MIN_VALUE};
        var two = new long[] {0b1010, 6, 0x0F0F_0000_0000_0000L, 15, Long.MIN_VALUE};
        var made = LongStream.range(0, one.length)
                .map(i -> operation.applyAsLong(one[(int) i], two[(int) i]))
                .asDoubleStream()
                .toArray();
        return OpsetCase.of(op, 18, op)
                .to(13, 17)
                .in(list(one))
                .in(list(two))
                .within(0)
                .out(ValueType.INT64, made);
    }

    private static OpsetCase rootMeanSquare(int axis) {
        int row = axis == 2 ? 3 : 12;
        var scale = some(5, axis == 2 ? new long[] {3} : new long[] {4, 3});
        var numbers = new double[X.count()];
        for (int first = 0; first < numbers.length; first += row) {
            double squares = 0;
            for (int i = 0; i < row; i++) {
                squares += X.number(first + i) * X.number(first + i) / row;
            }
            for (int i = 0; i < row; i++) {
                numbers[first + i] = X.number(first + i) / Math.sqrt(squares + 0.01f) * scale.number(i);
            }
        }
        return OpsetCase.of("RMSNormalization from axis " + axis, 23, "RMSNormalization")
                .to(13, 17, 22)
                .with("axis", axis)
                .with("epsilon", 0.01f)
                .in(X)
                .in(scale)
                .out(numbers);
    }

    private static OpsetCase layer(int axis) {
        int row = axis == 2 ? 3 : 12;
        var sizes = axis == 2 ? new long[] {3} : new long[] {4, 3};
        var scale = some(5, sizes);
        var bias = some(6, sizes);
        var numbers = new double[X.count()];
        var means = new double[X.count() / row];
        var inverses = new double[means.length];
        for (int r = 0; r < means.length; r++) {
            for (int i = 0; i < row; i++) {
                means[r] += X.number(r * row + i) / row;
            }
            double variance = 0;
            for (int i = 0; i < row; i++) {
                variance += Math.pow(X.number(r * row + i) - means[r], 2) / row;
            }
            inverses[r] = 1 / Math.sqrt(variance + 0.01f);
            for (int i = 0; i < row; i++) {
                numbers[r * row + i] =
                        (X.number(r * row + i) - means[r]) * inverses[r] * scale.number(i) + bias.number(i);
            }
        }
        return OpsetCase.of("LayerNormalization from axis " + axis, 17, "LayerNormalization")
                .to(13, 16)
                .with("axis", axis)
                .with("epsilon", 0.01f)
                .in(X)
                .in(scale)
                .in(bias)
                .out(numbers)
                .out(means)
                .out(inverses);
    }

    private static OpsetCase groups(String name, int source, int groups) {
        boolean byChannel = source >= 21;
        var scale = some(5, byChannel ? 4 : groups);
        var bias = some(6, byChannel ? 4 : groups);
        int row = 12 / groups;
        var numbers = new double[X.count()];
        for (int first = 0; first < numbers.length; first += row) {
            double mean = 0;
            double variance = 0;
            for (int i = 0; i < row; i++) {
                mean += X.number(first + i) / row;
            }
            for (int i = 0; i < row; i++) {
                variance += Math.pow(X.number(first + i) - mean, 2) / row;
            }
            for (int i = first; i < first + row; i++) {
                int place = byChannel ? i / 3 % 4 : i / row % groups;
                numbers[i] =
                        (X.number(i) - mean) / Math.sqrt(variance + 0.01f) * scale.number(place) + bias.number(place);
            }
        }
        return OpsetCase.of("GroupNormalization of " + name, source, "GroupNormalization")
                .with("num_groups", groups)
                .with("epsilon", 0.01f)
                .in(X)
                .in(scale)
                .in(bias)
                .out(numbers);
    }
}
