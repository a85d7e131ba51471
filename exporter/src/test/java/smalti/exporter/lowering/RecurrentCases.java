package smalti.exporter.lowering;

import static smalti.exporter.lowering.Cases.named;
import static smalti.exporter.lowering.Cases.numbered;
import static smalti.exporter.lowering.NonlinearityCases.cast;
import static smalti.exporter.lowering.OpCases.array;
import static smalti.exporter.lowering.OpCases.doubles;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.GRU;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.GRUCell;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.LSTMBlock;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.LSTMBlockCell;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.LSTMCell;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.LSTMLayer;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.SRU;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.SRUCell;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.config.LSTMActivations;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.config.LSTMCellConfiguration;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.config.LSTMConfiguration;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.config.LSTMDataFormat;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.config.LSTMDirectionMode;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.config.LSTMLayerConfig;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.config.RnnDataFormat;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.weights.GRUWeights;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.weights.LSTMLayerWeights;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.weights.LSTMWeights;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.weights.SRUWeights;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

/** What recurrent layers and their cells mean, in the equations that nd4j documents. */
final class RecurrentCases {
    private static final int FEATURES = 3;
    private static final int UNITS = 4;
    private static final ElementType[] TYPES = {FLOAT32, FLOAT64, FLOAT16};
    private static final List<Map<String, Integer>> SIZES =
            List.of(Map.of("N", 2, "T", 5), Map.of("N", 3, "T", 1), Map.of("N", 1, "T", 3));

    /** Where no sequence may be longer than there are steps. */
    private static final List<Map<String, Integer>> LONG =
            List.of(Map.of("N", 2, "T", 5), Map.of("N", 4, "T", 3), Map.of("N", 1, "T", 4));

    private RecurrentCases() {}

    static Stream<OpCase> all() {
        return Stream.of(layers(), cells(), blocks(), gated(), simple()).flatMap(cases -> cases);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double clipped(double x, double bound) {
        return bound == 0 ? x : Math.max(-bound, Math.min(bound, x));
    }

    /** Row by matrix. */
    private static double[] product(double[] row, Doubles matrix) {
        var product = new double[matrix.shape[1]];
        for (int i = 0; i < row.length; i++) {
            for (int j = 0; j < product.length; j++) {
                product[j] += row[i] * matrix.at(i, j);
            }
        }
        return product;
    }

    private static double[] sum(double[]... rows) {
        var sum = new double[rows[0].length];
        for (var row : rows) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += row[i];
            }
        }
        return sum;
    }

    private static double[] row(Doubles matrix, int... at) {
        int length = matrix.shape[matrix.shape.length - 1];
        var row = new double[length];
        var place = Arrays.copyOf(at, at.length + 1);
        for (int i = 0; i < length; i++) {
            place[at.length] = i;
            row[i] = matrix.at(place);
        }
        return row;
    }

    private static double[] joined(double[] one, double[] other) {
        var joined = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, joined, one.length, other.length);
        return joined;
    }

    private static Doubles part(Doubles stacked, boolean bidirectional, int way) {
        if (!bidirectional) {
            return stacked;
        }
        var taken = stacked.taken(0, way);
        return taken.reshaped(Arrays.copyOfRange(taken.shape, 1, taken.shape.length));
    }

    /** One use of an LSTM layer. */
    private record Layer(
            LSTMDataFormat format,
            LSTMDirectionMode direction,
            LSTMActivations gate,
            LSTMActivations cell,
            LSTMActivations output,
            double bound,
            boolean biased,
            boolean lengths,
            boolean firsts,
            boolean peepholes,
            boolean all,
            boolean lastOutput,
            boolean lastCell) {
        boolean both() {
            return direction != LSTMDirectionMode.FWD && direction != LSTMDirectionMode.BWD;
        }

        long[] stacked(long... sizes) {
            if (!both()) {
                return sizes;
            }
            var more = new long[sizes.length + 1];
            more[0] = 2;
            System.arraycopy(sizes, 0, more, 1, sizes.length);
            return more;
        }

        INDArray inputWeights() {
            return array(stacked(FEATURES, 4 * UNITS));
        }

        INDArray recurrentWeights() {
            return array(stacked(UNITS, 4 * UNITS)).add(0.05);
        }

        INDArray bias() {
            return array(stacked(4 * UNITS));
        }

        INDArray holes() {
            return array(stacked(3 * UNITS));
        }

        List<TensorSpec> inputs() {
            var shape = switch (format) {
                case TNS, T2NS -> "T N 3";
                case NTS -> "N T 3";
                case NST -> "N 3 T";
            };
            var inputs = new ArrayList<TensorSpec>();
            inputs.add(spec("x", FLOAT32, shape));
            if (lengths) {
                inputs.add(spec("lengths", INT32, "N"));
            }
            if (firsts) {
                inputs.add(spec("h", FLOAT32, both() ? "2 N 4" : "N 4"));
                inputs.add(spec("c", FLOAT32, both() ? "2 N 4" : "N 4"));
            }
            return inputs;
        }

        SDVariable build(SameDiff graph, Function<String, SDVariable> in) {
            var x = in.apply("x");
            var weights = LSTMLayerWeights.builder()
                    .weights(cast(graph, inputWeights(), x))
                    .rWeights(cast(graph, recurrentWeights(), x));
            if (biased) {
                weights.bias(cast(graph, bias(), x));
            }
            if (peepholes) {
                weights.peepholeWeights(cast(graph, holes(), x));
            }
            var config = LSTMLayerConfig.builder()
                    .lstmdataformat(format)
                    .directionMode(direction)
                    .gateAct(gate)
                    // nd4j's constructor gives them in the other order
                    .outAct(cell)
                    .cellAct(output)
                    .cellClip(bound)
                    .retFullSequence(all)
                    .retLastH(lastOutput)
                    .retLastC(lastCell)
                    .build();
            // and so it does with the first output and cell
            return named(new LSTMLayer(
                            graph,
                            x,
                            firsts ? in.apply("h") : null,
                            firsts ? in.apply("c") : null,
                            lengths ? in.apply("lengths") : null,
                            weights.build(),
                            config)
                    .outputVariables());
        }

        private static double activated(LSTMActivations kind, double x) {
            return switch (kind) {
                case TANH -> Math.tanh(x);
                case RELU -> Math.max(0, x);
                case SIGMOID -> sigmoid(x);
                case HARD_SIGMOID -> Math.max(0, Math.min(1, 0.2 * x + 0.5));
                case SOFTSIGN -> x / (1 + Math.abs(x));
                case SOFTPLUS -> Math.log1p(Math.exp(x));
                default -> throw new IllegalArgumentException(kind.toString());
            };
        }

        Map<String, Doubles> meaning(Map<String, Doubles> in) {
            var x = switch (format) {
                case TNS, T2NS -> get(in, "x");
                case NTS -> get(in, "x").permuted(1, 0, 2);
                case NST -> get(in, "x").permuted(2, 0, 1);
            };
            int steps = x.shape[0];
            int batch = x.shape[1];
            int ways = both() ? 2 : 1;
            var outputs = new Doubles(steps, ways, batch, UNITS);
            var lastOutputs = new Doubles(ways, batch, UNITS);
            var lastCells = new Doubles(ways, batch, UNITS);
            for (int way = 0; way < ways; way++) {
                var wx = part(doubles(inputWeights()), both(), way);
                var wr = part(doubles(recurrentWeights()), both(), way);
                var b = row(part(doubles(bias()), both(), way));
                var p = row(part(doubles(holes()), both(), way));
                for (int n = 0; n < batch; n++) {
                    run(in, x, way, n, wx, wr, b, p, outputs, lastOutputs, lastCells);
                }
            }
            var made = new ArrayList<Doubles>();
            if (all) {
                made.add(arranged(outputs));
            }
            if (lastOutput) {
                made.add(part(lastOutputs, !both(), 0));
            }
            if (lastCell) {
                made.add(part(lastCells, !both(), 0));
            }
            return numbered(made);
        }

        private void run(
                Map<String, Doubles> in,
                Doubles x,
                int way,
                int n,
                Doubles wx,
                Doubles wr,
                double[] b,
                double[] p,
                Doubles outputs,
                Doubles lastOutputs,
                Doubles lastCells) {
            int steps = x.shape[0];
            int batch = x.shape[1];
            int limit = lengths ? Math.min(steps, (int) get(in, "lengths").at(n)) : steps;
            boolean backwards = way == 1 || direction == LSTMDirectionMode.BWD;
            var h = firsts ? row(part(get(in, "h"), both(), way), n) : new double[UNITS];
            var c = firsts ? row(part(get(in, "c"), both(), way), n) : new double[UNITS];
            for (int k = 0; k < limit; k++) {
                // backwards, a short sequence stands at the end, unless the forward way shares it
                int t = !backwards ? k : both() ? limit - 1 - k : steps - 1 - k;
                var z = sum(product(row(x, t, n), wx), product(h, wr), biased ? b : new double[4 * UNITS]);
                var nextH = new double[UNITS];
                var nextC = new double[UNITS];
                for (int u = 0; u < UNITS; u++) {
                    double i = activated(gate, z[u] + (peepholes ? p[u] * c[u] : 0));
                    double f = activated(gate, z[UNITS + u] + (peepholes ? p[UNITS + u] * c[u] : 0));
                    nextC[u] = clipped(f * c[u] + i * activated(cell, z[2 * UNITS + u]), bound);
                    double o = activated(gate, z[3 * UNITS + u] + (peepholes ? p[2 * UNITS + u] * nextC[u] : 0));
                    nextH[u] = o * activated(output, nextC[u]);
                    outputs.data[((t * (both() ? 2 : 1) + way) * batch + n) * UNITS + u] = nextH[u];
                }
                h = nextH;
                c = nextC;
            }
            for (int u = 0; u < UNITS; u++) {
                lastOutputs.data[(way * batch + n) * UNITS + u] = limit == 0 ? 0 : h[u];
                lastCells.data[(way * batch + n) * UNITS + u] = limit == 0 ? 0 : c[u];
            }
        }

        /** From [steps, ways, batch, units]. */
        private Doubles arranged(Doubles outputs) {
            if (direction == LSTMDirectionMode.BIDIR_EXTRA_DIM) {
                return outputs;
            }
            int steps = outputs.shape[0];
            int batch = outputs.shape[2];
            var forward = outputs.taken(1, 0).reshaped(steps, batch, UNITS);
            var flat = !both()
                    ? forward
                    : direction == LSTMDirectionMode.BIDIR_SUM
                            ? forward.with(outputs.taken(1, 1).reshaped(steps, batch, UNITS), Double::sum)
                            : Doubles.joined(2, forward, outputs.taken(1, 1).reshaped(steps, batch, UNITS));
            return switch (format) {
                case TNS, T2NS -> flat;
                case NTS -> flat.permuted(1, 0, 2);
                case NST -> flat.permuted(1, 2, 0);
            };
        }

        OpCase useCase() {
            var label = format + " " + direction + (bound > 0 ? " bound" : "") + (biased ? " bias" : "")
                    + (lengths ? " lengths" : "") + (firsts ? " first" : "") + (peepholes ? " peepholes" : "") + " "
                    + (all ? "all" : "") + (lastOutput ? "output" : "") + (lastCell ? "cell" : "") + " " + gate + " "
                    + cell + " " + output;
            return new OpCase(
                            "lstmLayer",
                            label,
                            inputs(),
                            lengths ? LONG : SIZES,
                            Map.of(),
                            (graph, in) -> build(graph, in),
                            this::meaning,
                            2e-6,
                            null)
                    .domain("lengths", x -> x % 4);
        }
    }

    private static Layer plain(LSTMDataFormat format, LSTMDirectionMode direction) {
        return layer(format, direction, 0, true, false, false, false);
    }

    private static Layer layer(
            LSTMDataFormat format,
            LSTMDirectionMode direction,
            double bound,
            boolean biased,
            boolean lengths,
            boolean firsts,
            boolean peepholes) {
        return new Layer(
                format,
                direction,
                LSTMActivations.SIGMOID,
                LSTMActivations.TANH,
                LSTMActivations.TANH,
                bound,
                biased,
                lengths,
                firsts,
                peepholes,
                true,
                true,
                true);
    }

    private static Layer activated(LSTMActivations gate, LSTMActivations cell, LSTMActivations output, double bound) {
        return new Layer(
                LSTMDataFormat.NTS,
                LSTMDirectionMode.BIDIR_CONCAT,
                gate,
                cell,
                output,
                bound,
                true,
                false,
                false,
                false,
                true,
                false,
                true);
    }

    private static Stream<OpCase> layers() {
        var cases = new ArrayList<OpCase>();
        for (var format : LSTMDataFormat.values()) {
            for (var direction : LSTMDirectionMode.values()) {
                boolean own = direction == LSTMDirectionMode.BIDIR_EXTRA_DIM;
                if (own == (format == LSTMDataFormat.T2NS)) {
                    cases.add(plain(format, direction).useCase());
                }
            }
        }
        for (var direction : LSTMDirectionMode.values()) {
            var format = direction == LSTMDirectionMode.BIDIR_EXTRA_DIM ? LSTMDataFormat.T2NS : LSTMDataFormat.NTS;
            for (double bound : new double[] {0, 0.1}) {
                cases.add(
                        layer(format, direction, bound, false, true, true, true).useCase());
            }
            // oneDNN's kernel, which is of floats, refuses a bound
            cases.addAll(layer(format, direction, 0.1, true, false, false, false)
                    .useCase()
                    .of(FLOAT64));
        }
        var relu = LSTMActivations.RELU;
        var tanh = LSTMActivations.TANH;
        for (double bound : new double[] {0, 0.1}) {
            cases.addAll(activated(LSTMActivations.HARD_SIGMOID, tanh, LSTMActivations.SOFTSIGN, bound)
                    .useCase()
                    .of(FLOAT64));
            cases.addAll(activated(LSTMActivations.SIGMOID, LSTMActivations.SOFTPLUS, relu, bound)
                    .useCase()
                    .of(FLOAT64));
        }
        var first = layer(LSTMDataFormat.TNS, LSTMDirectionMode.FWD, 0, true, false, true, false);
        cases.addAll(first.useCase().of(FLOAT32, FLOAT64));
        cases.addAll(layer(LSTMDataFormat.TNS, LSTMDirectionMode.FWD, 0.2, true, false, true, false)
                .useCase()
                .of(FLOAT64));
        return cases.stream();
    }

    private static OpCase many(
            String op,
            String label,
            List<TensorSpec> inputs,
            java.util.function.BiFunction<SameDiff, Function<String, SDVariable>, SDVariable[]> build,
            Function<Map<String, Doubles>, List<Doubles>> meaning) {
        return new OpCase(
                op,
                label,
                inputs,
                SIZES,
                Map.of(),
                (graph, in) -> named(build.apply(graph, in)),
                in -> numbered(meaning.apply(in)),
                2e-6,
                null);
    }

    private static Doubles matrix(List<double[]> rows) {
        var matrix = new Doubles(rows.size(), rows.get(0).length);
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, matrix.data, i * matrix.shape[1], matrix.shape[1]);
        }
        return matrix;
    }

    private static OpCase cell(boolean peepholes, boolean projected, double bound) {
        int outputs = projected ? 2 : UNITS;
        var wx = array(FEATURES, 4 * UNITS);
        var wr = array(outputs, 4 * UNITS);
        var holes = array(3 * UNITS);
        var projection = array(UNITS, outputs);
        var bias = array(4 * UNITS);
        return many(
                "lstmCell",
                (peepholes ? "peepholes " : "") + (projected ? "projected " : "") + "bound " + bound,
                List.of(spec("x", FLOAT32, "N 3"), spec("h", FLOAT32, "N " + outputs), spec("c", FLOAT32, "N 4")),
                (graph, in) -> {
                    var x = in.apply("x");
                    return new TypedLstmCell(
                                    graph,
                                    LSTMCellConfiguration.builder()
                                            .peepHole(peepholes)
                                            .projection(projected)
                                            .clippingCellValue(bound)
                                            .clippingProjValue(bound / 2)
                                            .forgetBias(0.7)
                                            .xt(x)
                                            .ht_1(in.apply("h"))
                                            .ct_1(in.apply("c"))
                                            .Wx(cast(graph, wx, x))
                                            .Wh(cast(graph, wr, x))
                                            .Wc(cast(graph, holes, x))
                                            .Wp(cast(graph, projection, x))
                                            .b(cast(graph, bias, x))
                                            .build())
                            .outputVariables();
                },
                in -> {
                    var outputsOf = new ArrayList<double[]>();
                    var cellsOf = new ArrayList<double[]>();
                    for (int n = 0; n < get(in, "x").shape[0]; n++) {
                        var c = row(get(in, "c"), n);
                        var z = sum(
                                product(row(get(in, "x"), n), doubles(wx)),
                                product(row(get(in, "h"), n), doubles(wr)),
                                doubles(bias).data);
                        var p = peepholes ? doubles(holes).data : new double[3 * UNITS];
                        var h = new double[UNITS];
                        for (int u = 0; u < UNITS; u++) {
                            double i = sigmoid(z[u] + p[u] * c[u]);
                            double f = sigmoid(z[UNITS + u] + p[UNITS + u] * c[u] + 0.7);
                            c[u] = clipped(f * c[u] + i * Math.tanh(z[2 * UNITS + u]), bound);
                            h[u] = sigmoid(z[3 * UNITS + u] + p[2 * UNITS + u] * c[u]) * Math.tanh(c[u]);
                        }
                        outputsOf.add(
                                projected
                                        ? Arrays.stream(product(h, doubles(projection)))
                                                .map(y -> clipped(y, bound / 2))
                                                .toArray()
                                        : h);
                        cellsOf.add(c);
                    }
                    return List.of(matrix(outputsOf), matrix(cellsOf));
                });
    }

    private static Stream<OpCase> cells() {
        return Stream.of(
                        cell(false, false, 0).of(FLOAT32, FLOAT64),
                        cell(true, false, 0.3).of(FLOAT32),
                        cell(false, true, 0.3).of(FLOAT32),
                        cell(true, true, 0).of(FLOAT32))
                .flatMap(List::stream);
    }

    private static final INDArray BLOCK_WEIGHTS = array(FEATURES + UNITS, 4 * UNITS);
    private static final List<INDArray> BLOCK_HOLES =
            List.of(array(UNITS), array(UNITS).add(0.1), array(UNITS).sub(0.2));
    private static final INDArray BLOCK_BIAS = array(4 * UNITS);
    private static final Doubles WEIGHTS = doubles(BLOCK_WEIGHTS);
    private static final Doubles BIAS = doubles(BLOCK_BIAS);
    private static final List<Doubles> HOLES =
            BLOCK_HOLES.stream().map(OpCases::doubles).toList();

    private static LSTMWeights weights(SameDiff graph, SDVariable like) {
        return LSTMWeights.builder()
                .weights(cast(graph, BLOCK_WEIGHTS, like))
                .inputPeepholeWeights(cast(graph, BLOCK_HOLES.get(0), like))
                .forgetPeepholeWeights(cast(graph, BLOCK_HOLES.get(1), like))
                .outputPeepholeWeights(cast(graph, BLOCK_HOLES.get(2), like))
                .bias(cast(graph, BLOCK_BIAS, like))
                .build();
    }

    /** Input gate, cell, forget gate, output gate, candidate, tanh of the cell, output. */
    private static List<double[]> blockStep(
            double[] x, double[] cell, double[] output, boolean peepholes, double bound) {
        var z = sum(product(joined(x, output), WEIGHTS), BIAS.data);
        var made = Stream.generate(() -> new double[UNITS]).limit(7).toList();
        for (int u = 0; u < UNITS; u++) {
            double in = peepholes ? HOLES.get(0).at(u) * cell[u] : 0;
            double forget = peepholes ? HOLES.get(1).at(u) * cell[u] : 0;
            made.get(0)[u] = sigmoid(z[u] + in);
            made.get(2)[u] = sigmoid(z[2 * UNITS + u] + forget + 0.7);
            made.get(4)[u] = Math.tanh(z[UNITS + u]);
            double next = clipped(made.get(2)[u] * cell[u] + made.get(0)[u] * made.get(4)[u], bound);
            made.get(1)[u] = next;
            made.get(3)[u] =
                    sigmoid(z[3 * UNITS + u] + (peepholes ? HOLES.get(2).at(u) * next : 0));
            made.get(5)[u] = Math.tanh(next);
            made.get(6)[u] = made.get(3)[u] * made.get(5)[u];
        }
        return made;
    }

    private static Stream<OpCase> blocks() {
        var cases = new ArrayList<OpCase>();
        for (boolean peepholes : new boolean[] {false, true}) {
            double bound = peepholes ? 0.3 : 0;
            var config = LSTMConfiguration.builder()
                    .peepHole(peepholes)
                    .forgetBias(0.7)
                    .clippingCellValue(bound);
            cases.addAll(many(
                            "lstmBlockCell",
                            peepholes ? "peepholes" : "",
                            List.of(spec("x", FLOAT32, "N 3"), spec("c", FLOAT32, "N 4"), spec("h", FLOAT32, "N 4")),
                            (graph, in) -> new LSTMBlockCell(
                                            graph,
                                            in.apply("x"),
                                            in.apply("c"),
                                            in.apply("h"),
                                            weights(graph, in.apply("x")),
                                            config.build())
                                    .outputVariables(),
                            in -> {
                                var rows = new ArrayList<List<double[]>>();
                                for (int n = 0; n < get(in, "x").shape[0]; n++) {
                                    rows.add(blockStep(
                                            row(get(in, "x"), n),
                                            row(get(in, "c"), n),
                                            row(get(in, "h"), n),
                                            peepholes,
                                            bound));
                                }
                                var made = new ArrayList<Doubles>();
                                for (int i = 0; i < 7; i++) {
                                    int part = i;
                                    made.add(matrix(rows.stream()
                                            .map(row -> row.get(part))
                                            .toList()));
                                }
                                return made;
                            })
                    .of(FLOAT32, FLOAT64));
            for (var format : RnnDataFormat.values()) {
                cases.add(block(format, config.dataFormat(format).build(), peepholes, bound));
            }
        }
        return cases.stream();
    }

    private static OpCase block(RnnDataFormat format, LSTMConfiguration config, boolean peepholes, double bound) {
        var shape = switch (format) {
            case TNS -> "T N 3";
            case NST -> "N 3 T";
            case NTS -> "N T 3";
        };
        return many(
                "lstmBlock",
                format + (peepholes ? " peepholes" : ""),
                List.of(spec("x", FLOAT32, shape), spec("c", FLOAT32, "N 4"), spec("h", FLOAT32, "N 4")),
                // nd4j's constructor swaps its first two
                (graph, in) -> new LSTMBlock(
                                graph,
                                in.apply("x"),
                                graph.constant(Nd4j.scalar(1000L)),
                                in.apply("c"),
                                in.apply("h"),
                                weights(graph, in.apply("x")),
                                config)
                        .outputVariables(),
                in -> {
                    var x = switch (format) {
                        case TNS -> get(in, "x");
                        case NST -> get(in, "x").permuted(2, 0, 1);
                        case NTS -> get(in, "x").permuted(1, 0, 2);
                    };
                    var made = new ArrayList<Doubles>();
                    for (int i = 0; i < 7; i++) {
                        made.add(new Doubles(x.shape[0], x.shape[1], UNITS));
                    }
                    for (int n = 0; n < x.shape[1]; n++) {
                        var c = row(get(in, "c"), n);
                        var h = row(get(in, "h"), n);
                        for (int t = 0; t < x.shape[0]; t++) {
                            var step = blockStep(row(x, t, n), c, h, peepholes, bound);
                            c = step.get(1);
                            h = step.get(6);
                            for (int i = 0; i < 7; i++) {
                                System.arraycopy(step.get(i), 0, made.get(i).data, (t * x.shape[1] + n) * UNITS, UNITS);
                            }
                        }
                    }
                    return made.stream()
                            .map(y -> switch (format) {
                                case TNS -> y;
                                case NST -> y.permuted(1, 2, 0);
                                case NTS -> y.permuted(1, 0, 2);
                            })
                            .toList();
                });
    }

    private static Stream<OpCase> gated() {
        var wx = array(FEATURES, 3 * UNITS);
        var wr = array(UNITS, 3 * UNITS);
        var bias = array(3 * UNITS);
        var gates = array(FEATURES + UNITS, 2 * UNITS);
        var cell = array(FEATURES + UNITS, UNITS);
        var gateBias = array(2 * UNITS);
        var cellBias = array(UNITS);
        var layer = many(
                "gru",
                "",
                List.of(spec("x", FLOAT32, "T N 3"), spec("h", FLOAT32, "N 4")),
                (graph, in) -> new GRU(
                                graph,
                                in.apply("x"),
                                in.apply("h"),
                                cast(graph, wx, in.apply("x")),
                                cast(graph, wr, in.apply("x")),
                                cast(graph, bias, in.apply("x")))
                        .outputVariables(),
                in -> {
                    var x = get(in, "x");
                    var y = new Doubles(x.shape[0], x.shape[1], UNITS);
                    for (int n = 0; n < x.shape[1]; n++) {
                        var h = row(get(in, "h"), n);
                        for (int t = 0; t < x.shape[0]; t++) {
                            var a = sum(product(row(x, t, n), doubles(wx)), doubles(bias).data);
                            var r = product(h, doubles(wr));
                            for (int u = 0; u < UNITS; u++) {
                                double reset = sigmoid(a[u] + r[u]);
                                double update = sigmoid(a[UNITS + u] + r[UNITS + u]);
                                double made = Math.tanh(a[2 * UNITS + u] + reset * r[2 * UNITS + u]);
                                h[u] = update * h[u] + (1 - update) * made;
                                y.data[(t * x.shape[1] + n) * UNITS + u] = h[u];
                            }
                        }
                    }
                    return List.of(y);
                });
        var one = many(
                "gruCell",
                "",
                List.of(spec("x", FLOAT32, "N 3"), spec("h", FLOAT32, "N 4")),
                (graph, in) -> new GRUCell(
                                graph,
                                in.apply("x"),
                                in.apply("h"),
                                GRUWeights.builder()
                                        .ruWeight(cast(graph, gates, in.apply("x")))
                                        .cWeight(cast(graph, cell, in.apply("x")))
                                        .ruBias(cast(graph, gateBias, in.apply("x")))
                                        .cBias(cast(graph, cellBias, in.apply("x")))
                                        .build())
                        .outputVariables(),
                in -> {
                    var made = Stream.generate(() -> new ArrayList<double[]>())
                            .limit(4)
                            .toList();
                    for (int n = 0; n < get(in, "x").shape[0]; n++) {
                        var x = row(get(in, "x"), n);
                        var h = row(get(in, "h"), n);
                        var ru = sum(product(joined(x, h), doubles(gates)), doubles(gateBias).data);
                        var reset = Arrays.stream(ru, 0, UNITS)
                                .map(RecurrentCases::sigmoid)
                                .toArray();
                        var update = Arrays.stream(ru, UNITS, 2 * UNITS)
                                .map(RecurrentCases::sigmoid)
                                .toArray();
                        var kept = new double[UNITS];
                        Arrays.setAll(kept, u -> reset[u] * h[u]);
                        var c = Arrays.stream(sum(product(joined(x, kept), doubles(cell)), doubles(cellBias).data))
                                .map(Math::tanh)
                                .toArray();
                        var y = new double[UNITS];
                        Arrays.setAll(y, u -> update[u] * h[u] + (1 - update[u]) * c[u]);
                        made.get(0).add(reset);
                        made.get(1).add(update);
                        made.get(2).add(c);
                        made.get(3).add(y);
                    }
                    return made.stream().map(RecurrentCases::matrix).toList();
                });
        return Stream.of(layer.of(TYPES), one.of(TYPES)).flatMap(List::stream);
    }

    /** @return output and cell */
    private static List<double[]> simpleStep(double[] x, double[] cell, Doubles weights, Doubles bias) {
        int size = x.length;
        var z = product(x, weights);
        var made = List.of(new double[size], new double[size]);
        for (int u = 0; u < size; u++) {
            double forget = sigmoid(z[size + u] + bias.at(u));
            double reset = sigmoid(z[2 * size + u] + bias.at(size + u));
            double next = forget * cell[u] + (1 - forget) * z[u];
            made.get(0)[u] = reset * Math.tanh(next) + (1 - reset) * x[u];
            made.get(1)[u] = next;
        }
        return made;
    }

    private static OpCase simpleLayer() {
        var weights = array(3 * FEATURES, FEATURES);
        var bias = array(2 * FEATURES);
        var inputs = new ArrayList<TensorSpec>();
        inputs.add(spec("x", FLOAT32, "N 3 T"));
        inputs.add(spec("c", FLOAT32, "N 3"));
        // nd4j knows no shape without one
        inputs.add(spec("mask", FLOAT32, "N 3"));
        return many(
                "sru",
                "mask",
                inputs,
                (graph, in) -> new TypedSru(
                                graph,
                                in.apply("x"),
                                in.apply("c"),
                                in.apply("mask"),
                                SRUWeights.builder()
                                        .weights(cast(graph, weights, in.apply("x")))
                                        .bias(cast(graph, bias, in.apply("x")))
                                        .build())
                        .outputVariables(),
                in -> {
                    var x = get(in, "x");
                    var made = List.of(new Doubles(x.shape), new Doubles(x.shape));
                    for (int n = 0; n < x.shape[0]; n++) {
                        var c = row(get(in, "c"), n);
                        for (int t = 0; t < x.shape[2]; t++) {
                            var at = new double[FEATURES];
                            for (int u = 0; u < FEATURES; u++) {
                                at[u] = x.at(n, u, t) * get(in, "mask").at(n, u);
                            }
                            var step = simpleStep(at, c, doubles(weights).permuted(1, 0), doubles(bias));
                            c = step.get(1);
                            for (int u = 0; u < FEATURES; u++) {
                                made.get(0).data[(n * FEATURES + u) * x.shape[2] + t] = step.get(0)[u];
                                made.get(1).data[(n * FEATURES + u) * x.shape[2] + t] = c[u];
                            }
                        }
                    }
                    return made;
                });
    }

    private static Stream<OpCase> simple() {
        var weights = array(FEATURES, 3 * FEATURES);
        var bias = array(2 * FEATURES);
        var cell = many(
                "sruCell",
                "",
                List.of(spec("x", FLOAT32, "N 3"), spec("c", FLOAT32, "N 3")),
                (graph, in) -> new TypedSruCell(
                                graph,
                                in.apply("x"),
                                in.apply("c"),
                                SRUWeights.builder()
                                        .weights(cast(graph, weights, in.apply("x")))
                                        .bias(cast(graph, bias, in.apply("x")))
                                        .build())
                        .outputVariables(),
                in -> {
                    var outputs = new ArrayList<double[]>();
                    var cells = new ArrayList<double[]>();
                    for (int n = 0; n < get(in, "x").shape[0]; n++) {
                        var made =
                                simpleStep(row(get(in, "x"), n), row(get(in, "c"), n), doubles(weights), doubles(bias));
                        outputs.add(made.get(0));
                        cells.add(made.get(1));
                    }
                    return List.of(matrix(outputs), matrix(cells));
                });
        return Stream.of(simpleLayer().of(TYPES), cell.of(TYPES)).flatMap(List::stream);
    }

    /** nd4j puts these three in no graph, as they do not say what type their results are of. */
    private static final class TypedLstmCell extends LSTMCell {
        TypedLstmCell(SameDiff graph, LSTMCellConfiguration configuration) {
            super(graph, configuration);
        }

        @Override
        public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
            return List.of(inputs.get(0), inputs.get(0));
        }
    }

    private static final class TypedSru extends SRU {
        TypedSru(SameDiff graph, SDVariable x, SDVariable cell, @Nullable SDVariable mask, SRUWeights weights) {
            super(graph, x, cell, mask, weights);
        }

        @Override
        public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
            return List.of(inputs.get(0), inputs.get(0));
        }
    }

    private static final class TypedSruCell extends SRUCell {
        TypedSruCell(SameDiff graph, SDVariable x, SDVariable cell, SRUWeights weights) {
            super(graph, x, cell, weights);
        }

        @Override
        public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
            return List.of(inputs.get(0), inputs.get(0));
        }
    }
}
