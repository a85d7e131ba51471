package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.Map;
import java.util.stream.IntStream;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.samediff.SourceOp;

/** Matrices, which are the last two axes. */
final class MatrixLowerings {
    private MatrixLowerings() {}

    /** Whether an element belongs to what is kept. */
    @FunctionalInterface
    private interface Kept {
        boolean at(int row, int column);
    }

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("matrix_determinant", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.apply("Det", f.in(0)));
                }),
                entry("batched_gemm", MatrixLowerings::batched),
                entry("matrix_band_part", MatrixLowerings::band),
                entry("triu", (op, to) -> {
                    var f = new Formula(op, to);
                    long shift = op.ints().isEmpty() ? 0 : f.integer(0);
                    f.give(masked(f, (row, column) -> column - row >= shift));
                }),
                entry("tri", MatrixLowerings::triangle),
                entry("eye", MatrixLowerings::eye),
                entry("diag", MatrixLowerings::diagonal),
                entry("matrix_diag", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(onDiagonal(f, to.in(op, 0), f.size(0, f.rank(0) - 1)));
                }),
                entry("diag_part", MatrixLowerings::diagonalOf),
                entry("matrix_diag_part", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(diagonalOfLast(f));
                }),
                entry("matrix_set_diag", (op, to) -> {
                    var f = new Formula(op, to);
                    var x = to.in(op, 0);
                    int rank = f.rank(0);
                    Emitter.require(
                            f.size(0, rank - 1) == f.size(0, rank - 2),
                            "the matrices must be square, got %s",
                            to.value(op, 0));
                    var mask = mask(f, f.size(0, rank - 2), f.size(0, rank - 1), (row, column) -> row == column);
                    f.give(f.where(mask, f.unsqueeze(to.in(op, 1), -1), x));
                }),
                entry("trace", (op, to) -> {
                    var f = new Formula(op, to);
                    f.give(f.sum(f.wide(diagonalOfLast(f)), false, -1));
                }),
                entry("cross", (op, to) -> {
                    var f = new Formula(op, to);
                    var a = f.in(0);
                    var b = f.in(1);
                    var one = f.mul(f.gather(a, -1, 1, 2, 0), f.gather(b, -1, 2, 0, 1));
                    f.give(f.sub(one, f.mul(f.gather(a, -1, 2, 0, 1), f.gather(b, -1, 1, 2, 0))));
                }));
    }

    /**
     * nd4j's arguments: transpose a, transpose b, transpose the result; factors of the product and of what is added to
     * it, of which there is nothing.
     */
    static void product(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(
                f.rank(0) >= 2 && f.rank(1) >= 2,
                "both must have 2 axes or more, got %s and %s; reshape vectors to matrices",
                to.value(op, 0),
                to.value(op, 1));
        var product = f.matmul(turned(f, 0), turned(f, 1));
        double factor = op.reals().isEmpty() ? 1 : f.real(0);
        product = factor == 1 ? product : f.mul(product, factor);
        f.give(flag(op, 2) ? f.transpose(product, swapped(Math.max(f.rank(0), f.rank(1)))) : product);
    }

    private static boolean flag(SourceOp op, int index) {
        return op.ints().size() > index && op.ints().get(index) != 0;
    }

    /** Inputs: a factor for each product, one for what was there, which is nothing, left and right matrices. */
    private static void batched(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int count = op.outputs().size();
        Emitter.require(
                op.inputs().size() == 2 + 2 * count,
                "two factors and %s pairs of matrices are needed, got %s",
                count,
                op.inputs());
        for (int i = 0; i < count; i++) {
            var left = f.integer(0) != 0 ? f.transpose(f.in(2 + i), 1, 0) : f.in(2 + i);
            var right = f.integer(1) != 0 ? f.transpose(f.in(2 + count + i), 1, 0) : f.in(2 + count + i);
            to.give(op, i, f.mul(f.matmul(left, right), f.slice(f.in(0), 0, i, i + 1)));
        }
    }

    private static Piece turned(Formula f, int index) {
        if (!flag(f.op(), index)) {
            return f.in(index);
        }
        var order = swapped(f.rank(index));
        var constant = f.to().constant(f.op(), index);
        return constant == null ? f.transpose(f.in(index), order) : f.wide(f.constant(constant.permuted(order)));
    }

    /** The last two axes change places. */
    private static int[] swapped(int rank) {
        return IntStream.range(0, rank)
                .map(axis -> axis < rank - 2 ? axis : 2 * rank - 3 - axis)
                .toArray();
    }

    private static Tensor tensor(long rows, long columns, Kept kept) {
        var values = new double[(int) (rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = kept.at(i / (int) columns, i % (int) columns) ? 1 : 0;
        }
        return Tensor.of(values, rows, columns);
    }

    private static Piece mask(Formula f, long rows, long columns, Kept kept) {
        return f.constant(tensor(rows, columns, kept).cast(ValueType.BOOL));
    }

    /** The input with 0 for what is not kept. */
    private static Piece masked(Formula f, Kept kept) {
        var x = f.to().in(f.op(), 0);
        int rank = f.rank(0);
        return f.where(mask(f, f.size(0, rank - 2), f.size(0, rank - 1), kept), x, f.number(x, 0));
    }

    /** So many diagonals below and above the main one; a negative number keeps all. */
    private static void band(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        long below = f.integer(0);
        long above = f.integer(1);
        f.give(masked(
                f, (row, column) -> (below < 0 || row - column <= below) && (above < 0 || column - row <= above)));
    }

    private static void triangle(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        long rows = f.integer(0);
        long columns = op.ints().size() > 1 ? f.integer(1) : rows;
        long shift = op.ints().size() > 2 ? f.integer(2) : 0;
        f.give(f.constant(
                tensor(rows, columns, (row, column) -> column - row <= shift).cast(to.outputType(op))));
    }

    /** nd4j's arguments: rows, columns, sizes of the axes before. */
    private static void eye(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        Emitter.require(!op.ints().isEmpty(), "the number of rows must be an argument");
        long rows = f.integer(0);
        long columns = op.ints().size() > 1 ? f.integer(1) : rows;
        var matrix =
                f.constant(tensor(rows, columns, (row, column) -> row == column).cast(to.outputType(op)));
        if (op.ints().size() <= 2) {
            f.give(matrix);
            return;
        }
        var sizes = new java.util.ArrayList<>(op.ints().subList(2, op.ints().size()));
        sizes.add(rows);
        sizes.add(columns);
        f.give(f.apply("Expand", matrix, to.longs(op, sizes)));
    }

    private static Piece onDiagonal(Formula f, Piece x, long size) {
        var mask = mask(f, size, size, (row, column) -> row == column);
        return f.where(mask, f.unsqueeze(x, -1), f.number(x, 0));
    }

    /** A tensor of twice the rank with the input on its diagonal. */
    private static void diagonal(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var sizes = new java.util.ArrayList<Long>();
        long count = 1;
        for (int axis = 0; axis < f.rank(0); axis++) {
            sizes.add(f.size(0, axis));
            count *= f.size(0, axis);
        }
        sizes.addAll(java.util.List.copyOf(sizes));
        var matrix = onDiagonal(f, f.reshape(to.in(op, 0), count), count);
        f.give(f.apply("Reshape", matrix, to.longs(op, sizes)));
    }

    private static void diagonalOf(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int half = f.rank(0) / 2;
        var sizes = new long[half];
        int count = 1;
        for (int axis = 0; axis < half; axis++) {
            sizes[axis] = f.size(0, axis);
            count *= (int) f.size(0, axis);
        }
        int rows = count;
        var places =
                IntStream.range(0, rows).mapToLong(i -> (long) i * rows + i).toArray();
        f.give(f.reshape(f.gather(f.reshape(to.in(op, 0), -1), 0, places), sizes));
    }

    /** The diagonal of each of the last two axes' matrices. */
    private static Piece diagonalOfLast(Formula f) {
        int rank = f.rank(0);
        long rows = f.size(0, rank - 2);
        long columns = f.size(0, rank - 1);
        var sizes = new long[rank - 1];
        sizes[rank - 2] = -1;
        var places = IntStream.range(0, (int) Math.min(rows, columns))
                .mapToLong(i -> i * columns + i)
                .toArray();
        return f.gather(f.reshape(f.to().in(f.op(), 0), sizes), -1, places);
    }
}
