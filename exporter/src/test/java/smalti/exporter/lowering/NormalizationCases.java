package smalti.exporter.lowering;

import static smalti.exporter.lowering.NonlinearityCases.FLOATS;
import static smalti.exporter.lowering.NonlinearityCases.cast;
import static smalti.exporter.lowering.NonlinearityCases.made;
import static smalti.exporter.lowering.NonlinearityCases.softmax;
import static smalti.exporter.lowering.NonlinearityCases.use;
import static smalti.exporter.lowering.OpCases.PICTURES;
import static smalti.exporter.lowering.OpCases.array;
import static smalti.exporter.lowering.OpCases.doubles;
import static smalti.exporter.lowering.OpCases.get;
import static smalti.exporter.lowering.OpCases.spec;
import static smalti.spec.bundle.ElementType.FLOAT16;
import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;
import static smalti.spec.bundle.ElementType.INT32;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.LocalResponseNormalizationConfig;
import org.nd4j.linalg.api.ops.impl.transforms.custom.DotProductAttention;
import org.nd4j.linalg.api.ops.impl.transforms.custom.InTopK;

/** What normalisations and attention mean. */
final class NormalizationCases {
    private NormalizationCases() {}

    static Stream<OpCase> all() {
        return Stream.of(
                        batchNorm("N 3 h w", 1),
                        batchNorm("N h 4", 2),
                        batchNorm("N 6", 1),
                        layerNorm("N h 6", false, true, 2),
                        layerNorm("N h 6", false, false, 2),
                        layerNorm("N 3 h w", true, true, 1, 2, 3),
                        use(
                                "standardize",
                                "last axis",
                                "N h 6",
                                (graph, in) -> graph.math.standardize("y", in.apply("x"), 2),
                                in -> standardized(get(in, "x"), 2))
                                .of(FLOAT32, FLOAT64, FLOAT16)
                                .stream(),
                        use(
                                "standardize",
                                "two axes",
                                "N 3 4",
                                (graph, in) -> graph.math.standardize("y", in.apply("x"), 1, 2),
                                in -> standardized(get(in, "x"), 1, 2))
                                .of(FLOAT32, FLOAT64, FLOAT16)
                                .stream(),
                        use(
                                "lrn",
                                "",
                                "N h w 6",
                                (graph, in) -> graph.cnn.localResponseNormalization(
                                        "y",
                                        in.apply("x"),
                                        LocalResponseNormalizationConfig.builder()
                                                .alpha(0.5)
                                                .beta(0.75)
                                                .bias(1)
                                                .depth(2)
                                                .build()),
                                in -> neighbours(get(in, "x")))
                                .of(FLOAT32, FLOAT16)
                                .stream(),
                        attention(false),
                        attention(true),
                        weights(),
                        heads(),
                        topK())
                .flatMap(cases -> cases);
    }

    private static Stream<OpCase> batchNorm(String shape, int axis) {
        int channels = Integer.parseInt(List.of(shape.split(" ", -1)).get(axis));
        var mean = array(channels);
        var variance = array(channels).mul(0.5).add(1);
        var gain = array(channels, 1).reshape(channels).add(1);
        var offset = array(channels, 1, 1).reshape(channels);
        return use(
                "batchnorm",
                shape + " axis " + axis,
                shape,
                (graph, in) -> {
                    var x = in.apply("x");
                    return graph.nn.batchNorm(
                            "y",
                            x,
                            cast(graph, mean, x),
                            cast(graph, variance, x),
                            cast(graph, gain, x),
                            cast(graph, offset, x),
                            1e-3,
                            axis);
                },
                in -> Doubles.filled(get(in, "x").shape, at -> {
                    int c = at[axis];
                    return (get(in, "x").at(at) - doubles(mean).at(c))
                                    / Math.sqrt(doubles(variance).at(c) + 1e-3)
                                    * doubles(gain).at(c)
                            + doubles(offset).at(c);
                }))
                .within(5e-6)
                .of(FLOAT32, FLOAT64, FLOAT16)
                .stream();
    }

    private static Doubles standardized(Doubles x, int... axes) {
        return Doubles.filled(x.shape, at -> {
            double sum = 0;
            double squares = 0;
            int count = 0;
            for (int i = 0; i < x.data.length; i++) {
                var other = place(x.shape, i);
                boolean together = true;
                for (int axis = 0; axis < at.length; axis++) {
                    int own = axis;
                    together &= other[axis] == at[axis] || Arrays.stream(axes).anyMatch(a -> a == own);
                }
                if (together) {
                    sum += x.data[i];
                    squares += x.data[i] * x.data[i];
                    count++;
                }
            }
            double mean = sum / count;
            return (x.at(at) - mean) / Math.sqrt(squares / count - mean * mean);
        });
    }

    static int[] place(int[] shape, int index) {
        var place = new int[shape.length];
        int rest = index;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            place[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        return place;
    }

    private static Stream<OpCase> layerNorm(String shape, boolean first, boolean withOffset, int... axes) {
        int channelAxis = first ? 1 : axes[axes.length - 1];
        int channels = Integer.parseInt(List.of(shape.split(" ", -1)).get(channelAxis));
        var gain = array(channels).add(1);
        var offset = array(channels, 1).reshape(channels);
        return use(
                "layer_norm",
                shape + " offset " + withOffset,
                shape,
                (graph, in) -> {
                    var x = in.apply("x");
                    return withOffset
                            ? graph.nn.layerNorm("y", x, cast(graph, gain, x), cast(graph, offset, x), first, axes)
                            : graph.nn.layerNorm("y", x, cast(graph, gain, x), first, axes);
                },
                in -> {
                    var y = standardized(get(in, "x"), axes);
                    return Doubles.filled(
                            y.shape,
                            at -> y.at(at) * doubles(gain).at(at[channelAxis])
                                    + (withOffset ? doubles(offset).at(at[channelAxis]) : 0));
                })
                .within(1e-5)
                .of(FLOAT32, FLOAT64, FLOAT16)
                .stream();
    }

    private static Doubles neighbours(Doubles x) {
        return Doubles.filled(x.shape, at -> {
            double sum = 0;
            for (int c = Math.max(0, at[3] - 2); c <= Math.min(x.shape[3] - 1, at[3] + 2); c++) {
                sum += Math.pow(x.at(at[0], at[1], at[2], c), 2);
            }
            return x.at(at) / Math.pow(1 + 0.5 * sum, 0.75);
        });
    }

    /** Channels before places, one sample at a time. */
    private static Doubles attended(Doubles q, Doubles k, Doubles v, double scale) {
        var scores = Doubles.filled(new int[] {q.shape[0], k.shape[2], q.shape[2]}, at -> {
            double sum = 0;
            for (int c = 0; c < q.shape[1]; c++) {
                sum += k.at(at[0], c, at[1]) * q.at(at[0], c, at[2]);
            }
            return sum * scale;
        });
        var weights = softmax(scores, 1);
        return Doubles.filled(new int[] {q.shape[0], v.shape[1], q.shape[2]}, at -> {
            double sum = 0;
            for (int i = 0; i < v.shape[2]; i++) {
                sum += v.at(at[0], at[1], i) * weights.at(at[0], i, at[2]);
            }
            return sum;
        });
    }

    private static Stream<OpCase> attention(boolean scaled) {
        return use(
                "dot_product_attention",
                "scaled " + scaled,
                Map.of("q", "N 4 h", "k", "N 4 w", "v", "N 3 w"),
                (graph, in) ->
                        graph.nn.dotProductAttention("y", in.apply("q"), in.apply("k"), in.apply("v"), null, scaled),
                in -> attended(get(in, "q"), get(in, "k"), get(in, "v"), scaled ? 0.5 : 1))
                .within(1e-5)
                .of(FLOAT32, FLOAT64)
                .stream();
    }

    /** The second output: how much each query sees of each key. */
    private static Stream<OpCase> weights() {
        return new OpCase(
                        "dot_product_attention",
                        "with weights",
                        List.of(spec("q", FLOAT32, "N 4 h"), spec("k", FLOAT32, "N 4 w"), spec("v", FLOAT32, "N 3 w")),
                        PICTURES,
                        Map.of(),
                        (graph, in) -> Cases.named(new DotProductAttention(
                                        graph, in.apply("q"), in.apply("k"), in.apply("v"), null, true, true)
                                .outputVariables()),
                        in -> {
                            var k = get(in, "k");
                            int keys = k.shape[2];
                            // the values that are unit vectors give the weights
                            var units = Doubles.filled(
                                    new int[] {k.shape[0], keys, keys}, at -> at[1] == at[2] ? 1.0 : 0.0);
                            return Cases.numbered(List.of(
                                    attended(get(in, "q"), k, get(in, "v"), 0.5),
                                    attended(get(in, "q"), k, units, 0.5)));
                        },
                        1e-5,
                        null)
                .of(FLOAT32, FLOAT64).stream();
    }

    private static Stream<OpCase> heads() {
        var projections = array(3, 2, 4, 5); // of queries, keys and values: [heads, projected, features]
        var joined = array(8, 6);
        return use(
                "multi_head_dot_product_attention",
                "two heads",
                Map.of("q", "N 5 h", "k", "N 5 w", "v", "N 5 w"),
                (graph, in) -> {
                    var w = new SDVariable[4];
                    for (int i = 0; i < 3; i++) {
                        w[i] = cast(graph, projections.slice(i).dup(), in.apply("q"));
                    }
                    w[3] = cast(graph, joined, in.apply("q"));
                    return graph.nn.multiHeadDotProductAttention(
                            "y", in.apply("q"), in.apply("k"), in.apply("v"), w[0], w[1], w[2], w[3], null, true);
                },
                in -> {
                    var all = doubles(projections);
                    var q = get(in, "q");
                    var result = new Doubles(q.shape[0], 6, q.shape[2]);
                    for (int head = 0; head < 2; head++) {
                        int h = head;
                        var parts = new Doubles[3];
                        for (int i = 0; i < 3; i++) {
                            int role = i;
                            var x = get(in, List.of("q", "k", "v").get(i));
                            parts[i] = Doubles.filled(new int[] {x.shape[0], 4, x.shape[2]}, at -> {
                                double sum = 0;
                                for (int c = 0; c < 5; c++) {
                                    sum += all.at(role, h, at[1], c) * x.at(at[0], c, at[2]);
                                }
                                return sum;
                            });
                        }
                        var seen = attended(parts[0], parts[1], parts[2], 0.5);
                        for (int i = 0; i < result.data.length; i++) {
                            var at = place(result.shape, i);
                            for (int c = 0; c < 4; c++) {
                                result.data[i] += seen.at(at[0], c, at[2])
                                        * doubles(joined).at(4 * h + c, at[1]);
                            }
                        }
                    }
                    return result;
                })
                .within(1e-5)
                .of(FLOAT32, FLOAT64)
                .stream();
    }

    private static Stream<OpCase> topK() {
        var largest = new OpCase(
                "top_k",
                "the largest",
                List.of(spec("x", FLOAT32, "N h 6")),
                PICTURES,
                Map.of(),
                (graph, in) -> graph.nn.topK(new String[] {"y", "places"}, in.apply("x"), 1, true)[0],
                in -> {
                    var places = get(in, "x").least(-1);
                    var sizes = new int[] {places.shape[0], places.shape[1], 1};
                    return Map.of(
                            "y",
                            Doubles.filled(sizes, at -> get(in, "x").at(at[0], at[1], (int) places.at(at[0], at[1]))),
                            "places",
                            places.reshaped(sizes));
                },
                0,
                null);
        var target = new OpCase(
                "in_top_k",
                "of two",
                List.of(spec("p", FLOAT32, "N 7"), spec("t", INT32, "N")),
                PICTURES,
                Map.of(),
                (graph, in) -> made(new InTopK(graph, in.apply("p"), in.apply("t"), 2)),
                in -> Map.of("y", Doubles.filled(get(in, "t").shape, at -> {
                    var p = get(in, "p");
                    double own = p.at(at[0], (int) get(in, "t").at(at));
                    int better = 0;
                    for (int i = 0; i < 7; i++) {
                        better += p.at(at[0], i) > own ? 1 : 0;
                    }
                    return better < 2 ? 1.0 : 0.0;
                })),
                0,
                null);
        return Stream.concat(largest.of(FLOATS).stream(), Stream.of(target));
    }
}
