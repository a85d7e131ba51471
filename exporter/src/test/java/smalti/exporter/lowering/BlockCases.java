package smalti.exporter.lowering;

import static smalti.exporter.lowering.Cases.ints;
import static smalti.exporter.lowering.Cases.named;
import static smalti.exporter.lowering.Cases.numbered;
import static smalti.exporter.lowering.Cases.one;
import static smalti.exporter.lowering.OpCases.PICTURES;
import static smalti.exporter.lowering.OpCases.array;
import static smalti.exporter.lowering.OpCases.constant;
import static smalti.exporter.lowering.OpCases.doubles;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.impl.reduce.custom.BatchMmul;
import org.nd4j.linalg.api.ops.impl.transforms.custom.CumProd;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.bundle.ElementType;

/** Blocks of places moved to the batch and back, elements repeated, running products, and steps that go back. */
final class BlockCases {
    private static final ElementType[] TYPES = {FLOAT32, FLOAT64, INT32};

    private BlockCases() {}

    static Stream<OpCase> all() {
        return Stream.of(toBatch(), toSpace(), repeated(), products(), matrices(), backwards())
                .flatMap(cases -> cases);
    }

    private static SDVariable pairs(SameDiff graph, int... values) {
        return graph.constant(Nd4j.createFromArray(values).reshape(values.length / 2, 2));
    }

    /** Rows of [N, H, W, C] and columns apart by blocks, the batch after the places in a block. */
    private static Doubles gone(Doubles x, int[] block, int top, int bottom, int left, int right) {
        int batch = x.shape[0];
        int[] shape = {
            batch * block[0] * block[1],
            (x.shape[1] + top + bottom) / block[0],
            (x.shape[2] + left + right) / block[1],
            x.shape[3]
        };
        return Doubles.filled(
                shape,
                at -> x.padded(
                        at[0] % batch,
                        at[1] * block[0] + at[0] / batch / block[1] - top,
                        at[2] * block[1] + at[0] / batch % block[1] - left,
                        at[3]));
    }

    private static Doubles back(Doubles x, int[] block, int top, int bottom, int left, int right) {
        int batch = x.shape[0] / block[0] / block[1];
        int[] shape = {batch, x.shape[1] * block[0] - top - bottom, x.shape[2] * block[1] - left - right, x.shape[3]};
        return Doubles.filled(shape, at -> {
            int row = at[1] + top;
            int column = at[2] + left;
            int place = row % block[0] * block[1] + column % block[1];
            return x.at(place * batch + at[0], row / block[0], column / block[1], at[3]);
        });
    }

    private static Stream<OpCase> toBatch() {
        int[] square = {2, 2};
        return Stream.of(
                        one(
                                "space_to_batch",
                                "padded",
                                "N 3 5 2",
                                (g, x) -> AnyOp.like("space_to_batch", g, x, pairs(g, 1, 0, 2, 1))
                                        .ints(2)
                                        .outputVariable(),
                                x -> gone(x, square, 1, 0, 2, 1)),
                        one(
                                "space_to_batch",
                                "by its class",
                                "N 2*h 2*w 2",
                                (g, x) -> g.cnn().spaceToBatch(x, new int[] {2, 2}, new int[] {0, 0}, 0, 0),
                                x -> gone(x, square, 0, 0, 0, 0)),
                        one(
                                "space_to_batch_nd",
                                "two sizes",
                                "N 3 4 2",
                                (g, x) -> AnyOp.like("space_to_batch_nd", g, x, ints(g, 2, 3), pairs(g, 0, 1, 1, 1))
                                        .outputVariable(),
                                x -> gone(x, new int[] {2, 3}, 0, 1, 1, 1)),
                        one(
                                "space_to_batch_nd",
                                "one axis",
                                "N 6 h",
                                (g, x) -> AnyOp.like("space_to_batch_nd", g, x, ints(g, 3), pairs(g, 0, 0))
                                        .outputVariable(),
                                x -> gone(x.reshaped(x.shape[0], 6, 1, x.shape[2]), new int[] {3, 1}, 0, 0, 0, 0)
                                        .reshaped(3 * x.shape[0], 2, x.shape[2])))
                .flatMap(useCase -> useCase.of(TYPES).stream());
    }

    private static Stream<OpCase> toSpace() {
        int[] square = {2, 2};
        return Stream.of(
                        one(
                                "batch_to_space",
                                "cut",
                                "4*N 3 4 2",
                                (g, x) -> AnyOp.like("batch_to_space", g, x, pairs(g, 1, 0, 0, 1))
                                        .ints(2)
                                        .outputVariable(),
                                x -> back(x, square, 1, 0, 0, 1)),
                        one(
                                "batch_to_space",
                                "by its class",
                                "4*N h w 2",
                                (g, x) -> g.cnn().batchToSpace(x, new int[] {2, 2}, new int[] {0, 0}, 0, 0),
                                x -> back(x, square, 0, 0, 0, 0)),
                        one(
                                "batch_to_space_nd",
                                "two sizes",
                                "6*N 2 3 2",
                                (g, x) -> AnyOp.like("batch_to_space_nd", g, x, ints(g, 2, 3), pairs(g, 0, 1, 1, 1))
                                        .outputVariable(),
                                x -> back(x, new int[] {2, 3}, 0, 1, 1, 1)))
                .flatMap(useCase -> useCase.of(TYPES).stream());
    }

    private static Stream<OpCase> repeated() {
        return Stream.of(
                        one(
                                "repeat",
                                "all alike",
                                "N 3 h",
                                (g, x) -> AnyOp.like("repeat", g, x).ints(2, 1).outputVariable(),
                                x -> x.taken(1, 0, 0, 1, 1, 2, 2)),
                        one(
                                "repeat",
                                "the first axis",
                                "2 w h",
                                (g, x) -> AnyOp.like("repeat", g, x).ints(3, -3).outputVariable(),
                                x -> x.taken(0, 0, 0, 0, 1, 1, 1)),
                        one(
                                "repeat",
                                "the last axis, free",
                                "N h",
                                (g, x) -> AnyOp.like("repeat", g, x).ints(2, -1).outputVariable(),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 2 * x.shape[1]}, at -> x.at(at[0], at[1] / 2))),
                        one(
                                "repeat",
                                "each its own",
                                "N 3 h",
                                (g, x) -> AnyOp.like("repeat", g, x)
                                        .ints(2, 0, 3, 1)
                                        .outputVariable(),
                                x -> x.taken(1, 0, 0, 2, 2, 2)))
                .flatMap(useCase -> useCase.of(TYPES).stream());
    }

    private static OpCase product(String label, String shape, boolean exclusive, boolean reverse, int axis) {
        return one(
                "cumprod",
                label,
                shape,
                (g, x) -> new CumProd(g, x, exclusive, reverse, axis).outputVariable(),
                x -> Doubles.filled(x.shape, at -> {
                    int along = axis < 0 ? axis + at.length : axis;
                    double product = 1;
                    for (int i = 0; i < x.shape[along]; i++) {
                        boolean before = reverse ? i > at[along] : i < at[along];
                        if (before || (i == at[along] && !exclusive)) {
                            var from = at.clone();
                            from[along] = i;
                            product *= x.at(from);
                        }
                    }
                    return product;
                }));
    }

    private static Stream<OpCase> products() {
        return Stream.of(
                        product("plain", "N 5 h", false, false, 1).of(FLOAT32, FLOAT64, FLOAT16, INT32),
                        product("exclusive", "N 5 h", true, false, 1).of(FLOAT32),
                        product("from the end", "N h", false, true, 0).of(FLOAT32),
                        product("both", "N 3 h", true, true, -1).of(FLOAT32, FLOAT64),
                        product("of a list", "h", false, false, 0).of(FLOAT32))
                .flatMap(List::stream);
    }

    private static OpCase batched(boolean left, boolean right) {
        var weights = array(right ? new long[] {4, 3} : new long[] {3, 4});
        var shape = left ? "3 2" : "2 3";
        return new OpCase(
                "batched_gemm",
                "transposed " + left + " " + right,
                List.of(spec("x", FLOAT32, shape), spec("z", FLOAT32, shape)),
                PICTURES,
                Map.of(),
                (g, in) -> {
                    var w = weights.castTo(in.apply("x").dataType());
                    var matrices =
                            new SDVariable[] {in.apply("x"), in.apply("z"), constant(g, w), constant(g, w.mul(-2))};
                    return named(new BatchMmul(g, matrices, left, right).outputVariables());
                },
                in -> {
                    var w = right ? doubles(weights).permuted(1, 0) : doubles(weights);
                    var x = get(in, "x");
                    var z = get(in, "z").map(v -> -2 * v);
                    return numbered(
                            List.of((left ? x.permuted(1, 0) : x).times(w), (left ? z.permuted(1, 0) : z).times(w)));
                },
                0,
                null);
    }

    private static Stream<OpCase> matrices() {
        return Stream.of(batched(false, false), batched(true, false), batched(false, true), batched(true, true))
                .flatMap(useCase -> useCase.of(FLOAT32, FLOAT64).stream());
    }

    private static Stream<OpCase> backwards() {
        return Stream.of(
                        one(
                                "strided_slice",
                                "backwards",
                                "N 5 6",
                                (g, x) -> g.stridedSlice(
                                        x, new long[] {0, 3, -1}, new long[] {1, 0, 0}, new long[] {1, -1, -2}),
                                x -> x.taken(0, 0).taken(1, 3, 2, 1).taken(2, 5, 3, 1)),
                        one(
                                "strided_slice",
                                "backwards from the end, and from before the start",
                                "N 5 6",
                                (g, x) -> g.stridedSlice(
                                        x, new long[] {0, -2, -3}, new long[] {1, -10, -1}, new long[] {1, -2, 1}),
                                x -> x.taken(0, 0).taken(1, 3, 1).taken(2, 3, 4)),
                        one(
                                "strided_slice",
                                "backwards, masked",
                                "N 4 h",
                                (g, x) -> g.stridedSlice(
                                        x,
                                        new long[] {0, 0, 2},
                                        new long[] {1, 0, 3},
                                        new long[] {1, -1, 1},
                                        0b011,
                                        0b011,
                                        0,
                                        0,
                                        0b100),
                                x -> x.taken(1, 3, 2, 1, 0).taken(2, 2).reshaped(x.shape[0], 4)))
                .flatMap(useCase -> useCase.of(TYPES).stream());
    }
}
