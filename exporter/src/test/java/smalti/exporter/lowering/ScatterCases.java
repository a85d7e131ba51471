package smalti.exporter.lowering;

import static smalti.spec.bundle.ElementType.FLOAT32;
import static smalti.spec.bundle.ElementType.FLOAT64;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

/** Rows brought together by their numbers. */
final class ScatterCases {
    private final List<OpCase> cases = new ArrayList<>();

    static Stream<OpCase> all() {
        var made = new ScatterCases();
        made.scatters();
        made.segments();
        return made.cases.stream();
    }

    private interface Scatter {
        SDVariable of(SameDiff graph, SDVariable x, SDVariable places, SDVariable rows);
    }

    private void scatters() {
        scatter("scatter_add", 16, (g, x, i, u) -> g.scatterAdd(x, i, u), Double::sum);
        scatter("scatter_sub", 16, (g, x, i, u) -> g.scatterSub(x, i, u), (a, b) -> a - b);
        scatter("scatter_mul", 16, (g, x, i, u) -> g.scatterMul(x, i, u), (a, b) -> a * b);
        scatter("scatter_div", 16, (g, x, i, u) -> g.scatterDiv(x, i, u), (a, b) -> a / b);
        scatter("scatter_max", 18, (g, x, i, u) -> g.scatterMax(x, i, u), Math::max);
        scatter("scatter_min", 18, (g, x, i, u) -> g.scatterMin(x, i, u), Math::min);
    }

    private void scatter(String op, int since, Scatter build, DoubleBinaryOperator meaning) {
        var rows = Nd4j.createFromArray(new float[][] {{0.5f, -2, 1.5f}, {2, 0.25f, -1}});
        cases.addAll(Cases.one(
                        op,
                        "",
                        "4 3",
                        (g, x) -> build.of(g, x, Cases.ints(g, 3, 1), g.constant(rows.castTo(x.dataType()))),
                        x -> Doubles.filled(
                                x.shape,
                                at -> at[0] == 3 || at[0] == 1
                                        ? meaning.applyAsDouble(x.at(at), rows.getDouble(at[0] == 3 ? 0 : 1, at[1]))
                                        : x.at(at)))
                .since(since)
                .of(FLOAT32, FLOAT64));
    }

    private interface Segment {
        SDVariable of(SameDiff graph, SDVariable x, SDVariable numbers);
    }

    private void segments() {
        int[] sorted = {0, 0, 1, 2, 2};
        int[] unsorted = {2, 0, 2, 1, 0};
        segment("segment_sum", sorted, (g, x, i) -> g.segmentSum(x, i), 0);
        segment("segment_mean", sorted, (g, x, i) -> g.segmentMean(x, i), 1);
        segment("segment_max", sorted, (g, x, i) -> g.segmentMax(x, i), 2);
        segment("segment_min", sorted, (g, x, i) -> g.segmentMin(x, i), 3);
        segment("segment_prod", sorted, (g, x, i) -> g.segmentProd(x, i), 4);
        segment("unsorted_segment_sum", unsorted, (g, x, i) -> g.unsortedSegmentSum(x, i, 3), 0);
        segment("unsorted_segment_mean", unsorted, (g, x, i) -> g.unsortedSegmentMean(x, i, 3), 1);
        segment("unsorted_segment_max", unsorted, (g, x, i) -> g.unsortedSegmentMax(x, i, 3), 2);
        segment("unsorted_segment_min", unsorted, (g, x, i) -> g.unsortedSegmentMin(x, i, 3), 3);
        segment("unsorted_segment_prod", unsorted, (g, x, i) -> g.unsortedSegmentProd(x, i, 3), 4);
        segment("unsorted_segment_sqrt_n", unsorted, (g, x, i) -> g.unsortedSegmentSqrtN(x, i, 3), 5);
    }

    private void segment(String op, int[] numbers, Segment build, int kind) {
        for (var shape : List.of("5", "5 3", "5 2 3")) {
            cases.addAll(Cases.one(op, shape, shape, (g, x) -> build.of(g, x, Cases.ints(g, numbers)), x -> {
                        var sizes = x.shape.clone();
                        sizes[0] = 3;
                        return Doubles.filled(sizes, at -> {
                            var members = new ArrayList<Double>();
                            for (int row = 0; row < 5; row++) {
                                if (numbers[row] == at[0]) {
                                    var from = at.clone();
                                    from[0] = row;
                                    members.add(x.at(from));
                                }
                            }
                            double sum = members.stream().mapToDouble(v -> v).sum();
                            return switch (kind) {
                                case 0 -> sum;
                                case 1 -> sum / members.size();
                                case 2 -> members.stream().reduce(Math::max).orElseThrow();
                                case 3 -> members.stream().reduce(Math::min).orElseThrow();
                                case 4 ->
                                    members.stream().reduce((a, b) -> a * b).orElseThrow();
                                default -> sum / Math.sqrt(members.size());
                            };
                        });
                    })
                    .of(FLOAT32, FLOAT64));
        }
    }
}
