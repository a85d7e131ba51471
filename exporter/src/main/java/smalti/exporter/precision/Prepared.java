package smalti.exporter.precision;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Model;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/**
 * A model in float32 that is ready to be quantized, and what its values were on the calibration samples.
 *
 * @param layers that can be quantized, by their first output
 * @param place of the model, in errors
 */
record Prepared(Model model, Map<String, LinearLayer> layers, Observations observations, String place) {
    /** @param ways to calibrate that will be asked for */
    static Prepared of(Model model, List<Map<String, Item>> calibration, Collection<Calibration> ways, String place) {
        var layers = new LinkedHashMap<String, LinearLayer>();
        QdqWriter.layers(model).forEach(layer -> layers.put(layer.name(), layer));
        var observations = Observations.of(
                model, QuantizationPlan.watched(model), QuantizationPlan.layerInputs(model), ways, calibration, place);
        return new Prepared(model, layers, observations, place);
    }

    Learnt learnt(Calibration way) {
        return new Learnt(observations.ranges(way), observations.means(), Map.of());
    }

    /** How many products each layer makes in a run. */
    Map<String, Long> products(Map<String, Item> sample) {
        var products = new LinkedHashMap<String, Long>();
        try (var session = ModelSession.open(Observations.exposing(model, layers.keySet()), place)) {
            var outputs = session.run(sample);
            layers.forEach((name, layer) -> {
                if (outputs.get(name) instanceof Item.Array array) {
                    products.put(name, layer.products(array.tensor().count()));
                }
            });
        }
        return products;
    }
}
