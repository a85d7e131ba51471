package smalti.exporter.dl4j;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.L2Vertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PoolHelperVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.factory.Nd4j;

/** What joins, cuts and turns in a computation graph. */
final class Vertices {
    private static final Map<Class<? extends GraphVertex>, Conversion<GraphVertex>> BY_TYPE = new HashMap<>();

    /** Why some are missing. */
    private static final Map<String, String> WHY_NOT = Map.of(
            "AttentionVertex", "no conversion yet; define the attention in SameDiff and export that",
            "DotProductAttentionVertex", "no conversion yet; define the attention in SameDiff and export that",
            "DuplicateToTimeSeriesVertex", "the length comes from another input; use RepeatVector, which has its own",
            "SameDiffVertex", "what it computes is code; define the graph in SameDiff and export that",
            "SameDiffLambdaVertex", "what it computes is code; define the graph in SameDiff and export that");

    @FunctionalInterface
    private interface Conversion<V extends GraphVertex> {
        LayerValue apply(V vertex, List<LayerValue> in, LayerPlace site);
    }

    private static <V extends GraphVertex> void row(Class<V> type, Conversion<V> conversion) {
        BY_TYPE.put(type, (vertex, in, site) -> conversion.apply(type.cast(vertex), in, site));
    }

    static {
        row(LayerVertex.class, (v, in, site) -> {
            var x = v.getPreProcessor() == null
                    ? in.get(0)
                    : Preprocessors.convert(v.getPreProcessor(), in.get(0), site);
            return LayerConversions.convert(v.getLayerConf().getLayer(), x, site);
        });
        row(FrozenVertex.class, (v, in, site) -> convert(v.getUnderlying(), in, site));
        row(PreprocessorVertex.class, (v, in, site) -> Preprocessors.convert(v.getPreProcessor(), in.get(0), site));
        row(ElementWiseVertex.class, Vertices::elementwise);
        row(
                MergeVertex.class,
                (v, in, site) -> in.size() == 1
                        ? in.get(0)
                        : in.get(0).with(site.graph().concat(v.getMergeAxis(), variables(in))));
        row(ScaleVertex.class, (v, in, site) -> in.get(0).with(in.get(0).x().mul(v.getScaleFactor())));
        row(ShiftVertex.class, (v, in, site) -> in.get(0).with(in.get(0).x().add(v.getShiftFactor())));
        row(SubsetVertex.class, (v, in, site) -> {
            var begins = new long[in.get(0).rank()];
            var ends = new long[in.get(0).rank()];
            begins[1] = v.getFrom();
            ends[1] = v.getTo() + 1L;
            return in.get(0).with(ArrangementLayers.cut(in.get(0), begins, ends, site));
        });
        row(StackVertex.class, (v, in, site) -> in.get(0).with(site.graph().concat(0, variables(in))));
        row(
                UnstackVertex.class,
                (v, in, site) -> in.get(0).with(site.graph().split(in.get(0).x(), v.getStackSize(), 0)[v.getFrom()]));
        row(ReshapeVertex.class, (v, in, site) -> {
            var shape = v.getNewShape();
            NotCovered.unless(v.getReshapeOrder() == 'c', "the order of a reshape must be 'c', got 'f'");
            NotCovered.unless(
                    shape.length >= 2 && shape.length <= 5 && shape[0] == -1,
                    "the new shape must begin with -1, for the batch, and have 2 to 5 sizes");
            long[] sizes = IntStream.of(shape).asLongStream().toArray();
            return LayerValue.of(
                    site.graph().reshape(in.get(0).x(), sizes), shape.length, shape.length == 3 ? shape[2] : 0, true);
        });
        row(
                PoolHelperVertex.class,
                (v, in, site) -> in.get(0)
                        .with(ArrangementLayers.cut(in.get(0).expect(4), new long[] {0, 0, 1, 1}, new long[4], site)));
        row(L2NormalizeVertex.class, Vertices::normalized);
        row(L2Vertex.class, (v, in, site) -> {
            var graph = site.graph();
            var difference = graph.math.square(in.get(0).x().sub(in.get(1).x()));
            var sum = graph.sum(
                    difference, false, IntStream.range(1, in.get(0).rank()).toArray());
            return LayerValue.features(graph.expandDims(graph.math.sqrt(sum), 1));
        });
        row(
                LastTimeStepVertex.class,
                (v, in, site) -> RecurrentLayers.lastStep(in.get(0).expect(3), site));
        row(
                ReverseTimeSeriesVertex.class,
                (v, in, site) ->
                        in.get(0).with(site.graph().reverse(in.get(0).expect(3).x(), 2)));
    }

    private Vertices() {}

    static Set<Class<? extends GraphVertex>> types() {
        return BY_TYPE.keySet();
    }

    static String whyNot(Class<?> type) {
        return WHY_NOT.getOrDefault(type.getSimpleName(), "no conversion yet; add one to smalti.exporter.dl4j");
    }

    /** @throws NotCovered if there is none, or the vertex is set up in a way that it does not cover */
    static LayerValue convert(GraphVertex vertex, List<LayerValue> in, LayerPlace site) {
        var conversion = BY_TYPE.get(vertex.getClass());
        if (conversion == null) {
            throw new NotCovered(whyNot(vertex.getClass()));
        }
        return conversion.apply(vertex, in, site);
    }

    private static SDVariable[] variables(List<LayerValue> in) {
        return in.stream().map(LayerValue::x).toArray(SDVariable[]::new);
    }

    private static LayerValue elementwise(ElementWiseVertex vertex, List<LayerValue> in, LayerPlace site) {
        var y = in.get(0).x();
        for (var other : in.subList(1, in.size())) {
            var x = other.x();
            y = switch (vertex.getOp()) {
                case Add, Average -> y.add(x);
                case Subtract -> y.sub(x);
                case Product -> y.mul(x);
                case Max -> site.graph().max(y, x);
            };
        }
        return in.get(0).with(vertex.getOp() == ElementWiseVertex.Op.Average ? y.div(in.size()) : y);
    }

    private static LayerValue normalized(L2NormalizeVertex vertex, List<LayerValue> in, LayerPlace site) {
        var x = in.get(0);
        int[] all = IntStream.range(1, x.rank()).toArray();
        int[] given = vertex.getDimension();
        NotCovered.unless(
                given == null || given.length == 0 || java.util.Arrays.equals(given, all),
                "DL4J divides rightly only where all axes but the batch's are normalized over");
        var graph = site.graph();
        var norm = graph.math.sqrt(graph.sum(graph.math.square(x.x()), true, all));
        var least = site.constant("least", Nd4j.scalar(x.x().dataType(), vertex.getEps()));
        return x.with(x.x().div(graph.max(norm, least)));
    }
}
