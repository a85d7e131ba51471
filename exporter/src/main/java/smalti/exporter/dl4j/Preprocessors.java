package smalti.exporter.dl4j;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;

/**
 * What DL4J does between layers of different kinds. It puts the steps of several series below one another with the series
 * moving fastest: row n + N·t is step t of series n.
 */
final class Preprocessors {
    private static final Map<Class<? extends InputPreProcessor>, Conversion<InputPreProcessor>> BY_TYPE =
            new HashMap<>();

    @FunctionalInterface
    private interface Conversion<P extends InputPreProcessor> {
        LayerValue apply(P preprocessor, LayerValue in, LayerPlace site);
    }

    private static <P extends InputPreProcessor> void row(Class<P> type, Conversion<P> conversion) {
        BY_TYPE.put(type, (preprocessor, in, site) -> conversion.apply(type.cast(preprocessor), in, site));
    }

    static {
        row(
                FeedForwardToCnnPreProcessor.class,
                (p, in, site) -> in.rank() == 4
                        ? in
                        : LayerValue.of(
                                site.graph()
                                        .reshape(
                                                in.expect(2).x(),
                                                -1,
                                                p.getNumChannels(),
                                                p.getInputHeight(),
                                                p.getInputWidth()),
                                4,
                                0,
                                true));
        row(
                FeedForwardToCnn3DPreProcessor.class,
                (p, in, site) -> in.rank() == 5
                        ? in
                        : LayerValue.of(
                                p.isNCDHW()
                                        ? site.graph()
                                                .reshape(
                                                        in.expect(2).x(),
                                                        -1,
                                                        p.getNumChannels(),
                                                        p.getInputDepth(),
                                                        p.getInputHeight(),
                                                        p.getInputWidth())
                                        : site.graph()
                                                .reshape(
                                                        in.expect(2).x(),
                                                        -1,
                                                        p.getInputDepth(),
                                                        p.getInputHeight(),
                                                        p.getInputWidth(),
                                                        p.getNumChannels()),
                                5,
                                0,
                                true));
        row(
                CnnToFeedForwardPreProcessor.class,
                (p, in, site) -> in.rank() == 2 && !in.rows()
                        ? in
                        : flat(
                                in.expect(4),
                                p.getNumChannels() * p.getInputHeight() * p.getInputWidth(),
                                p.getFormat() == CNN2DFormat.NHWC
                                        ? "InputType.convolutional(height, width, channels, CNN2DFormat.NHWC)"
                                        : "InputType.convolutional(height, width, channels)",
                                site));
        row(
                Cnn3DToFeedForwardPreProcessor.class,
                (p, in, site) -> in.rank() == 2 && !in.rows()
                        ? in
                        : flat(
                                in.expect(5),
                                p.getNumChannels() * p.getInputDepth() * p.getInputHeight() * p.getInputWidth(),
                                "InputType.convolutional3D(format, depth, height, width, channels)",
                                site));
        row(
                RnnToFeedForwardPreProcessor.class,
                (p, in, site) -> in.rank() == 2
                        ? in
                        : DenseLayers.series(in.expect(3), p.getRnnDataFormat() == RNNFormat.NWC)
                                .asRows());
        row(FeedForwardToRnnPreProcessor.class, (p, in, site) -> {
            NotCovered.unless(in.rows(), "its input must have been a series before");
            return DenseLayers.series(in.asSeries(), p.getRnnDataFormat() == RNNFormat.NWC);
        });
        row(RnnToCnnPreProcessor.class, (p, in, site) -> {
            var series = DenseLayers.series(in.expect(3), p.getRnnDataFormat() == RNNFormat.NWC);
            var x = site.graph()
                    .reshape(
                            series.x().permute(2, 0, 1), -1, p.getNumChannels(), p.getInputHeight(), p.getInputWidth());
            return LayerValue.of(x, 4, in.time(), true);
        });
        row(CnnToRnnPreProcessor.class, (p, in, site) -> {
            NotCovered.unless(
                    in.expect(4).time() > 0,
                    "the length of the series must be given, as InputType.recurrent(features, length)");
            long features = p.getNumChannels() * p.getInputHeight() * p.getInputWidth();
            var x = site.graph().reshape(in.x(), in.time(), -1, features); // [time, batch, features]
            return LayerValue.series(
                    p.getRnnDataFormat() == RNNFormat.NWC ? x.permute(1, 0, 2) : x.permute(1, 2, 0), in.time());
        });
        row(ComposableInputPreProcessor.class, (p, in, site) -> {
            var signal = in;
            for (var part : p.getInputPreProcessors()) {
                signal = convert(part, signal, site);
            }
            return signal;
        });
    }

    private Preprocessors() {}

    static Set<Class<? extends InputPreProcessor>> types() {
        return BY_TYPE.keySet();
    }

    /** @throws NotCovered if it is none of DL4J's, or the sizes that it needs are not known */
    static LayerValue convert(InputPreProcessor preprocessor, LayerValue in, LayerPlace site) {
        var conversion = BY_TYPE.get(preprocessor.getClass());
        if (conversion == null) {
            throw new NotCovered("the preprocessor " + preprocessor.getClass().getName() + " is not covered");
        }
        return conversion.apply(preprocessor, in, site);
    }

    private static LayerValue flat(LayerValue in, long features, String remedy, LayerPlace site) {
        NotCovered.unless(
                in.sized(),
                "the sizes of the network's input must be given, as %s in the network or --shape input=C,H,W",
                remedy);
        return LayerValue.features(site.graph().reshape(in.x(), -1, features));
    }
}
