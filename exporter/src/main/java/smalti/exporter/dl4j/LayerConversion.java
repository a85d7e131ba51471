package smalti.exporter.dl4j;

import java.util.Map;
import org.deeplearning4j.nn.conf.layers.Layer;

/** One kind of layer in SameDiff's operations, as it computes when it is not trained. */
@FunctionalInterface
interface LayerConversion<L extends Layer> {
    /** @throws NotCovered if it is set up in a way that is not covered */
    LayerValue apply(L layer, LayerValue in, LayerPlace site);

    /** A row of the registry. */
    static <L extends Layer> Map.Entry<Class<? extends Layer>, LayerConversion<Layer>> row(
            Class<L> type, LayerConversion<L> conversion) {
        return Map.entry(type, (layer, in, site) -> conversion.apply(type.cast(layer), in, site));
    }
}
