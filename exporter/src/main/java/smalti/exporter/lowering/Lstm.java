package smalti.exporter.lowering;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.ValueType;
import smalti.exporter.lowering.Emitter.Piece;
import smalti.exporter.lowering.Emitter.Step;

/**
 * nd4j's arguments: layout, direction (forward, backward, both summed, both joined, both on an axis of their own),
 * activations of the gates, the cell and the output; the bound of the cell, then the activations' numbers; flags of
 * bias, lengths, first output, first cell, peepholes, and of the outputs: all steps, the last output, the last cell.
 * Gates stand in the order input, forget, cell, output.
 */
record Lstm(
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

    static Lstm of(Formula f) {
        var op = f.op();
        Emitter.require(op.flags().size() == 8, "8 flags are needed, got %s", op.flags());
        long format = f.integer(0);
        long direction = f.integer(1);
        boolean one = direction < 2;
        int next = 3;
        var bias = RecurrentLowerings.flag(op, 0) ? stacked(f, f.in(next++), one) : null;
        var lengths = RecurrentLowerings.flag(op, 1) ? f.to().cast(op, f.to().in(op, next++), ValueType.INT32) : null;
        var output = RecurrentLowerings.flag(op, 2) ? stacked(f, f.in(next++), one) : null;
        var cell = RecurrentLowerings.flag(op, 3) ? stacked(f, f.in(next++), one) : null;
        var peepholes = RecurrentLowerings.flag(op, 4) ? stacked(f, f.in(next), one) : null;
        return new Lstm(
                f,
                format,
                direction,
                RecurrentLowerings.timeFirst(f, f.in(0), format),
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
        var weights = f.transpose(RecurrentLowerings.reordered(f, inputWeights, 0, 3, 1, 2), 0, 2, 1);
        var recurrent = f.transpose(RecurrentLowerings.reordered(f, recurrentWeights, 0, 3, 1, 2), 0, 2, 1);
        var offset = bias == null
                ? Emitter.none()
                : f.concat(
                        -1,
                        List.of(
                                RecurrentLowerings.reordered(f, bias, 0, 3, 1, 2),
                                RecurrentLowerings.zeros(f, bias.type(), directions(), 4L * units)));
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
                        peepholes == null ? Emitter.none() : RecurrentLowerings.reordered(f, peepholes, 0, 2, 1));
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
                    ways.stream().map(way -> f.unsqueeze(way.get(part), axis)).toList()));
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
                    List.of(g.where(active, made.get(0), before.get(0)), g.where(active, made.get(1), before.get(1))),
                    List.of(g.where(active, made.get(0), g.number(made.get(0), 0))));
        });
        var all = scanned.get(2);
        all = !backwards ? all : within ? turnedWithin(all) : f.reversed(all, 0);
        if (lengths == null) {
            return List.of(all, scanned.get(0), scanned.get(1));
        }
        var any = f.unsqueeze(f.greater(lengths, 0), 1);
        return List.of(all, f.where(any, scanned.get(0), f.number(x, 0)), f.where(any, scanned.get(1), f.number(x, 0)));
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
        var next = RecurrentLowerings.clipped(
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
