package smalti.exporter.lowering;

import static smalti.spec.bundle.ElementType.BFLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

/** Cutting, repeating, putting together and making. */
final class ArrangementCases {
    private static final ElementType[] ANY = {FLOAT32, FLOAT64, FLOAT16, BFLOAT16, INT32, INT64};
    private static final ElementType[] NUMBERS = {FLOAT32, FLOAT64, FLOAT16, INT32, INT64};

    private final List<OpCase> cases = new ArrayList<>();

    static Stream<OpCase> all() {
        var made = new ArrangementCases();
        made.cuts();
        made.stridedSlices();
        made.indexed();
        made.repeated();
        made.sized();
        made.merged();
        return made.cases.stream();
    }

    private void cuts() {
        for (int axis : new int[] {0, 1, 2, -1}) {
            int at = axis < 0 ? 2 : axis;
            cases.addAll(Cases.one("stack", "axis " + axis, "N h", (g, x) -> g.stack(axis, x, x.add(1)), x -> {
                        var sizes = IntStream.range(0, 3)
                                .map(i -> i == at ? 1 : x.shape[i < at ? i : i - 1])
                                .toArray();
                        return Doubles.joined(
                                at, x.reshaped(sizes), x.map(v -> v + 1).reshaped(sizes));
                    })
                    .of(NUMBERS));
            cases.addAll(Cases.many(
                            "unstack",
                            "axis " + axis,
                            "3 3 3",
                            (g, x) -> g.unstack(x, axis, 3),
                            x -> IntStream.range(0, 3)
                                    .mapToObj(i -> x.taken(at, i).reshaped(3, 3))
                                    .toList())
                    .of(NUMBERS));
        }
        for (int axis : new int[] {1, 2}) {
            cases.addAll(Cases.many(
                            "split",
                            "axis " + axis,
                            "N 4 6",
                            (g, x) -> g.split(x, 2, axis),
                            x -> List.of(
                                    x.taken(
                                            axis,
                                            IntStream.range(0, x.shape[axis] / 2)
                                                    .toArray()),
                                    x.taken(
                                            axis,
                                            IntStream.range(x.shape[axis] / 2, x.shape[axis])
                                                    .toArray())))
                    .of(ANY));
        }
        cases.addAll(Cases.many(
                        "split_v",
                        "",
                        "N 4 6",
                        (g, x) -> g.splitV(x, Cases.ints(g, 1, 2, 3), 3, 2),
                        x -> List.of(x.taken(2, 0), x.taken(2, 1, 2), x.taken(2, 3, 4, 5)))
                .of(ANY));
        cases.addAll(Cases.one(
                        "slice",
                        "",
                        "N 4 6",
                        (g, x) -> g.slice(x, new int[] {0, 1, 2}, -1, 2, 3),
                        x -> x.taken(1, 1, 2).taken(2, 2, 3, 4))
                .of(ANY));
        cases.addAll(Cases.one(
                        "slice", "of one", "5 4", (g, x) -> g.slice(x, new int[] {4, 0}, 1, 4), x -> x.taken(0, 4))
                .of(FLOAT32));
        for (var axes : List.of(new int[] {1}, new int[] {0, 2}, new int[] {0, 1, 2})) {
            cases.addAll(Cases.one("reverse", Arrays.toString(axes), "N h 3", (g, x) -> g.reverse(x, axes), x -> {
                        var turned = x;
                        for (int axis : axes) {
                            int last = x.shape[axis] - 1;
                            turned = turned.taken(
                                    axis,
                                    IntStream.rangeClosed(0, last)
                                            .map(i -> last - i)
                                            .toArray());
                        }
                        return turned;
                    })
                    .of(NUMBERS));
        }
        cases.addAll(Cases.one(
                        "reverse_sequence",
                        "",
                        "3 5 2",
                        (g, x) -> g.reverseSequence(x, Cases.ints(g, 1, 3, 5), 1, 0),
                        x -> {
                            int[] lengths = {1, 3, 5};
                            return Doubles.filled(x.shape, at -> {
                                int length = lengths[at[0]];
                                return x.at(at[0], at[1] < length ? length - 1 - at[1] : at[1], at[2]);
                            });
                        })
                .of(FLOAT32, FLOAT64, INT32));
        cases.addAll(Cases.one("flatten", "", "N h 3", (g, x) -> g.flatten("f", x), x -> x.reshaped(x.data.length))
                .of(FLOAT32, FLOAT64, INT32));
    }

    private void stridedSlices() {
        cases.addAll(Cases.one(
                        "strided_slice",
                        "with steps",
                        "N 5 6",
                        (g, x) -> g.stridedSlice(x, new long[] {0, 1, 0}, new long[] {1, 5, 5}, 1, 2, 2),
                        x -> x.taken(0, 0).taken(1, 1, 3).taken(2, 0, 2, 4))
                .of(NUMBERS));
        cases.addAll(Cases.one(
                        "strided_slice",
                        "masked",
                        "N 5 6",
                        (g, x) -> g.stridedSlice(
                                x,
                                new long[] {0, 1, 2},
                                new long[] {1, 4, 3},
                                new long[] {1, 1, 1},
                                1,
                                0b101,
                                0,
                                0,
                                0b100),
                        x -> x.taken(1, 1, 2, 3).taken(2, 2).reshaped(x.shape[0], 3))
                .of(FLOAT32));
        cases.addAll(Cases.one(
                        "strided_slice",
                        "from the end",
                        "N 5 6",
                        (g, x) -> g.stridedSlice(
                                x, new long[] {0, -1, -3}, new long[] {1, 0, -1}, new long[] {1, 1, 1}, 1, 1, 0, 0, 2),
                        x -> x.taken(1, 4).taken(2, 3, 4).reshaped(x.shape[0], 2))
                .of(FLOAT32));
    }

    private void indexed() {
        for (int axis : new int[] {0, 1, -1}) {
            int at = axis < 0 ? 2 : axis;
            cases.addAll(Cases.one(
                            "gather",
                            "axis " + axis,
                            "3 4 5",
                            (g, x) -> g.gather(x, Cases.ints(g, 2, 0, 0, 1), axis),
                            x -> x.taken(at, 2, 0, 0, 1))
                    .of(ANY));
        }
        cases.addAll(Cases.one(
                        "gather",
                        "indices as arguments",
                        "N 4",
                        (g, x) -> g.gather(x, new int[] {3, 1}, 1),
                        x -> x.taken(1, 3, 1))
                .of(FLOAT32, INT64));
        cases.addAll(Cases.one(
                        "gather_nd",
                        "",
                        "3 4 5",
                        (g, x) -> g.gatherNd(x, g.constant(Nd4j.createFromArray(new int[][] {{2, 1}, {0, 3}, {2, 1}}))),
                        x -> Doubles.joined(
                                        0,
                                        x.taken(0, 2).taken(1, 1),
                                        x.taken(0, 0).taken(1, 3),
                                        x.taken(0, 2).taken(1, 1))
                                .reshaped(3, 5))
                .of(FLOAT32, FLOAT64, INT32));
        cases.addAll(Cases.many(
                        "dynamic_partition",
                        "",
                        "5 3",
                        (g, x) -> g.dynamicPartition(x, Cases.ints(g, 0, 2, 0, 1, 2), 3),
                        x -> List.of(x.taken(0, 0, 2), x.taken(0, 3), x.taken(0, 1, 4)))
                .of(FLOAT32, FLOAT64, INT32));
        cases.addAll(Cases.one(
                        "dynamic_stitch",
                        "",
                        "2 3",
                        (g, x) -> g.dynamicStitch(
                                new SDVariable[] {Cases.ints(g, 2, 0), Cases.ints(g, 1, 3)},
                                new SDVariable[] {x, x.add(1)}),
                        x -> Doubles.joined(
                                0,
                                x.taken(0, 1),
                                x.taken(0, 0).map(v -> v + 1),
                                x.taken(0, 0),
                                x.taken(0, 1).map(v -> v + 1)))
                .of(FLOAT32, FLOAT64));
        cases.addAll(new OpCase(
                        "invert_permutation",
                        "",
                        List.of(TensorSpec.of("x", INT32, "4")),
                        List.of(Map.of()),
                        Map.of("x", v -> 0),
                        (g, in) -> g.invertPermutation(in.apply("x").mul(0).add(Cases.ints(g, 2, 0, 3, 1)))
                                .rename("y"),
                        in -> Map.of("y", Doubles.of(1, 3, 0, 2)),
                        0,
                        null)
                .of(INT32));
    }

    private void repeated() {
        for (var times : List.of(new int[] {1, 2, 3}, new int[] {2, 1, 1})) {
            cases.addAll(Cases.one("tile", Arrays.toString(times), "N h 3", (g, x) -> g.tile(x, times), x -> {
                        var tiled = x;
                        for (int axis = 0; axis < 3; axis++) {
                            int size = x.shape[axis];
                            tiled = tiled.taken(
                                    axis,
                                    IntStream.range(0, size * times[axis])
                                            .map(i -> i % size)
                                            .toArray());
                        }
                        return tiled;
                    })
                    .of(FLOAT32, FLOAT64, FLOAT16, INT32, INT64));
        }
        for (boolean exclusive : new boolean[] {false, true}) {
            for (boolean reverse : new boolean[] {false, true}) {
                for (int axis : new int[] {1, 2}) {
                    cases.addAll(Cases.one(
                                    "cumsum",
                                    exclusive + " " + reverse + " axis " + axis,
                                    "N h 3",
                                    (g, x) -> g.cumsum(x, exclusive, reverse, axis),
                                    x -> Doubles.filled(x.shape, at -> {
                                        double sum = 0;
                                        for (int i = 0; i < x.shape[axis]; i++) {
                                            boolean before = reverse ? i > at[axis] : i < at[axis];
                                            if (before || (!exclusive && i == at[axis])) {
                                                var from = at.clone();
                                                from[axis] = i;
                                                sum += x.at(from);
                                            }
                                        }
                                        return sum;
                                    }))
                            .of(FLOAT32, FLOAT64));
                }
            }
        }
        for (boolean cartesian : new boolean[] {true, false}) {
            cases.addAll(Cases.many(
                            "meshgrid",
                            "cartesian " + cartesian,
                            "4",
                            (g, x) -> g.math.meshgrid(new SDVariable[] {x, g.tile(x, 2)}, cartesian),
                            x -> {
                                int[] shape = cartesian ? new int[] {8, 4} : new int[] {4, 8};
                                return List.of(
                                        Doubles.filled(shape, at -> x.at(at[cartesian ? 1 : 0])),
                                        Doubles.filled(shape, at -> x.at(at[cartesian ? 0 : 1] % 4)));
                            })
                    .of(FLOAT32, INT32));
        }
    }

    private void sized() {
        cases.addAll(Cases.one("shape_of", "", "N h 3", (g, x) -> x.shape(), x -> Doubles.of(x.shape[0], x.shape[1], 3))
                .of(ANY));
        cases.addAll(Cases.one("rank", "", "N h 3", (g, x) -> x.rank(), x -> Doubles.scalar(3))
                .of(FLOAT32, INT32));
        cases.addAll(Cases.one("size", "", "N h 3", (g, x) -> g.size(x), x -> Doubles.scalar(x.data.length))
                .of(FLOAT32, INT32));
        for (int axis : new int[] {0, 1, -1}) {
            cases.addAll(Cases.one(
                            "size_at",
                            "axis " + axis,
                            "N h 3",
                            (g, x) -> g.sizeAt(x, axis),
                            x -> Doubles.scalar(x.shape[axis < 0 ? 2 : axis]))
                    .of(FLOAT32, INT32));
        }
        cases.addAll(Cases.one("zeroslike", "", "N h 3", (g, x) -> g.zerosLike(x), x -> x.map(v -> 0))
                .of(NUMBERS));
        cases.addAll(Cases.one("ones_as", "", "N h 3", (g, x) -> g.onesLike(x), x -> x.map(v -> 1))
                .of(NUMBERS));
        cases.addAll(Cases.one("stop_gradient", "", "N h 3", (g, x) -> new StopGradient(g, x).outputVariable(), x -> x)
                .of(NUMBERS));
        cases.addAll(Cases.one(
                        "fill",
                        "",
                        "N 3",
                        (g, x) -> x.add(g.fill(Cases.ints(g, 1, 3), DataType.FLOAT, 2.5)),
                        x -> x.map(v -> v + 2.5))
                .of(FLOAT32));
        cases.addAll(Cases.one(
                        "range",
                        "of constants",
                        "N 5",
                        (g, x) -> x.add(g.range(1, 11, 2, DataType.FLOAT)),
                        x -> x.with(Doubles.of(1, 3, 5, 7, 9), Double::sum))
                .of(FLOAT32));
        cases.addAll(Cases.one(
                        "lin_space",
                        "",
                        "N 5",
                        (g, x) -> x.add(g.linspace(DataType.FLOAT, 0, 1, 5)),
                        x -> x.with(Doubles.of(0, 0.25, 0.5, 0.75, 1), Double::sum))
                .of(FLOAT32));
        cases.addAll(Cases.one(
                        "sequence_mask",
                        "",
                        "N h",
                        (g, x) -> g.sequenceMask(x, 5, DataType.FLOAT),
                        x -> Doubles.filled(
                                new int[] {x.shape[0], x.shape[1], 5}, at -> at[2] < x.at(at[0], at[1]) ? 1.0 : 0.0))
                .domain("x", v -> Math.min(v, 5))
                .of(INT32, INT64));
        cases.addAll(Cases.one(
                        "confusion_matrix", "", "8", (g, x) -> g.math.confusionMatrix(x, g.reverse(x, 0), 7), x -> {
                            var counts = new Doubles(7, 7);
                            for (int i = 0; i < 8; i++) {
                                counts.data[((int) x.data[i]) * 7 + ((int) x.data[7 - i])]++;
                            }
                            return counts;
                        })
                .of(INT32));
    }

    private void merged() {
        cases.addAll(Cases.one("mergeadd", "", "N h 3", (g, x) -> g.math.mergeAdd(x, x, x), x -> x.map(v -> 3 * v))
                .of(FLOAT32, FLOAT64, FLOAT16));
        cases.addAll(Cases.one(
                        "mergeavg",
                        "",
                        "N h 3",
                        (g, x) -> g.math.mergeAvg(x, x.mul(2), x.mul(6)),
                        x -> x.map(v -> 3 * v))
                .of(FLOAT32));
        cases.addAll(Cases.one("mergemax", "", "N h 3", (g, x) -> g.math.mergeMax(x, x.neg()), x -> x.map(Math::abs))
                .of(FLOAT32, FLOAT64));
        cases.addAll(Cases.one(
                        "mergemaxindex",
                        "",
                        "N h 3",
                        (g, x) -> g.math.mergeMaxIndex(x, x.neg(), x.mul(2)),
                        x -> x.map(v -> v > 0 ? 2 : 1))
                .of(FLOAT32, FLOAT64));
    }
}
