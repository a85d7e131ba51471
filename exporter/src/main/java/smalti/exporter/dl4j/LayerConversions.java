package smalti.exporter.dl4j;

import static smalti.exporter.dl4j.LayerConversion.row;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.conf.weightnoise.WeightNoise;

/** All conversions of layers, by the class that configures one; a subclass is another kind. */
final class LayerConversions {
    private static final Map<Class<? extends Layer>, LayerConversion<Layer>> BY_TYPE = table();

    /** Why some are missing. */
    private static final Map<String, String> WHY_NOT = Map.of(
            "Yolo2OutputLayer", "export what comes before it, and decode its boxes outside",
            "SpaceToBatchLayer", "it changes the size of the batch",
            "MaskZeroLayer", "masks come from outside the network",
            "SameDiffLayer", "what it computes is code; define the graph in SameDiff and export that",
            "SameDiffLambdaLayer", "what it computes is code; define the graph in SameDiff and export that",
            "SameDiffOutputLayer", "what it computes is code; define the graph in SameDiff and export that");

    private LayerConversions() {}

    private static Map<Class<? extends Layer>, LayerConversion<Layer>> table() {
        var table = new HashMap<Class<? extends Layer>, LayerConversion<Layer>>();
        Stream.of(
                        DenseLayers.rows(),
                        ConvolutionLayers.rows(),
                        PoolingLayers.rows(),
                        ArrangementLayers.rows(),
                        NormalizationLayers.rows(),
                        RecurrentLayers.rows(),
                        Map.ofEntries(
                                row(
                                        FrozenLayer.class,
                                        (layer, in, site) -> LayerConversions.convert(layer.getLayer(), in, site)),
                                row(
                                        FrozenLayerWithBackprop.class,
                                        (layer, in, site) ->
                                                LayerConversions.convert(layer.getUnderlying(), in, site))))
                .forEach(rows -> rows.forEach((type, conversion) -> {
                    if (table.put(type, conversion) != null) {
                        throw new IllegalStateException("two conversions of " + type);
                    }
                }));
        return Map.copyOf(table);
    }

    static Set<Class<? extends Layer>> types() {
        return BY_TYPE.keySet();
    }

    static String whyNot(Class<?> type) {
        return Optional.ofNullable(WHY_NOT.get(type.getSimpleName()))
                .orElse("no conversion yet; add one to smalti.exporter.dl4j");
    }

    /** @throws NotCovered if there is none, or the layer is set up in a way that it does not cover */
    static LayerValue convert(Layer layer, LayerValue in, LayerPlace site) {
        var conversion = BY_TYPE.get(layer.getClass());
        if (conversion == null) {
            throw new NotCovered(whyNot(layer.getClass()));
        }
        if (layer instanceof BaseLayer base && base.getWeightNoise() != null) {
            // DL4J disturbs biases even when it does not train
            boolean disturbed = base.getWeightNoise() instanceof DropConnect drop
                    ? drop.isApplyToBiases()
                    : !(base.getWeightNoise() instanceof WeightNoise noise) || noise.isApplyToBias();
            NotCovered.unless(!disturbed, "its weight noise disturbs the biases even in inference; remove it");
        }
        return conversion.apply(layer, in, site);
    }
}
