package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
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
    /** By nd4j's number: the activations of ONNX's LSTM. */
    private static final List<String> ACTIVATIONS = List.of(
            "Tanh",
            "Relu",
            "Sigmoid",
            "Affine",
            "LeakyRelu",
            "ThresholdedRelu",
            "ScaledTanh",
            "HardSigmoid",
            "Elu",
            "Softsign",
            "Softplus");

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

    private static boolean flag(SourceOp op, int index) {
        return op.flags().size() > index && op.flags().get(index);
    }

    /** Equal parts of the last axis in another order. */
    private static Piece reordered(Formula f, Piece x, int... order) {
        var parts = f.split(x, -1, order.length);
        var sorted = new ArrayList<Piece>();
        for (int part : order) {
            sorted.add(parts.get(part));
        }
        return f.concat(-1, sorted);
    }

    private static Piece zeros(Formula f, ValueType type, long... sizes) {
        long count = 1;
        for (long size : sizes) {
            count *= size;
        }
        return f.constant(Tensor.of(new double[(int) count], sizes).cast(type));
    }

    private static Piece clipped(Formula f, Piece x, double bound) {
        return bound == 0 ? x : f.min(f.max(x, -Math.abs(bound)), Math.abs(bound));
    }

    private static Piece sigmoid(Formula f, Piece x) {
        return f.apply("Sigmoid", x);
    }

    private static Piece tanh(Formula f, Piece x) {
        return f.apply("Tanh", x);
    }

    /** From nd4j's layout to [time, batch, features] and back: 0 and 3 are that, 1 has the batch first, 2 time last. */
    private static Piece timeFirst(Formula f, Piece x, long format) {
        return format == 1 ? f.transpose(x, 1, 0, 2) : format == 2 ? f.transpose(x, 2, 0, 1) : x;
    }

    private static Piece timeBack(Formula f, Piece x, long format) {
        return format == 1 ? f.transpose(x, 1, 0, 2) : format == 2 ? f.transpose(x, 1, 2, 0) : x;
    }

    /**
     * nd4j's arguments: layout, direction (forward, backward, both summed, both joined, both on an axis of their own),
     * activations of the gates, the cell and the output; the bound of the cell, then the activations' numbers; flags of
     * bias, lengths, first output, first cell, peepholes, and of the outputs: all steps, the last output, the last cell.
     * Gates stand in the order input, forget, cell, output.
     */
    private record Lstm(
            Formula f,
            long format,
            long direction,
            Piece x,
            Piece inputWeights,
            Piece recurrentWeights,
            @Nullable Piece bias,
            @Nullable Piece lengths,
            @Nullable Piece firstOutput,
            @Nullable Piece firstCell,
            @Nullable Piece peepholes,
            int units) {

        static Lstm of(Formula f) {
            var op = f.op();
            Emitter.require(op.flags().size() == 8, "8 flags are needed, got %s", op.flags());
            long format = f.integer(0);
            long direction = f.integer(1);
            boolean one = direction < 2;
            int next = 3;
            var bias = flag(op, 0) ? stacked(f, f.in(next++), one) : null;
            var lengths = flag(op, 1) ? f.to().cast(op, f.to().in(op, next++), ValueType.INT32) : null;
            var output = flag(op, 2) ? stacked(f, f.in(next++), one) : null;
            var cell = flag(op, 3) ? stacked(f, f.in(next++), one) : null;
            var peepholes = flag(op, 4) ? stacked(f, f.in(next), one) : null;
            return new Lstm(
                    f,
                    format,
                    direction,
                    timeFirst(f, f.in(0), format),
                    stacked(f, f.in(1), one),
                    stacked(f, f.in(2), one),
                    bias,
                    lengths,
                    output,
                    cell,
                    peepholes,
                    (int) f.size(2, one ? 0 : 1));
        }

        private static Piece stacked(Formula f, Piece x, boolean one) {
            return one ? f.unsqueeze(x, 0) : x;
        }

        int directions() {
            return direction < 2 ? 1 : 2;
        }

        /** @return all steps [time, directions, batch, units], last outputs and last cells [directions, batch, units] */
        List<Piece> asOperator() {
            // backwards, nd4j takes the last steps of a short sequence, and ONNX the first ones
            boolean turned = direction == 1 && lengths != null;
            var weights = f.transpose(reordered(f, inputWeights, 0, 3, 1, 2), 0, 2, 1);
            var recurrent = f.transpose(reordered(f, recurrentWeights, 0, 3, 1, 2), 0, 2, 1);
            var offset = bias == null
                    ? Emitter.none()
                    : f.concat(
                            -1,
                            List.of(reordered(f, bias, 0, 3, 1, 2), zeros(f, bias.type(), directions(), 4L * units)));
            var attributes = new HashMap<String, Attribute>();
            attributes.put("hidden_size", Attribute.of((long) units));
            attributes.put(
                    "direction",
                    Attribute.of(direction == 0 || turned ? "forward" : direction == 1 ? "reverse" : "bidirectional"));
            activations(attributes);
            var made = f.to().applyAll(
                            f.op(),
                            3,
                            "LSTM",
                            attributes,
                            turned ? f.reversed(x, 0) : x,
                            weights,
                            recurrent,
                            offset,
                            or(lengths),
                            or(firstOutput),
                            or(firstCell),
                            peepholes == null ? Emitter.none() : reordered(f, peepholes, 0, 2, 1));
            return turned ? List.of(f.reversed(made.get(0), 0), made.get(1), made.get(2)) : made;
        }

        private static Piece or(@Nullable Piece piece) {
            return piece == null ? Emitter.none() : piece;
        }

        private void activations(Map<String, Attribute> attributes) {
            var names = new ArrayList<String>();
            var alphas = new ArrayList<Float>();
            var betas = new ArrayList<Float>();
            for (int repeat = 0; repeat < directions(); repeat++) {
                int next = 1;
                for (int i = 2; i < 5; i++) {
                    int kind = (int) f.integer(i);
                    Emitter.require(
                            kind >= 0 && kind < ACTIVATIONS.size(),
                            "activations 0 to %s are known, got %s",
                            ACTIVATIONS.size() - 1,
                            kind);
                    names.add(ACTIVATIONS.get(kind));
                    // as ONNX does, the numbers stand one after another for those activations that have them
                    if (kind == 3 || kind == 4 || kind == 5 || kind == 6 || kind == 8) {
                        alphas.add((float) f.real(next++));
                    } else if (kind == 7) {
                        alphas.add(0.2f);
                        betas.add(0.5f);
                    }
                    if (kind == 3 || kind == 6) {
                        betas.add((float) f.real(next++));
                    }
                }
            }
            attributes.put("activations", new Attribute.Texts(names));
            if (!alphas.isEmpty()) {
                attributes.put("activation_alpha", new Attribute.Reals(alphas));
            }
            if (!betas.isEmpty()) {
                attributes.put("activation_beta", new Attribute.Reals(betas));
            }
        }

        /** The same, step by step: ONNX bounds what goes into the gates, nd4j the cell. */
        List<Piece> asSteps(double bound) {
            for (int i = 2; i < 5; i++) {
                long kind = f.integer(i);
                Emitter.require(
                        kind <= 2 || kind == 7 || kind >= 9,
                        "with a bound of the cell, activations without numbers are covered, got %s",
                        kind);
            }
            var ways = new ArrayList<List<Piece>>();
            for (int way = 0; way < directions(); way++) {
                ways.add(way(way, direction == 1 || way == 1, bound));
            }
            var made = new ArrayList<Piece>();
            for (int i = 0; i < 3; i++) {
                long axis = i == 0 ? 1 : 0;
                int part = i;
                made.add(f.concat(
                        axis,
                        ways.stream()
                                .map(way -> f.unsqueeze(way.get(part), axis))
                                .toList()));
            }
            return made;
        }

        private Piece of(Piece stacked, int way) {
            return f.squeeze(f.slice(stacked, 0, way, way + 1L), 0);
        }

        private List<Piece> way(int way, boolean backwards, double bound) {
            boolean within = backwards && lengths != null && directions() == 2;
            var steps = !backwards ? x : within ? turnedWithin(x) : f.reversed(x, 0);
            var inputs = f.matmul(steps, of(inputWeights, way)); // [T, N, 4H]
            var offered = bias == null ? inputs : f.add(inputs, of(bias, way));
            var batch = f.slice(f.shape(x), 0, 1, 2);
            var none = f.apply("Expand", f.number(x, 0), f.concat(0, List.of(batch, f.longs(units))));
            var recurrent = of(recurrentWeights, way);
            var holes = peepholes == null ? List.<Piece>of() : f.split(of(peepholes, way), -1, 3);
            var sequences = new ArrayList<Piece>();
            sequences.add(offered);
            if (lengths != null) {
                sequences.add(active());
            }
            var states = List.of(
                    firstOutput == null ? none : of(firstOutput, way), firstCell == null ? none : of(firstCell, way));
            var scanned = f.to().scan(f.op(), states, sequences, (inside, before, elements) -> {
                var g = new Formula(f.op(), inside);
                var made = cell(g, elements.get(0), before.get(0), before.get(1), recurrent, holes, bound);
                if (elements.size() == 1) {
                    return new Step(made, List.of(made.get(0)));
                }
                var active = elements.get(1);
                return new Step(
                        List.of(
                                g.where(active, made.get(0), before.get(0)),
                                g.where(active, made.get(1), before.get(1))),
                        List.of(g.where(active, made.get(0), g.number(made.get(0), 0))));
            });
            var all = scanned.get(2);
            all = !backwards ? all : within ? turnedWithin(all) : f.reversed(all, 0);
            if (lengths == null) {
                return List.of(all, scanned.get(0), scanned.get(1));
            }
            var any = f.unsqueeze(f.greater(lengths, 0), 1);
            return List.of(
                    all, f.where(any, scanned.get(0), f.number(x, 0)), f.where(any, scanned.get(1), f.number(x, 0)));
        }

        private Piece known() {
            return java.util.Objects.requireNonNull(lengths);
        }

        private Piece turnedWithin(Piece sequence) {
            return f.apply(
                    "ReverseSequence",
                    Map.of("time_axis", Attribute.of(0L), "batch_axis", Attribute.of(1L)),
                    sequence,
                    f.to().cast(f.op(), known(), ValueType.INT64));
        }

        /** [time, batch, 1]: whether a sequence still has that step. */
        private Piece active() {
            var count = f.squeeze(f.slice(f.shape(x), 0, 0, 1), 0);
            var steps = f.to().make(
                            f.op(),
                            ValueType.INT64,
                            "Range",
                            Map.of(),
                            f.to().number(f.op(), ValueType.INT64, 0),
                            count,
                            f.to().number(f.op(), ValueType.INT64, 1));
            var length = f.to().cast(f.op(), known(), ValueType.INT64);
            return f.apply("Less", f.unsqueeze(steps, 1, 2), f.unsqueeze(length, 0, 2));
        }

        private List<Piece> cell(
                Formula g, Piece inputs, Piece output, Piece cell, Piece weights, List<Piece> holes, double bound) {
            var parts = g.split(g.add(inputs, g.matmul(output, weights)), -1, 4);
            var in = parts.get(0);
            var forget = parts.get(1);
            var out = parts.get(3);
            if (!holes.isEmpty()) {
                in = g.add(in, g.mul(cell, holes.get(0)));
                forget = g.add(forget, g.mul(cell, holes.get(1)));
            }
            var candidate = activation(g, parts.get(2), f.integer(3));
            var next = clipped(
                    g,
                    g.add(
                            g.mul(activation(g, forget, f.integer(2)), cell),
                            g.mul(activation(g, in, f.integer(2)), candidate)),
                    bound);
            if (!holes.isEmpty()) {
                out = g.add(out, g.mul(next, holes.get(2)));
            }
            return List.of(g.mul(activation(g, out, f.integer(2)), activation(g, next, f.integer(4))), next);
        }

        private static Piece activation(Formula g, Piece x, long kind) {
            return g.apply(ACTIVATIONS.get((int) kind), x);
        }
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
