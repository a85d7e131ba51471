package smalti.exporter.dl4j;

import static smalti.exporter.dl4j.LayerConversion.row;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.AbstractLSTM;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.params.LSTMParamInitializer;
import org.deeplearning4j.util.TimeSeriesUtils;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Recurrent layers, written out step by step: the length of the series must be known. */
@SuppressWarnings("deprecation") // old networks have the layers of Graves
final class RecurrentLayers {
    private static final int MOST_STEPS = 512;

    private static final String WEIGHTS = LSTMParamInitializer.INPUT_WEIGHT_KEY;
    private static final String RECURRENT = LSTMParamInitializer.RECURRENT_WEIGHT_KEY;
    private static final String BIAS = LSTMParamInitializer.BIAS_KEY;

    private RecurrentLayers() {}

    static Map<Class<? extends Layer>, LayerConversion<Layer>> rows() {
        return Map.ofEntries(
                row(SimpleRnn.class, RecurrentLayers::simple),
                row(LSTM.class, RecurrentLayers::lstm),
                row(GravesLSTM.class, RecurrentLayers::lstm),
                row(GravesBidirectionalLSTM.class, RecurrentLayers::bothWays),
                row(Bidirectional.class, RecurrentLayers::bidirectional),
                row(LastTimeStep.class, RecurrentLayers::last));
    }

    /** One step: its input [batch, features], and what the step before left. */
    @FunctionalInterface
    private interface Step {
        List<SDVariable> apply(SDVariable x, List<SDVariable> before);
    }

    /**
     * Runs the steps over [batch, features, time].
     *
     * @param step takes nothing from before the first one, whose state is zero; its first result is the output
     */
    private static LayerValue unrolled(
            BaseRecurrentLayer layer, LayerValue in, boolean backwards, LayerPlace site, Step step) {
        boolean channelsLast = layer.getRnnDataFormat() == RNNFormat.NWC;
        NotCovered.unless(
                in.expect(3).time() > 0,
                "the length of the series must be given, as InputType.recurrent(features, length)");
        NotCovered.unless(
                in.time() <= MOST_STEPS, "a series must have at most %s steps, got %s", MOST_STEPS, in.time());
        var series = DenseLayers.series(in, channelsLast).x();
        var inputs = new ArrayList<>(List.of(site.graph().unstack(series, 2, (int) in.time())));
        if (backwards) {
            Collections.reverse(inputs);
        }
        var outputs = new ArrayList<SDVariable>();
        var state = List.<SDVariable>of();
        for (var x : inputs) {
            state = step.apply(x, state);
            outputs.add(state.get(0));
        }
        if (backwards) {
            Collections.reverse(outputs);
        }
        var y = LayerValue.series(site.graph().stack(2, outputs.toArray(SDVariable[]::new)), in.time());
        return DenseLayers.series(y, channelsLast);
    }

    private static LayerValue simple(SimpleRnn layer, LayerValue in, LayerPlace site) {
        NotCovered.unless(!layer.isHasLayerNorm(), "DL4J itself cannot run it with layer normalization");
        var weights = site.parameter(WEIGHTS);
        var recurrent = site.parameter(RECURRENT);
        var bias = site.vector(BIAS);
        return unrolled(layer, in, false, site, (x, before) -> {
            var sum = x.mmul(weights);
            sum = (before.isEmpty() ? sum : sum.add(before.get(0).mmul(recurrent))).add(bias);
            return List.of(Activations.apply(layer.getActivationFn(), sum, 1, 2, site));
        });
    }

    private static LayerValue lstm(AbstractLSTM layer, LayerValue in, LayerPlace site) {
        return unrolled(layer, in, false, site, cell(layer, layer.getGateActivationFn(), (int) layer.getNOut(), site));
    }

    private static LayerValue bothWays(GravesBidirectionalLSTM layer, LayerValue in, LayerPlace site) {
        int size = (int) layer.getNOut();
        var gate = layer.getGateActivationFn();
        var forwards = unrolled(layer, in, false, site, cell(layer, gate, size, site.part("", "F")));
        var backwards = unrolled(layer, in, true, site, cell(layer, gate, size, site.part("", "B")));
        return forwards.with(forwards.x().add(backwards.x()));
    }

    /**
     * Hochreiter and Schmidhuber 1997; with the peepholes of Gers et al. 2002 where the recurrent weights have three
     * columns more. DL4J's order of the columns: cell input, forget, output and input gate; the peepholes forget, output,
     * input.
     */
    private static Step cell(BaseRecurrentLayer layer, IActivation gate, int size, LayerPlace site) {
        var graph = site.graph();
        var array = site.array(RECURRENT);
        var weights = site.parameter(WEIGHTS);
        var recurrent = site.constant(RECURRENT, array.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 4L * size)));
        var bias = site.vector(BIAS);
        var peepholes = new ArrayList<SDVariable>();
        for (long column = 4L * size; column < array.size(1); column++) {
            peepholes.add(site.constant(
                    "peephole" + peepholes.size(),
                    LayerPlace.vector(array.get(NDArrayIndex.all(), NDArrayIndex.point(column)))));
        }
        return (x, before) -> {
            var sum = x.mmul(weights);
            sum = (before.isEmpty() ? sum : sum.add(before.get(0).mmul(recurrent))).add(bias);
            var parts = graph.split(sum, 4, 1);
            var entering = Activations.apply(layer.getActivationFn(), parts[0], 1, 2, site);
            boolean first = before.isEmpty();
            var inputGate = first || peepholes.isEmpty()
                    ? parts[3]
                    : parts[3].add(before.get(1).mul(peepholes.get(2)));
            var memory = Activations.apply(gate, inputGate, 1, 2, site).mul(entering);
            if (!first) {
                var forgetGate = peepholes.isEmpty()
                        ? parts[1]
                        : parts[1].add(before.get(1).mul(peepholes.get(0)));
                memory = memory.add(
                        Activations.apply(gate, forgetGate, 1, 2, site).mul(before.get(1)));
            }
            var outputGate = peepholes.isEmpty() ? parts[2] : parts[2].add(memory.mul(peepholes.get(1)));
            var shown = Activations.apply(layer.getActivationFn(), memory, 1, 2, site);
            return List.of(Activations.apply(gate, outputGate, 1, 2, site).mul(shown), memory);
        };
    }

    private static LayerValue bidirectional(Bidirectional layer, LayerValue in, LayerPlace site) {
        boolean channelsLast = TimeSeriesUtils.getFormatFromRnnLayer(layer.getFwd()) == RNNFormat.NWC;
        int time = channelsLast ? 1 : 2;
        var graph = site.graph();
        var forwards = LayerConversions.convert(layer.getFwd(), in.expect(3), site.part("f", ""));
        var turned = in.with(graph.reverse(in.x(), time));
        var backwards = LayerConversions.convert(layer.getBwd(), turned, site.part("b", ""));
        var a = forwards.x();
        var b = backwards.rank() == 3 ? graph.reverse(backwards.x(), time) : backwards.x();
        return forwards.with(
                switch (layer.getMode()) {
                    case ADD -> a.add(b);
                    case MUL -> a.mul(b);
                    case AVERAGE -> a.add(b).mul(0.5);
                    case CONCAT -> graph.concat(forwards.rank() == 3 && channelsLast ? 2 : 1, a, b);
                });
    }

    private static LayerValue last(LastTimeStep layer, LayerValue in, LayerPlace site) {
        var series = LayerConversions.convert(layer.getUnderlying(), in, site).expect(3);
        boolean channelsLast = TimeSeriesUtils.getFormatFromRnnLayer(layer.getUnderlying()) == RNNFormat.NWC;
        return lastStep(DenseLayers.series(series, channelsLast), site);
    }

    /** Of [batch, features, time]. */
    static LayerValue lastStep(LayerValue series, LayerPlace site) {
        var end = ArrangementLayers.cut(series, new long[] {0, 0, -1}, new long[3], site);
        return LayerValue.features(site.graph().squeeze(end, 2));
    }
}
