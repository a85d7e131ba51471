package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.onnx.OnnxFile;

/** The batch of x [n,5,4] is followed through operators that keep it, so that what mixes it behind them is seen. */
final class RowMixingTest {
    private static final Signature SIGNATURE = new Signature(List.of(tensor("x")), List.of(tensor("y")));

    private static TensorSpec tensor(String name) {
        return TensorSpec.of(name, ElementType.FLOAT32, "n 5 4");
    }

    /**
     * @param batch the axis of it in h
     * @param other an axis of h that rows have for themselves
     */
    @ParameterizedTest
    @CsvSource({
        "slice, 0, 1",
        "gather, 0, 1",
        "gather-one, 0, 1",
        "gather-before, 1, 0",
        "concat, 0, 2",
        "split, 0, 1",
        "unsqueeze, 1, 0",
        "squeeze, 0, 1",
        "rows, 0, 1",
        "table, 0, 3",
        "products, 0, 2",
        "expand, 0, 1",
        "largest, 0, 1"
    })
    void theBatchIsFollowed(String kind, long batch, long other) {
        assertThat(problems(through(kind), batch)).singleElement().asString().contains("by ReduceMax, which goes over");
        assertThat(problems(through(kind), other)).isEmpty();
    }

    /** Where the batch is no more, or that is not known, trying finds out. */
    @ParameterizedTest
    @CsvSource({"some-rows", "rows-after-rows", "turned"})
    void whatIsNotKnownIsNotJudged(String kind) {
        assertThat(problems(through(kind), 0)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"TopK, axis, 0", "LpNormalization, axis, -3", "MeanVarianceNormalization, _, 0", "CumProd, _, 0"})
    void whatGoesOverTheBatchMixesIt(String op, String attribute, long axis) {
        var graph = new OnnxBytes().longs("k", new long[] {0}, 1);
        var inputs = op.equals("TopK") || op.equals("CumProd") ? "x k" : "x";
        var node = attribute.equals("_")
                ? graph.node(op, inputs, "y")
                : graph.node(op, inputs, "y", OnnxBytes.whole(attribute, axis));
        assertThat(RowMixing.problems("m", file(node), SIGNATURE))
                .singleElement()
                .asString()
                .contains("by " + op + ", which goes over the axis of the batch");
    }

    private static List<String> problems(OnnxBytes graph, long axis) {
        return RowMixing.problems(
                "m", file(graph.node("ReduceMax", "h", "y", OnnxBytes.wholes("axes", axis))), SIGNATURE);
    }

    private static OnnxFile file(OnnxBytes graph) {
        return OnnxFile.read(
                graph.input("x", OnnxBytes.FLOAT, "n 5 4")
                        .output("y", OnnxBytes.FLOAT, "n 5 4")
                        .file(),
                "m");
    }

    private static OnnxBytes through(String kind) {
        var g = new OnnxBytes()
                .longs("zero", new long[] {0}, 1)
                .longs("one", new long[] {1}, 1)
                .longs("two", new long[] {2}, 1)
                .longs("place", new long[] {3});
        return switch (kind) {
            case "slice" -> g.node("Slice", "x zero two one", "h");
            case "some-rows" -> g.node("Slice", "x zero one zero", "h");
            case "gather" -> g.node("Gather", "x two", "h", OnnxBytes.whole("axis", -2));
            case "gather-one" -> g.node("Gather", "x place", "h", OnnxBytes.whole("axis", 2));
            case "gather-before" ->
                g.node("Unsqueeze", "x zero", "u")
                        .node("Gather", "u pair", "h", OnnxBytes.whole("axis", 0))
                        .longs("pair", new long[] {0, 0}, 2);
            case "concat" -> g.node("Concat", "x x", "h", OnnxBytes.whole("axis", 2));
            case "rows-after-rows" -> g.node("Concat", "x x", "h", OnnxBytes.whole("axis", 0));
            case "split" -> g.node("Split", "x", "h other", OnnxBytes.whole("axis", 2));
            case "unsqueeze" -> g.node("Unsqueeze", "x zero", "h");
            case "squeeze" -> g.node("Unsqueeze", "x zero", "u").node("Squeeze", "u zero", "h");
            case "rows" -> g.node("Reshape", "x shape", "h").longs("shape", new long[] {-1, 4}, 2);
            case "table" ->
                g.node("Cast", "x", "places", OnnxBytes.whole("to", OnnxBytes.INT64))
                        .node("Gather", "weights places", "h")
                        .floats("weights", new float[6], 2, 3);
            case "products" ->
                g.node("Transpose", "x", "t", OnnxBytes.wholes("perm", 0, 2, 1)).node("MatMul", "x t", "h");
            case "expand" -> g.node("Expand", "x shape", "h").longs("shape", new long[] {1, 5, 4}, 3);
            case "largest" -> g.node("TopK", "x two", "h places", OnnxBytes.whole("axis", 2));
            case "turned" -> g.node("Transpose", "x", "h", OnnxBytes.wholes("perm", 1, 0, 2));
            default -> throw new IllegalArgumentException(kind);
        };
    }
}
