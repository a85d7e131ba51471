package smalti.exporter.dl4j;

import static smalti.exporter.dl4j.LayerConversion.row;

import java.util.Map;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.enums.DataFormat;
import org.nd4j.enums.PadMode;
import org.nd4j.linalg.factory.Nd4j;

/** Layers that put numbers elsewhere. */
final class ArrangementLayers {
    private ArrangementLayers() {}

    static Map<Class<? extends Layer>, LayerConversion<Layer>> rows() {
        return Map.ofEntries(
                row(
                        ZeroPadding1DLayer.class,
                        (layer, in, site) -> LayerValue.series(
                                padded(in.expect(3), 2, layer.getPadding(), site), longer(in, layer.getPadding(), 1))),
                row(
                        ZeroPaddingLayer.class,
                        (layer, in, site) -> in.with(padded(
                                in.expect(4),
                                PoolingLayers.isLast(layer.getDataFormat()) ? 1 : 2,
                                layer.getPadding(),
                                site))),
                row(
                        ZeroPadding3DLayer.class,
                        (layer, in, site) -> in.with(padded(in.expect(5), 2, layer.getPadding(), site))),
                row(
                        Cropping1D.class,
                        (layer, in, site) -> LayerValue.series(
                                cropped(in.expect(3), 2, layer.getCropping(), site),
                                longer(in, layer.getCropping(), -1))),
                row(
                        Cropping2D.class,
                        (layer, in, site) -> in.with(cropped(
                                in.expect(4),
                                PoolingLayers.isLast(layer.getDataFormat()) ? 1 : 2,
                                layer.getCropping(),
                                site))),
                row(
                        Cropping3D.class,
                        (layer, in, site) -> in.with(cropped(in.expect(5), 2, layer.getCropping(), site))),
                row(Upsampling1D.class, (layer, in, site) -> {
                    int scale = layer.getSize()[0];
                    var x = site.graph().expandDims(in.expect(3).x(), 3);
                    var y = site.graph().squeeze(site.graph().cnn.upsampling2d(x, scale, 1, true), 3);
                    return LayerValue.series(y, in.time() * scale);
                }),
                row(
                        Upsampling2D.class,
                        (layer, in, site) -> in.with(site.graph()
                                .cnn
                                .upsampling2d(
                                        in.expect(4).x(),
                                        layer.getSize()[0],
                                        layer.getSize()[1],
                                        !PoolingLayers.isLast(layer.getFormat())))),
                row(Upsampling3D.class, (layer, in, site) -> {
                    // nd4j gets the shape wrong where the channels are last
                    boolean last = layer.getDataFormat() == Convolution3D.DataFormat.NDHWC;
                    int[] size = layer.getSize();
                    var x = in.expect(5).x();
                    var y = site.graph()
                            .cnn
                            .upsampling3d(last ? x.permute(0, 4, 1, 2, 3) : x, true, size[0], size[1], size[2]);
                    return in.with(last ? y.permute(0, 2, 3, 4, 1) : y);
                }),
                row(
                        SpaceToDepthLayer.class,
                        (layer, in, site) -> in.with(site.graph()
                                .cnn
                                .spaceToDepth(
                                        in.expect(4).x(),
                                        layer.getBlockSize(),
                                        PoolingLayers.isLast(layer.getDataFormat())
                                                ? DataFormat.NHWC
                                                : DataFormat.NCHW))),
                row(RepeatVector.class, (layer, in, site) -> {
                    boolean last = layer.getDataFormat() == RNNFormat.NWC;
                    var x = site.graph().expandDims(in.expect(2).x(), last ? 1 : 2);
                    var y = last
                            ? site.graph().tile(x, 1, layer.getN(), 1)
                            : site.graph().tile(x, 1, 1, layer.getN());
                    return LayerValue.series(y, layer.getN());
                }));
    }

    private static long longer(LayerValue in, int[] pair, int sign) {
        return in.time() == 0 ? 0 : in.time() + (long) sign * (pair[0] + pair[1]);
    }

    /** Zeros before and after the axes from the given one on. */
    private static SDVariable padded(LayerValue in, int first, int[] pairs, LayerPlace site) {
        var padding = new int[in.rank()][2];
        for (int i = 0; i < pairs.length; i++) {
            padding[first + i / 2][i % 2] = pairs[i];
        }
        var graph = site.graph();
        return graph.nn.pad(in.x(), site.constant("padding", Nd4j.createFromArray(padding)), PadMode.CONSTANT, 0);
    }

    private static SDVariable cropped(LayerValue in, int first, int[] pairs, LayerPlace site) {
        var begins = new long[in.rank()];
        var ends = new long[in.rank()];
        for (int i = 0; i < pairs.length; i += 2) {
            begins[first + i / 2] = pairs[i];
            ends[first + i / 2] = -pairs[i + 1];
        }
        return cut(in, begins, ends, site);
    }

    /** @param ends 0 for all of the axis, negative ones count from its end */
    static SDVariable cut(LayerValue in, long[] begins, long[] ends, LayerPlace site) {
        var ones = new long[in.rank()];
        java.util.Arrays.fill(ones, 1);
        int whole = 0;
        for (int axis = 0; axis < ends.length; axis++) {
            whole |= ends[axis] == 0 ? 1 << axis : 0;
        }
        return site.graph().stridedSlice(in.x(), begins, ends, ones, 0, whole, 0, 0, 0);
    }
}
