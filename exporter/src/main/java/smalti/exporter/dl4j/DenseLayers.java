package smalti.exporter.dl4j;

import static smalti.exporter.dl4j.LayerConversion.row;

import java.util.Map;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;

/** Layers that see each example, step or pixel alone. */
final class DenseLayers {
    private static final String WEIGHTS = DefaultParamInitializer.WEIGHT_KEY;
    private static final String BIAS = DefaultParamInitializer.BIAS_KEY;
    private static final String GAIN = DefaultParamInitializer.GAIN_KEY;

    private DenseLayers() {}

    static Map<Class<? extends Layer>, LayerConversion<Layer>> rows() {
        return Map.ofEntries(
                row(DenseLayer.class, (layer, in, site) -> dense(layer, layer.hasLayerNorm(), in, site)),
                row(OutputLayer.class, (layer, in, site) -> dense(layer, false, in, site)),
                row(CenterLossOutputLayer.class, (layer, in, site) -> dense(layer, false, in, site)),
                row(AutoEncoder.class, (layer, in, site) -> dense(layer, false, in, site)),
                row(RnnOutputLayer.class, (layer, in, site) -> {
                    boolean last = layer.getRnnDataFormat() == RNNFormat.NWC;
                    var x = series(in.expect(3), last);
                    return series(dense(layer, false, x.asRows(), site).asSeries(), last);
                }),
                row(LossLayer.class, (layer, in, site) -> activated(layer, in, in.rows() ? 1 : in.rank() - 1, site)),
                row(
                        RnnLossLayer.class,
                        (layer, in, site) -> activated(
                                layer, in.expect(3), layer.getRnnDataFormat() == RNNFormat.NWC ? 2 : 1, site)),
                row(
                        CnnLossLayer.class,
                        (layer, in, site) ->
                                activated(layer, in.expect(4), PoolingLayers.isLast(layer.getFormat()) ? 3 : 1, site)),
                row(
                        Cnn3DLossLayer.class,
                        (layer, in, site) -> activated(
                                layer,
                                in.expect(5),
                                layer.getDataFormat() == Convolution3D.DataFormat.NDHWC ? 4 : 1,
                                site)),
                row(
                        ActivationLayer.class,
                        (layer, in, site) -> in.with(Activations.apply(
                                layer.getActivationFn(), in.x(), in.rows() ? 1 : in.rank() - 1, in.rank(), site))),
                row(DropoutLayer.class, (layer, in, site) -> in),
                row(MaskLayer.class, (layer, in, site) -> in),
                row(PReLULayer.class, DenseLayers::parametric),
                row(
                        ElementWiseMultiplicationLayer.class,
                        (layer, in, site) -> activated(
                                layer,
                                in.with(in.expect(2)
                                        .x()
                                        .mul(site.vector(WEIGHTS))
                                        .add(site.vector(BIAS))),
                                1,
                                site)),
                row(EmbeddingLayer.class, (layer, in, site) -> {
                    var rows = site.graph().reshape(indices(in.expect(2).x()), -1);
                    return activated(layer, LayerValue.features(embedded(layer.hasBias(), rows, site)), 1, site);
                }),
                row(EmbeddingSequenceLayer.class, (layer, in, site) -> {
                    var places = in.rank() == 3 ? site.graph().squeeze(in.x(), 1) : in.x();
                    var x = embedded(layer.hasBias(), indices(places), site); // [batch, time, features]
                    boolean last = layer.getOutputFormat() == RNNFormat.NWC;
                    var series = LayerValue.series(last ? x : x.permute(0, 2, 1), in.time());
                    return activated(layer, series, 2, site);
                }));
    }

    /** Applies the layer's activation function, as softmax over one axis. */
    static LayerValue activated(BaseLayer layer, LayerValue in, int softmaxAxis, LayerPlace site) {
        return in.with(Activations.apply(layer.getActivationFn(), in.x(), softmaxAxis, in.rank(), site));
    }

    /** Between [batch, features, time] and [batch, time, features], either way. */
    static LayerValue series(LayerValue in, boolean turned) {
        return turned ? in.with(in.x().permute(0, 2, 1)) : in;
    }

    private static SDVariable indices(SDVariable x) {
        return x.dataType() == DataType.INT64 ? x : x.castTo(DataType.INT64);
    }

    private static SDVariable embedded(boolean hasBias, SDVariable indices, LayerPlace site) {
        NotCovered.unless(site.array(WEIGHTS).size(0) > 1, "it must have 2 rows or more to choose from, got 1");
        var rows = site.graph().gather(site.parameter(WEIGHTS), indices, 0);
        return hasBias ? rows.add(site.vector(BIAS)) : rows;
    }

    private static LayerValue dense(BaseLayer layer, boolean normalized, LayerValue in, LayerPlace site) {
        var graph = site.graph();
        boolean hasBias = site.has(BIAS);
        if (!in.rows()) {
            var y = in.expect(2).x().mmul(site.parameter(WEIGHTS)); // [batch, out]
            if (normalized) {
                y = graph.nn.layerNorm(y, site.vector(GAIN), false, 1);
            }
            return activated(layer, in.with(hasBias ? y.add(site.vector(BIAS)) : y), 1, site);
        }
        NotCovered.unless(!normalized, "layer normalization of each step is not covered; end the series before it");
        var weights = site.array(WEIGHTS);
        var kernel = site.constant(WEIGHTS, weights.dup('c').reshape(1, weights.size(0), weights.size(1)));
        var config = Conv1DConfig.builder()
                .k(1)
                .dataFormat(Conv1DConfig.NCW)
                .paddingMode(PaddingMode.VALID)
                .build();
        var y = hasBias
                ? graph.cnn.conv1d(in.x(), kernel, site.vector(BIAS), config)
                : graph.cnn.conv1d(in.x(), kernel, config);
        return activated(layer, in.with(y), 1, site);
    }

    /** max(x, 0) + α·min(x, 0). */
    private static LayerValue parametric(PReLULayer layer, LayerValue in, LayerPlace site) {
        NotCovered.unless(!in.rows(), "its input must not be the rows of a series");
        var graph = site.graph();
        var positive = graph.nn.relu(in.x(), 0);
        var negative = graph.nn.relu(in.x().neg(), 0);
        return in.with(positive.sub(negative.mul(site.parameter(WEIGHTS))));
    }
}
