package smalti.exporter.dl4j;

import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;

/** Shapes of a network's inputs, the batch and what else is free as -1; DL4J forgets them when a network is built. */
final class InputShapes {
    private static final long FREE = -1;

    private InputShapes() {}

    /** What DL4J's own description of an input says. */
    static List<Long> of(InputType type) {
        if (type instanceof InputType.InputTypeFeedForward flat) {
            return List.of(FREE, flat.getSize());
        }
        if (type instanceof InputType.InputTypeRecurrent series) {
            return series(series.getSize(), series.getTimeSeriesLength(), series.getFormat());
        }
        if (type instanceof InputType.InputTypeConvolutional picture) {
            return picture(picture.getChannels(), picture.getHeight(), picture.getWidth(), picture.getFormat());
        }
        if (type instanceof InputType.InputTypeConvolutional3D volume) {
            return volume(
                    volume.getChannels(),
                    volume.getDepth(),
                    volume.getHeight(),
                    volume.getWidth(),
                    volume.getDataFormat() == Convolution3D.DataFormat.NCDHW);
        }
        return List.of(FREE, type.arrayElementsPerExample()); // pictures as rows
    }

    private static List<Long> series(long features, long time, RNNFormat format) {
        long length = time > 0 ? time : FREE;
        return format == RNNFormat.NWC ? List.of(FREE, length, features) : List.of(FREE, features, length);
    }

    private static List<Long> picture(long channels, long height, long width, CNN2DFormat format) {
        return format == CNN2DFormat.NHWC
                ? List.of(FREE, height, width, channels)
                : List.of(FREE, channels, height, width);
    }

    private static List<Long> volume(long channels, long depth, long height, long width, boolean channelsFirst) {
        return channelsFirst
                ? List.of(FREE, channels, depth, height, width)
                : List.of(FREE, depth, height, width, channels);
    }

    /** What a preprocessor needs. */
    static Optional<List<Long>> needed(InputPreProcessor first) {
        if (first instanceof FeedForwardToCnnPreProcessor p) {
            return Optional.of(List.of(FREE, p.getNumChannels() * p.getInputHeight() * p.getInputWidth()));
        }
        if (first instanceof FeedForwardToCnn3DPreProcessor p) {
            return Optional.of(List.of(
                    FREE, (long) p.getNumChannels() * p.getInputDepth() * p.getInputHeight() * p.getInputWidth()));
        }
        if (first instanceof CnnToFeedForwardPreProcessor p) {
            return Optional.of(picture(p.getNumChannels(), p.getInputHeight(), p.getInputWidth(), p.getFormat()));
        }
        if (first instanceof Cnn3DToFeedForwardPreProcessor p) {
            return Optional.of(
                    volume(p.getNumChannels(), p.getInputDepth(), p.getInputHeight(), p.getInputWidth(), p.isNCDHW()));
        }
        if (first instanceof RnnToCnnPreProcessor p) {
            long features = (long) p.getNumChannels() * p.getInputHeight() * p.getInputWidth();
            return Optional.of(series(features, FREE, p.getRnnDataFormat()));
        }
        return Optional.empty();
    }

    /** What a layer without a preprocessor needs, so far as it tells. */
    static Optional<List<Long>> needed(Layer first) {
        if (first instanceof FrozenLayer frozen) {
            return needed(frozen.getLayer());
        }
        if (first instanceof BaseWrapperLayer wrapper) {
            return needed(wrapper.getUnderlying());
        }
        if (first instanceof Bidirectional both) {
            return needed(both.getFwd());
        }
        if (first instanceof EmbeddingLayer) {
            return Optional.of(List.of(FREE, 1L));
        }
        if (first instanceof EmbeddingSequenceLayer sequence) {
            return Optional.of(List.of(FREE, sequence.isInferInputLength() ? FREE : sequence.getInputLength()));
        }
        if (!(first instanceof FeedForwardLayer layer) || layer.getNIn() <= 0) {
            return Optional.empty();
        }
        long in = layer.getNIn();
        if (layer instanceof Convolution3D volume) {
            return Optional.of(volume(in, FREE, FREE, FREE, volume.getDataFormat() == Convolution3D.DataFormat.NCDHW));
        }
        if (layer instanceof Deconvolution3D volume) {
            return Optional.of(volume(in, FREE, FREE, FREE, volume.getDataFormat() == Convolution3D.DataFormat.NCDHW));
        }
        if (layer instanceof Convolution1DLayer series) {
            return Optional.of(series(in, FREE, series.getRnnDataFormat()));
        }
        if (layer instanceof ConvolutionLayer picture) {
            return Optional.of(picture(in, FREE, FREE, picture.getCnn2dDataFormat()));
        }
        if (layer instanceof BaseRecurrentLayer series) {
            return Optional.of(series(in, FREE, series.getRnnDataFormat()));
        }
        if (layer instanceof RnnOutputLayer series) {
            return Optional.of(series(in, FREE, series.getRnnDataFormat()));
        }
        boolean flat = layer instanceof DenseLayer
                || layer instanceof OutputLayer
                || layer instanceof CenterLossOutputLayer
                || layer instanceof AutoEncoder
                || layer instanceof ElementWiseMultiplicationLayer
                || layer instanceof RepeatVector;
        return flat ? Optional.of(List.of(FREE, in)) : Optional.empty();
    }

    /** What a layer of indices takes: its own length, or that of the series which is given. */
    static List<Long> ofIndices(List<Long> own, Optional<List<Long>> given) {
        long length = given.filter(shape -> shape.size() == 3)
                .map(shape -> shape.get(2))
                .or(() -> given.filter(shape -> shape.size() == 2).map(shape -> shape.get(1)))
                .orElse(FREE);
        return own.get(1) == FREE ? List.of(FREE, length) : own;
    }

    /** Whether a layer takes indices. */
    static boolean takesIndices(Layer layer) {
        return layer instanceof EmbeddingLayer || layer instanceof EmbeddingSequenceLayer;
    }
}
