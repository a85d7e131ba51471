package smalti.exporter.lowering;

import static smalti.exporter.lowering.NonlinearityCases.made;
import static smalti.exporter.lowering.NonlinearityCases.use;
import static smalti.exporter.lowering.OpCases.PICTURES;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT16;
import static smalti.spec.bundle.ElementType.INT32;
import static smalti.spec.bundle.ElementType.INT64;
import static smalti.spec.bundle.ElementType.INT8;
import static smalti.spec.bundle.ElementType.UINT8;

import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.LongBinaryOperator;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.transforms.custom.MatrixDiag;
import org.nd4j.linalg.api.ops.impl.transforms.custom.MatrixDiagPart;
import smalti.spec.bundle.ElementType;

/** What operations on matrices and on bits mean. */
final class MatrixCases {
    private static final ElementType[] REALS = {FLOAT32, FLOAT64, FLOAT16};
    private static final ElementType[] NUMBERS = {FLOAT32, FLOAT64, FLOAT16, INT32, INT64};

    private MatrixCases() {}

    static Stream<OpCase> all() {
        return Stream.of(
                        products(),
                        of(
                                new ElementType[] {FLOAT32},
                                "matrix_determinant",
                                "N 3 3",
                                (graph, x) -> graph.linalg.matrixDeterminant("y", x),
                                x -> Doubles.filled(new int[] {x.shape[0]}, at -> determinant(x, at[0]))),
                        masked(
                                "matrix_band_part",
                                (graph, x) -> graph.linalg.matrixBandPart(new String[] {"y", "z"}, x, 1, 0)[0],
                                (row, column) -> row - column <= 1 && column <= row ? 1 : 0),
                        masked(
                                "triu",
                                (graph, x) -> graph.linalg.triu("y", x, 1),
                                (row, column) -> column - row >= 1 ? 1 : 0),
                        masked(
                                "triu",
                                (graph, x) -> graph.linalg.triu("y", x, -1),
                                (row, column) -> column - row >= -1 ? 1 : 0),
                        constants(),
                        of(
                                NUMBERS,
                                "diag",
                                "4",
                                (graph, x) -> graph.linalg.diag("y", x),
                                x -> Doubles.filled(new int[] {4, 4}, at -> at[0] == at[1] ? x.at(at[0]) : 0)),
                        of(
                                NUMBERS,
                                "diag",
                                "2 3",
                                (graph, x) -> graph.linalg.diag("y", x),
                                x -> Doubles.filled(
                                        new int[] {2, 3, 2, 3},
                                        at -> at[0] == at[2] && at[1] == at[3] ? x.at(at[0], at[1]) : 0)),
                        of(
                                REALS,
                                "matrix_diag",
                                "N 3",
                                (graph, x) -> made(new MatrixDiag(graph, x, false)),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0], 3, 3}, at -> at[1] == at[2] ? x.at(at[0], at[1]) : 0)),
                        of(
                                NUMBERS,
                                "diag_part",
                                "4 4",
                                (graph, x) -> graph.linalg.diag_part("y", x),
                                x -> Doubles.filled(new int[] {4}, at -> x.at(at[0], at[0]))),
                        of(
                                REALS,
                                "matrix_diag_part",
                                "N 3 4",
                                (graph, x) -> made(new MatrixDiagPart(graph, x, false)),
                                x -> Doubles.filled(new int[] {x.shape[0], 3}, at -> x.at(at[0], at[1], at[1]))),
                        of(
                                new ElementType[] {FLOAT32, FLOAT64, FLOAT16},
                                "trace",
                                "N 3 3",
                                (graph, x) -> graph.math.trace("y", x),
                                x -> Doubles.filled(
                                        new int[] {x.shape[0]},
                                        at -> x.at(at[0], 0, 0) + x.at(at[0], 1, 1) + x.at(at[0], 2, 2))),
                        use(
                                "matrix_set_diag",
                                "",
                                Map.of("a", "N 3 3", "b", "N 3"),
                                (graph, in) -> graph.math.setDiag("y", in.apply("a"), in.apply("b")),
                                in -> Doubles.filled(
                                        get(in, "a").shape,
                                        at -> at[1] == at[2]
                                                ? get(in, "b").at(at[0], at[1])
                                                : get(in, "a").at(at)))
                                .of(NUMBERS)
                                .stream(),
                        use(
                                "cross",
                                "",
                                Map.of("a", "N 3", "b", "N 3"),
                                (graph, in) -> graph.linalg.cross("y", in.apply("a"), in.apply("b")),
                                in -> {
                                    var a = get(in, "a");
                                    var b = get(in, "b");
                                    return Doubles.filled(a.shape, at -> {
                                        int i = (at[1] + 1) % 3;
                                        int j = (at[1] + 2) % 3;
                                        return a.at(at[0], i) * b.at(at[0], j) - a.at(at[0], j) * b.at(at[0], i);
                                    });
                                })
                                .of(FLOAT32, FLOAT64, FLOAT16)
                                .stream(),
                        bits())
                .flatMap(cases -> cases);
    }

    private static Stream<OpCase> of(
            ElementType[] types,
            String op,
            String shape,
            BiFunction<org.nd4j.autodiff.samediff.SameDiff, SDVariable, SDVariable> build,
            java.util.function.Function<Doubles, Doubles> reference) {
        return use(
                op, shape, shape, (graph, in) -> build.apply(graph, in.apply("x")), in -> reference.apply(get(in, "x")))
                .of(types)
                .stream();
    }

    private static Stream<OpCase> masked(
            String op,
            BiFunction<org.nd4j.autodiff.samediff.SameDiff, SDVariable, SDVariable> build,
            LongBinaryOperator kept) {
        return of(
                REALS,
                op,
                "N 3 4",
                build,
                x -> Doubles.filled(x.shape, at -> kept.applyAsLong(at[1], at[2]) == 1 ? x.at(at) : 0));
    }

    private static double determinant(Doubles x, int n) {
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            int j = (i + 1) % 3;
            int k = (i + 2) % 3;
            sum += x.at(n, 0, i) * (x.at(n, 1, j) * x.at(n, 2, k) - x.at(n, 1, k) * x.at(n, 2, j));
        }
        return sum;
    }

    /** Matrices from nothing, which an input is added to. */
    private static Stream<OpCase> constants() {
        return Stream.of(
                use(
                        "tri",
                        "shifted",
                        "N 3 4",
                        (graph, in) -> in.apply("x").add("y", graph.linalg.tri(DataType.FLOAT, 3, 4, 1)),
                        in -> Doubles.filled(
                                get(in, "x").shape, at -> get(in, "x").at(at) + (at[2] <= at[1] + 1 ? 1 : 0))),
                use(
                        "eye",
                        "wide",
                        "N 3 4",
                        (graph, in) -> in.apply("x").add("y", graph.math.eye(3, 4)),
                        in -> Doubles.filled(
                                get(in, "x").shape, at -> get(in, "x").at(at) + (at[1] == at[2] ? 1 : 0))),
                use(
                        "eye",
                        "two",
                        "2 3 3",
                        (graph, in) -> in.apply("x").add("y", graph.math.eye(3, 3, DataType.FLOAT, 2)),
                        in -> Doubles.filled(
                                get(in, "x").shape, at -> get(in, "x").at(at) + (at[1] == at[2] ? 1 : 0))));
    }

    private static Stream<OpCase> products() {
        var cases = Stream.<OpCase>builder();
        for (int turned = 0; turned < 8; turned++) {
            boolean a = (turned & 1) != 0;
            boolean b = (turned & 2) != 0;
            boolean result = (turned & 4) != 0;
            for (var batch : List.of("", "N ", "N 2 ")) {
                var left = batch + (a ? "4 3" : "3 4");
                var right = batch + (b ? "5 4" : "4 5");
                use(
                                "matmul",
                                left + " by " + right + (result ? " turned" : ""),
                                Map.of("a", left, "b", right),
                                (graph, in) -> graph.mmul("y", in.apply("a"), in.apply("b"), a, b, result),
                                in -> multiplied(get(in, "a"), get(in, "b"), a, b, result))
                        .of(FLOAT32, FLOAT64, FLOAT16)
                        .forEach(cases::add);
            }
        }
        return cases.build();
    }

    private static Doubles multiplied(Doubles a, Doubles b, boolean turnA, boolean turnB, boolean turned) {
        int rank = a.shape.length;
        var shape = a.shape.clone();
        shape[rank - 2] = turned ? 5 : 3;
        shape[rank - 1] = turned ? 3 : 5;
        return Doubles.filled(shape, at -> {
            int row = at[turned ? rank - 1 : rank - 2];
            int column = at[turned ? rank - 2 : rank - 1];
            double sum = 0;
            for (int i = 0; i < 4; i++) {
                sum += cell(a, at, turnA ? i : row, turnA ? row : i)
                        * cell(b, at, turnB ? column : i, turnB ? i : column);
            }
            return sum;
        });
    }

    private static double cell(Doubles x, int[] at, int row, int column) {
        var place = at.clone();
        place[at.length - 2] = row;
        place[at.length - 1] = column;
        return x.at(place);
    }

    private static Stream<OpCase> bit(
            String op,
            ElementType[] types,
            BiFunction<org.nd4j.autodiff.samediff.SameDiff, SDVariable[], SDVariable> build,
            LongBinaryOperator reference) {
        return new OpCase(
                        op,
                        "",
                        List.of(spec("a", INT32, "N h"), spec("b", INT32, "N h")),
                        PICTURES,
                        Map.of(),
                        (graph, in) -> build.apply(graph, new SDVariable[] {in.apply("a"), in.apply("b")}),
                        in -> Map.of("y", get(in, "a").with(get(in, "b"), (a, b) ->
                                (double) reference.applyAsLong((long) a, (long) b))),
                        0,
                        null)
                .of(types).stream();
    }

    private static Stream<OpCase> bits() {
        ElementType[] signed = {INT32, INT16, INT8};
        ElementType[] all = {INT32, INT16, INT8, UINT8};
        return Stream.of(
                        bit("bitwise_and", signed, (graph, in) -> graph.bitwise.and("y", in[0], in[1]), (a, b) -> a & b)
                                .map(useCase ->
                                        useCase.domain("a", x -> 13 * x - 40).domain("b", x -> 20 - 9 * x)),
                        bit("bitwise_or", signed, (graph, in) -> graph.bitwise.or("y", in[0], in[1]), (a, b) -> a | b)
                                .map(useCase ->
                                        useCase.domain("a", x -> 13 * x - 40).domain("b", x -> 20 - 9 * x)),
                        bit("bitwise_xor", signed, (graph, in) -> graph.bitwise.xor("y", in[0], in[1]), (a, b) -> a ^ b)
                                .map(useCase ->
                                        useCase.domain("a", x -> 13 * x - 40).domain("b", x -> 20 - 9 * x)),
                        bit(
                                "bitwise_and",
                                new ElementType[] {UINT8},
                                (graph, in) -> graph.bitwise.and("y", in[0], in[1]),
                                (a, b) -> a & b),
                        bit(
                                        "shift_bits",
                                        all,
                                        (graph, in) -> graph.bitwise.leftShift("y", in[0], in[1]),
                                        (a, b) -> a << b)
                                .map(useCase -> useCase.domain("b", x -> x % 4)),
                        bit(
                                        "rshift_bits",
                                        all,
                                        (graph, in) -> graph.bitwise.rightShift("y", in[0], in[1]),
                                        (a, b) -> a >> b)
                                .map(useCase -> useCase.domain("a", x -> 15 * x).domain("b", x -> x % 4)),
                        bit(
                                        "rshift_bits",
                                        signed,
                                        (graph, in) -> graph.bitwise.rightShift("y", in[0], in[1]),
                                        (a, b) -> a >> b)
                                .map(useCase ->
                                        useCase.domain("a", x -> 15 * x - 45).domain("b", x -> x % 4)),
                        bit(
                                        "cyclic_shift_bits",
                                        new ElementType[] {INT32},
                                        (graph, in) -> graph.bitwise.leftShiftCyclic("y", in[0], in[1]),
                                        (a, b) -> Integer.rotateLeft((int) a, (int) b))
                                .map(useCase -> useCase.domain("a", x -> 300_000_000 * x)),
                        bit(
                                "cyclic_rshift_bits",
                                new ElementType[] {INT32},
                                (graph, in) -> graph.bitwise.rightShiftCyclic("y", in[0], in[1]),
                                (a, b) -> Integer.rotateRight((int) a, (int) b)),
                        new OpCase(
                                        "bits_hamming_distance",
                                        "",
                                        List.of(spec("a", INT32, "N h"), spec("b", INT32, "N h")),
                                        PICTURES,
                                        Map.of(),
                                        (graph, in) ->
                                                graph.bitwise.bitsHammingDistance("y", in.apply("a"), in.apply("b")),
                                        in -> {
                                            var sum = new Doubles();
                                            for (int i = 0; i < get(in, "a").data.length; i++) {
                                                sum.data[0] += Long.bitCount(
                                                        (long) get(in, "a").data[i] ^ (long) get(in, "b").data[i]);
                                            }
                                            return Map.of("y", sum);
                                        },
                                        0,
                                        null)
                                .of(INT32, UINT8).stream())
                .flatMap(cases -> cases);
    }
}
