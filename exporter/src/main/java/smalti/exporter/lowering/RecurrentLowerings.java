package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.lowering.Emitter.Step;
import smalti.exporter.samediff.SourceOp;

/**
 * Recurrent layers and their cells.
 *
 * <p>What agrees with ONNX's LSTM and GRU gate by gate becomes one of them; the rest is written out along a Scan, whose
 * number of steps may be free.
 */
final class RecurrentLowerings {
    private RecurrentLowerings() {}

    static Map<String, Lowering> rows() {
        return Map.ofEntries(
                entry("lstmLayer", RecurrentLowerings::lstmLayer),
                entry("lstmCell", RecurrentLowerings::lstmCell),
                entry("lstmBlockCell", RecurrentLowerings::lstmBlockCell),
                entry("lstmBlock", RecurrentLowerings::lstmBlock),
                entry("gru", RecurrentLowerings::gru),
                entry("gruCell", RecurrentLowerings::gruCell),
                entry("sru", RecurrentLowerings::sru),
                entry("sruCell", (op, to) -> {
                    var f = new Formula(op, to);
                    var made = simple(f, f.in(0), f.matmul(f.in(0), f.in(2)), f.in(1), f.in(3));
                    to.give(op, 0, made.get(0));
                    to.give(op, 1, made.get(1));
                }));
    }

    static boolean flag(SourceOp op, int index) {
        return op.flags().size() > index && op.flags().get(index);
    }

    /** Equal parts of the last axis in another order. */
    static Piece reordered(Formula f, Piece x, int... order) {
        var parts = f.split(x, -1, order.length);
        var sorted = new ArrayList<Piece>();
        for (int part : order) {
            sorted.add(parts.get(part));
        }
        return f.concat(-1, sorted);
    }

    static Piece zeros(Formula f, ValueType type, long... sizes) {
        long count = 1;
        for (long size : sizes) {
            count *= size;
        }
        return f.constant(Tensor.of(new double[(int) count], sizes).cast(type));
    }

    static Piece clipped(Formula f, Piece x, double bound) {
        return bound == 0 ? x : f.min(f.max(x, -Math.abs(bound)), Math.abs(bound));
    }

    private static Piece sigmoid(Formula f, Piece x) {
        return f.apply("Sigmoid", x);
    }

    private static Piece tanh(Formula f, Piece x) {
        return f.apply("Tanh", x);
    }

    /** From nd4j's layout to [time, batch, features] and back: 0 and 3 are that, 1 has the batch first, 2 time last. */
    static Piece timeFirst(Formula f, Piece x, long format) {
        return format == 1 ? f.transpose(x, 1, 0, 2) : format == 2 ? f.transpose(x, 2, 0, 1) : x;
    }

    private static Piece timeBack(Formula f, Piece x, long format) {
        return format == 1 ? f.transpose(x, 1, 0, 2) : format == 2 ? f.transpose(x, 1, 2, 0) : x;
    }

    private static void lstmLayer(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var lstm = Lstm.of(f);
        double bound = f.real(0);
        var made = bound == 0 ? lstm.asOperator() : lstm.asSteps(bound);
        int next = 0;
        if (flag(op, 5)) {
            var all = made.get(0); // [T, D, N, H]
            if (lstm.direction() < 2) {
                all = timeBack(f, f.squeeze(all, 1), lstm.format());
            } else if (lstm.direction() == 2) {
                all = timeBack(f, f.sum(all, false, 1), lstm.format());
            } else if (lstm.direction() == 3) {
                var joined = f.reshape(f.transpose(all, 0, 2, 1, 3), 0, 0, 2L * lstm.units());
                all = timeBack(f, joined, lstm.format());
            }
            to.give(op, next++, all);
        }
        for (int i = 1; i <= 2; i++) {
            if (flag(op, 5 + i)) {
                to.give(op, next++, lstm.direction() < 2 ? f.squeeze(made.get(i), 0) : made.get(i));
            }
        }
    }

    /**
     * nd4j's arguments: whether there are peepholes, whether the output is projected; bounds of cell and projection, what
     * is added to the forget gate. Inputs: x, last output, last cell, weights of both, peepholes, projection, bias; gates
     * in the order input, forget, cell, output.
     */
    private static void lstmCell(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        boolean peepholes = f.integer(0) != 0;
        boolean projected = f.integer(1) != 0;
        var last = f.in(2);
        var parts = f.split(f.add(f.add(f.matmul(f.in(0), f.in(3)), f.matmul(f.in(1), f.in(4))), f.in(7)), -1, 4);
        var holes = peepholes ? f.split(f.reshape(f.in(5), -1), 0, 3) : List.<Piece>of();
        var in = peepholes ? f.add(parts.get(0), f.mul(last, holes.get(0))) : parts.get(0);
        var forget = peepholes ? f.add(parts.get(1), f.mul(last, holes.get(1))) : parts.get(1);
        var kept = f.mul(sigmoid(f, f.add(forget, f.real(2))), last);
        var cell = clipped(f, f.add(kept, f.mul(sigmoid(f, in), tanh(f, parts.get(2)))), f.real(0));
        var out = peepholes ? f.add(parts.get(3), f.mul(cell, holes.get(2))) : parts.get(3);
        var output = f.mul(sigmoid(f, out), tanh(f, cell));
        to.give(op, 0, projected ? clipped(f, f.matmul(output, f.in(6)), f.real(1)) : output);
        to.give(op, 1, cell);
    }

    /**
     * As TensorFlow's: gates in the order input, cell, forget, output.
     *
     * @param rest the last cell, weights of [x, last output], three peepholes and the bias
     * @return input gate, cell, forget gate, output gate, candidate, tanh of the cell, output
     */
    private static List<Piece> blockStep(Formula f, Piece x, Piece lastCell, Piece lastOutput, List<Piece> rest) {
        boolean peepholes = f.integer(0) != 0;
        var joined = f.concat(1, List.of(x, lastOutput));
        var parts = f.split(f.add(f.matmul(joined, rest.get(0)), rest.get(4)), -1, 4);
        var in = parts.get(0);
        var forget = f.add(parts.get(2), f.real(0));
        if (peepholes) {
            in = f.add(in, f.mul(lastCell, rest.get(1)));
            forget = f.add(forget, f.mul(lastCell, rest.get(2)));
        }
        in = sigmoid(f, in);
        forget = sigmoid(f, forget);
        var candidate = tanh(f, parts.get(1));
        var cell = clipped(f, f.add(f.mul(forget, lastCell), f.mul(in, candidate)), f.real(1));
        var out = peepholes ? f.add(parts.get(3), f.mul(cell, rest.get(3))) : parts.get(3);
        out = sigmoid(f, out);
        var shown = tanh(f, cell);
        return List.of(in, cell, forget, out, candidate, shown, f.mul(out, shown));
    }

    private static List<Piece> blockWeights(Formula f, int from) {
        return List.of(f.in(from), f.in(from + 1), f.in(from + 2), f.in(from + 3), f.in(from + 4));
    }

    private static void lstmBlockCell(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var made = blockStep(f, f.in(0), f.in(1), f.in(2), blockWeights(f, 3));
        for (int i = 0; i < made.size(); i++) {
            to.give(op, i, made.get(i));
        }
    }

    /** nd4j's arguments: whether there are peepholes, the layout: time first, time last, or the batch first. */
    private static void lstmBlock(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        long format = (3 - f.integer(1)) % 3;
        var rest = blockWeights(f, 4);
        var scanned = to.scan(
                op, List.of(f.in(2), f.in(3)), List.of(timeFirst(f, f.in(1), format)), (inside, states, elements) -> {
                    var g = new Formula(op, inside);
                    var made = blockStep(g, elements.get(0), states.get(0), states.get(1), rest);
                    return new Step(List.of(made.get(1), made.get(6)), made);
                });
        for (int i = 0; i < 7; i++) {
            to.give(op, i, timeBack(f, scanned.get(2 + i), format));
        }
    }

    /**
     * Inputs: x [time, batch, features], first output, weights of both, bias; gates in the order reset, update, cell. The
     * reset gate meets the product of the last output and its weights, as in cuDNN, not the last output.
     */
    private static void gru(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        int units = (int) f.size(3, 0);
        var attributes = Map.of(
                "hidden_size", Attribute.of((long) units),
                "linear_before_reset", Attribute.of(1L));
        var offset = f.concat(
                0, List.of(reordered(f, f.in(4), 1, 0, 2), zeros(f, f.in(4).type(), 3L * units)));
        var made = to.applyAll(
                op,
                1,
                "GRU",
                attributes,
                f.in(0),
                f.unsqueeze(f.transpose(reordered(f, f.in(2), 1, 0, 2), 1, 0), 0),
                f.unsqueeze(f.transpose(reordered(f, f.in(3), 1, 0, 2), 1, 0), 0),
                f.unsqueeze(offset, 0),
                Emitter.none(),
                f.unsqueeze(f.in(1), 0));
        f.give(f.squeeze(made.get(0), 1));
    }

    /** Inputs: x, last output, weights of [x, last output] for reset and update, the same for the cell, both biases. */
    private static void gruCell(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var x = f.in(0);
        var last = f.in(1);
        var gates = f.split(sigmoid(f, f.add(f.matmul(f.concat(1, List.of(x, last)), f.in(2)), f.in(4))), -1, 2);
        var reset = gates.get(0);
        var update = gates.get(1);
        var offered = f.concat(1, List.of(x, f.mul(reset, last)));
        var cell = tanh(f, f.add(f.matmul(offered, f.in(3)), f.in(5)));
        var output = f.add(f.mul(update, last), f.mul(f.sub(1, update), cell));
        to.give(op, 0, reset);
        to.give(op, 1, update);
        to.give(op, 2, cell);
        to.give(op, 3, output);
    }

    /**
     * A simple recurrent unit, arXiv:1709.02755.
     *
     * @param products of x with the three weights: of the cell, the forget gate, the reset gate
     * @param bias of forget and reset gate
     * @return output and cell
     */
    private static List<Piece> simple(Formula f, Piece x, Piece products, Piece last, Piece bias) {
        var parts = f.split(products, -1, 3);
        var offsets = f.split(bias, -1, 2);
        var forget = sigmoid(f, f.add(parts.get(1), offsets.get(0)));
        var reset = sigmoid(f, f.add(parts.get(2), offsets.get(1)));
        var cell = f.add(f.mul(forget, last), f.mul(f.sub(1, forget), parts.get(0)));
        return List.of(f.add(f.mul(reset, tanh(f, cell)), f.mul(f.sub(1, reset), x)), cell);
    }

    /** Inputs: x [batch, features, time], weights, bias, first cell, a mask [batch, features] of x if there is one. */
    private static void sru(SourceOp op, Emitter to) {
        var f = new Formula(op, to);
        var x = to.has(op, 4) ? f.mul(f.in(0), f.unsqueeze(f.in(4), 2)) : f.in(0);
        var steps = f.transpose(x, 2, 0, 1);
        var products = f.matmul(steps, f.transpose(f.in(1), 1, 0));
        var bias = f.in(2);
        var scanned = to.scan(op, List.of(f.in(3)), List.of(steps, products), (inside, states, elements) -> {
            var made = simple(new Formula(op, inside), elements.get(0), elements.get(1), states.get(0), bias);
            return new Step(List.of(made.get(1)), made);
        });
        to.give(op, 0, f.transpose(scanned.get(1), 1, 2, 0));
        to.give(op, 1, f.transpose(scanned.get(2), 1, 2, 0));
    }
}
