package smalti.exporter.dl4j;

import static smalti.exporter.dl4j.LayerConversion.row;

import java.util.Map;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution2D;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.params.SeparableConvolutionParamInitializer;
import org.deeplearning4j.util.Convolution1DUtils;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Convolutions. DL4J keeps most kernels as [out, in, height, width]; SameDiff wants [height, width, in, out]. */
final class ConvolutionLayers {
    private static final String WEIGHTS = DefaultParamInitializer.WEIGHT_KEY;
    private static final String BIAS = DefaultParamInitializer.BIAS_KEY;
    private static final String POINTWISE = SeparableConvolutionParamInitializer.POINT_WISE_WEIGHT_KEY;

    private ConvolutionLayers() {}

    static Map<Class<? extends Layer>, LayerConversion<Layer>> rows() {
        return Map.ofEntries(
                row(ConvolutionLayer.class, ConvolutionLayers::pictures),
                row(Convolution2D.class, ConvolutionLayers::pictures),
                row(Convolution1DLayer.class, ConvolutionLayers::series),
                row(Convolution1D.class, ConvolutionLayers::series),
                row(Convolution3D.class, ConvolutionLayers::volumes),
                row(Deconvolution2D.class, ConvolutionLayers::transposed),
                row(Deconvolution3D.class, ConvolutionLayers::transposedVolumes),
                row(DepthwiseConvolution2D.class, ConvolutionLayers::depthwise),
                row(SeparableConvolution2D.class, ConvolutionLayers::separable));
    }

    private static SDVariable kernel(String key, LayerPlace site) {
        return site.constant(key, site.array(key).permute(2, 3, 1, 0));
    }

    /** With zeros between the places of the kernel: nd4j's oneDNN builds cannot run a dilated convolution of pictures. */
    private static SDVariable spread(String key, INDArray kernel, ConvolutionLayer layer, LayerPlace site) {
        int[] dilation = layer.getDilation();
        long[] shape = kernel.shape();
        var sizes = shape.clone();
        for (int axis = 0; axis < 2; axis++) {
            sizes[axis] = (shape[axis] - 1) * dilation[axis] + 1;
        }
        var wide = Nd4j.zeros(kernel.dataType(), sizes);
        for (long i = 0; i < shape[0]; i++) {
            for (long j = 0; j < shape[1]; j++) {
                wide.get(NDArrayIndex.point(i * dilation[0]), NDArrayIndex.point(j * dilation[1]))
                        .assign(kernel.get(NDArrayIndex.point(i), NDArrayIndex.point(j)));
            }
        }
        return site.constant(key, wide);
    }

    private static LayerValue done(ConvolutionLayer layer, LayerValue in, SDVariable y, LayerPlace site) {
        return DenseLayers.activated(layer, in.with(y), in.rank() - 1, site);
    }

    static PaddingMode mode(ConvolutionMode mode, boolean causal) {
        NotCovered.unless(
                causal || mode != ConvolutionMode.Causal, "ConvolutionMode.Causal is for one axis; got more than one");
        return switch (mode) {
            case Same -> PaddingMode.SAME;
            case Causal -> PaddingMode.CAUSAL;
            case Strict, Truncate -> PaddingMode.VALID;
        };
    }

    /** Of a kernel that is spread. */
    private static Conv2DConfig config(ConvolutionLayer layer) {
        return Conv2DConfig.builder()
                .kH((layer.getKernelSize()[0] - 1L) * layer.getDilation()[0] + 1)
                .kW((layer.getKernelSize()[1] - 1L) * layer.getDilation()[1] + 1)
                .sH(layer.getStride()[0])
                .sW(layer.getStride()[1])
                .pH(layer.getPadding()[0])
                .pW(layer.getPadding()[1])
                .paddingMode(mode(layer.getConvolutionMode(), false))
                .dataFormat(PoolingLayers.isLast(layer.getCnn2dDataFormat()) ? "NHWC" : "NCHW")
                .build();
    }

    private static LayerValue pictures(ConvolutionLayer layer, LayerValue in, LayerPlace site) {
        var cnn = site.graph().cnn;
        var x = in.expect(4).x();
        var kernel = spread(WEIGHTS, site.array(WEIGHTS).permute(2, 3, 1, 0), layer, site);
        var y = site.has(BIAS)
                ? cnn.conv2d(x, kernel, site.vector(BIAS), config(layer))
                : cnn.conv2d(x, kernel, config(layer));
        return done(layer, in, y, site);
    }

    private static LayerValue transposed(Deconvolution2D layer, LayerValue in, LayerPlace site) {
        var config = DeConv2DConfig.builder()
                .kH(layer.getKernelSize()[0])
                .kW(layer.getKernelSize()[1])
                .sH(layer.getStride()[0])
                .sW(layer.getStride()[1])
                .pH(layer.getPadding()[0])
                .pW(layer.getPadding()[1])
                .dH(layer.getDilation()[0])
                .dW(layer.getDilation()[1])
                .isSameMode(mode(layer.getConvolutionMode(), false) == PaddingMode.SAME)
                .dataFormat(PoolingLayers.isLast(layer.getCnn2dDataFormat()) ? "NHWC" : "NCHW")
                .build();
        var cnn = site.graph().cnn;
        var x = in.expect(4).x();
        var kernel = kernel(WEIGHTS, site); // DL4J's: [in, out, height, width]
        var y = site.has(BIAS) ? cnn.deconv2d(x, kernel, site.vector(BIAS), config) : cnn.deconv2d(x, kernel, config);
        return done(layer, in, y, site);
    }

    /** DL4J's kernel is as SameDiff has it. */
    private static LayerValue depthwise(DepthwiseConvolution2D layer, LayerValue in, LayerPlace site) {
        var cnn = site.graph().cnn;
        var x = in.expect(4).x();
        var kernel = spread(WEIGHTS, site.array(WEIGHTS), layer, site);
        var y = site.has(BIAS)
                ? cnn.depthWiseConv2d(x, kernel, site.vector(BIAS), config(layer))
                : cnn.depthWiseConv2d(x, kernel, config(layer));
        return done(layer, in, y, site);
    }

    private static LayerValue separable(SeparableConvolution2D layer, LayerValue in, LayerPlace site) {
        var cnn = site.graph().cnn;
        var x = in.expect(4).x();
        var depthwise = spread(WEIGHTS, site.array(WEIGHTS).permute(2, 3, 1, 0), layer, site);
        var pointwise = kernel(POINTWISE, site);
        var y = site.has(BIAS)
                ? cnn.separableConv2d(x, depthwise, pointwise, site.vector(BIAS), config(layer))
                : cnn.separableConv2d(x, depthwise, pointwise, config(layer));
        return done(layer, in, y, site);
    }

    private static LayerValue series(Convolution1DLayer layer, LayerValue in, LayerPlace site) {
        boolean last = layer.getRnnDataFormat() == RNNFormat.NWC;
        var config = Conv1DConfig.builder()
                .k(layer.getKernelSize()[0])
                .s(layer.getStride()[0])
                .p(layer.getPadding()[0])
                .d(layer.getDilation()[0])
                .dataFormat(Conv1DConfig.NCW)
                .paddingMode(mode(layer.getConvolutionMode(), true))
                .build();
        // not turned round but read in another order: so DL4J trains and applies it
        var kernel = site.constant(
                WEIGHTS, Convolution1DUtils.reshapeWeightArrayOrGradientForFormat(site.array(WEIGHTS), RNNFormat.NCW));
        var cnn = site.graph().cnn;
        var x = DenseLayers.series(in.expect(3), last).x();
        var y = site.has(BIAS) ? cnn.conv1d(x, kernel, site.vector(BIAS), config) : cnn.conv1d(x, kernel, config);
        var made = LayerValue.series(y, length(layer, in.time()));
        return DenseLayers.activated(layer, DenseLayers.series(made, last), 2, site);
    }

    private static long length(Convolution1DLayer layer, long time) {
        return time == 0
                ? 0
                : Convolution1DUtils.getOutputSize(
                        time,
                        layer.getKernelSize()[0],
                        layer.getStride()[0],
                        layer.getPadding()[0],
                        layer.getConvolutionMode(),
                        layer.getDilation()[0]);
    }

    private static LayerValue volumes(Convolution3D layer, LayerValue in, LayerPlace site) {
        var config = Conv3DConfig.builder()
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
                .paddingMode(mode(layer.getConvolutionMode(), false))
                .dataFormat(layer.getDataFormat() == Convolution3D.DataFormat.NCDHW ? "NCDHW" : "NDHWC")
                .build();
        var cnn = site.graph().cnn;
        var x = in.expect(5).x();
        var kernel = site.constant(WEIGHTS, site.array(WEIGHTS).permute(2, 3, 4, 1, 0));
        var y = site.has(BIAS) ? cnn.conv3d(x, kernel, site.vector(BIAS), config) : cnn.conv3d(x, kernel, config);
        return done(layer, in, y, site);
    }

    /** DL4J's kernel is as SameDiff has it. */
    private static LayerValue transposedVolumes(Deconvolution3D layer, LayerValue in, LayerPlace site) {
        var config = DeConv3DConfig.builder()
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
                .isSameMode(mode(layer.getConvolutionMode(), false) == PaddingMode.SAME)
                .dataFormat(layer.getDataFormat() == Convolution3D.DataFormat.NCDHW ? "NCDHW" : "NDHWC")
                .build();
        var cnn = site.graph().cnn;
        var x = in.expect(5).x();
        var kernel = site.parameter(WEIGHTS);
        var y = site.has(BIAS) ? cnn.deconv3d(x, kernel, site.vector(BIAS), config) : cnn.deconv3d(x, kernel, config);
        return done(layer, in, y, site);
    }
}
