package smalti.exporter.dl4j;

import static smalti.exporter.dl4j.LayerConversion.row;

import java.util.Map;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.LocalResponseNormalizationConfig;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Normalizations, by the running statistics. */
final class NormalizationLayers {
    private NormalizationLayers() {}

    static Map<Class<? extends Layer>, LayerConversion<Layer>> rows() {
        return Map.ofEntries(
                row(BatchNormalization.class, NormalizationLayers::batch),
                row(LocalResponseNormalization.class, NormalizationLayers::localResponse));
    }

    private static LayerValue batch(BatchNormalization layer, LayerValue in, LayerPlace site) {
        NotCovered.unless(
                in.rank() == 2 || in.rank() == 4 || in.rows(),
                "DL4J normalizes features and pictures; of a series it takes the batch for the channels");
        boolean fixed = layer.isLockGammaBeta();
        NotCovered.unless(
                !fixed || (layer.getGamma() == 1 && layer.getBeta() == 0),
                "with lockGammaBeta, gamma must be 1 and beta 0, got %s and %s: some of DL4J's builds leave them out",
                layer.getGamma(),
                layer.getBeta());
        var mean = LayerPlace.vector(site.array(BatchNormalizationParamInitializer.GLOBAL_MEAN));
        var variance = variance(layer, site);
        var gamma =
                fixed ? Nd4j.onesLike(mean) : LayerPlace.vector(site.array(BatchNormalizationParamInitializer.GAMMA));
        var beta =
                fixed ? Nd4j.zerosLike(mean) : LayerPlace.vector(site.array(BatchNormalizationParamInitializer.BETA));
        int axis = in.rank() == 4 && PoolingLayers.isLast(layer.getCnn2DFormat()) ? 3 : 1;
        return in.with(site.graph()
                .nn
                .batchNorm(
                        in.x(),
                        site.constant("mean", mean),
                        site.constant("variance", variance),
                        site.constant("gamma", gamma),
                        site.constant("beta", beta),
                        layer.getEps(),
                        axis));
    }

    /** Kept as the logarithm of the standard deviation to base 10, if so configured. */
    private static INDArray variance(BatchNormalization layer, LayerPlace site) {
        if (!layer.isUseLogStd()) {
            return LayerPlace.vector(site.array(BatchNormalizationParamInitializer.GLOBAL_VAR));
        }
        var logarithms = LayerPlace.vector(site.array(BatchNormalizationParamInitializer.GLOBAL_LOG_STD));
        return Transforms.exp(logarithms.mul(2 * Math.log(10)), true);
    }

    /** nd4j normalizes over the last axis. */
    private static LayerValue localResponse(LocalResponseNormalization layer, LayerValue in, LayerPlace site) {
        boolean last = PoolingLayers.isLast(layer.getDataFormat());
        var config = LocalResponseNormalizationConfig.builder()
                .depth((int) layer.getN() / 2)
                .bias(layer.getK())
                .alpha(layer.getAlpha())
                .beta(layer.getBeta())
                .build();
        var x = in.expect(4).x();
        var y = site.graph().cnn.localResponseNormalization(last ? x : x.permute(0, 2, 3, 1), config);
        return in.with(last ? y : y.permute(0, 3, 1, 2));
    }
}
