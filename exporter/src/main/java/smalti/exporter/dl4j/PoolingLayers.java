package smalti.exporter.dl4j;

import static smalti.exporter.dl4j.LayerConversion.row;

import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.Pooling1D;
import org.deeplearning4j.nn.conf.layers.Pooling2D;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.util.Convolution1DUtils;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Pooling2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Pooling3DConfig;

/** Pooling over windows and over all. */
final class PoolingLayers {
    private PoolingLayers() {}

    static Map<Class<? extends Layer>, LayerConversion<Layer>> rows() {
        return Map.ofEntries(
                row(SubsamplingLayer.class, PoolingLayers::pictures),
                row(Pooling2D.class, PoolingLayers::pictures),
                row(Subsampling1DLayer.class, PoolingLayers::series),
                row(Pooling1D.class, PoolingLayers::series),
                row(Subsampling3DLayer.class, PoolingLayers::volumes),
                row(GlobalPoolingLayer.class, PoolingLayers::global));
    }

    static boolean isLast(CNN2DFormat format) {
        return format == CNN2DFormat.NHWC;
    }

    private static LayerValue pictures(SubsamplingLayer layer, LayerValue in, LayerPlace site) {
        return in.with(pooled(layer, in.expect(4).x(), isLast(layer.getCnn2dDataFormat()), site));
    }

    private static SDVariable pooled(SubsamplingLayer layer, SDVariable x, boolean last, LayerPlace site) {
        var cnn = site.graph().cnn;
        boolean countsPadding = layer.getPoolingType() == PoolingType.PNORM || layer.isAvgPoolIncludePadInDivisor();
        var config = Pooling2DConfig.builder()
                .kH(layer.getKernelSize()[0])
                .kW(layer.getKernelSize()[1])
                .sH(layer.getStride()[0])
                .sW(layer.getStride()[1])
                .pH(layer.getPadding()[0])
                .pW(layer.getPadding()[1])
                .dH(layer.getDilation()[0])
                .dW(layer.getDilation()[1])
                .extra(countsPadding ? 1 : 0)
                .paddingMode(ConvolutionLayers.mode(layer.getConvolutionMode(), false))
                .isNHWC(last)
                .build();
        return switch (layer.getPoolingType()) {
            case MAX -> cnn.maxPooling2d(x, config);
            case AVG -> cnn.avgPooling2d(x, config);
            case PNORM -> {
                // (Σ |x|ᵖ)^(1/p), the sum as a mean that counts the padding
                int p = layer.getPnorm();
                int places = layer.getKernelSize()[0] * layer.getKernelSize()[1];
                var math = site.graph().math;
                yield math.pow(
                        cnn.avgPooling2d(math.pow(math.abs(x), p), config).mul(places), 1.0 / p);
            }
            case SUM -> throw new NotCovered("DL4J itself has no sum pooling over windows");
        };
    }

    /** As pictures one pixel wide, or one high where the channels are last. */
    private static LayerValue series(Subsampling1DLayer layer, LayerValue in, LayerPlace site) {
        NotCovered.unless(
                layer.getPadding()[0] == 0 || layer.getConvolutionMode() == ConvolutionMode.Same,
                "DL4J itself cannot run it with padding; put a ZeroPadding1DLayer before it");
        boolean last = isLast(layer.getCnn2dDataFormat());
        int axis = last ? 2 : 3;
        var x = site.graph().expandDims(in.expect(3).x(), axis);
        var y = site.graph().squeeze(pooled(layer, x, last, site), axis);
        long time = in.time() == 0
                ? 0
                : Convolution1DUtils.getOutputSize(
                        in.time(),
                        layer.getKernelSize()[0],
                        layer.getStride()[0],
                        layer.getPadding()[0],
                        layer.getConvolutionMode(),
                        layer.getDilation()[0]);
        return LayerValue.series(y, time);
    }

    private static LayerValue volumes(Subsampling3DLayer layer, LayerValue in, LayerPlace site) {
        NotCovered.unless(
                layer.getPoolingType() == PoolingType.MAX || layer.getPoolingType() == PoolingType.AVG,
                "DL4J takes the mean of volumes where %s is asked for; ask for AVG if that is meant",
                layer.getPoolingType());
        var config = Pooling3DConfig.builder()
                .kD(layer.getKernelSize()[0])
                .kH(layer.getKernelSize()[1])
                .kW(layer.getKernelSize()[2])
                .sD(layer.getStride()[0])
                .sH(layer.getStride()[1])
                .sW(layer.getStride()[2])
                .pD(layer.getPadding()[0])
                .pH(layer.getPadding()[1])
                .pW(layer.getPadding()[2])
                .dD(layer.getDilation()[0])
                .dH(layer.getDilation()[1])
                .dW(layer.getDilation()[2])
                .isSameMode(ConvolutionLayers.mode(layer.getConvolutionMode(), false) == PaddingMode.SAME)
                .isNCDHW(layer.getDataFormat() == Convolution3D.DataFormat.NCDHW)
                .build();
        var cnn = site.graph().cnn;
        var x = in.expect(5).x();
        return in.with(
                layer.getPoolingType() == PoolingType.MAX ? cnn.maxPooling3d(x, config) : cnn.avgPooling3d(x, config));
    }

    private static LayerValue global(GlobalPoolingLayer layer, LayerValue in, LayerPlace site) {
        NotCovered.unless(in.rank() > 2 && !in.rows(), "a series, pictures or volumes are needed");
        int[] given = layer.getPoolingDimensions();
        int[] axes = given != null ? given : IntStream.range(2, in.rank()).toArray();
        NotCovered.unless(axes.length == in.rank() - 2, "all axes but two must be pooled, got %s", axes.length);
        var graph = site.graph();
        var x = in.x();
        var y = switch (layer.getPoolingType()) {
            case MAX -> graph.max(x, false, axes);
            case AVG -> graph.mean(x, false, axes);
            case SUM -> graph.sum(x, false, axes);
            case PNORM -> {
                int p = layer.getPnorm();
                yield graph.math.pow(graph.sum(graph.math.pow(graph.math.abs(x), p), false, axes), 1.0 / p);
            }
        };
        if (layer.isCollapseDimensions()) {
            return LayerValue.features(y);
        }
        NotCovered.unless(
                axes[0] == 2, "DL4J puts the sizes back in the wrong places where channels are last; collapse them");
        for (int axis : axes) {
            y = graph.expandDims(y, axis);
        }
        return LayerValue.of(y, in.rank(), in.rank() == 3 ? 1 : 0, true);
    }
}
