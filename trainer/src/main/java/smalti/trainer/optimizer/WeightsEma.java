package smalti.trainer.optimizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.trainer.graph.Chunks;
import smalti.trainer.graph.Parameters;

/**
 * The weights' exponential moving average, which is exported in place of the last weights.
 *
 * <p>Source: Yazici et al. 2019, arXiv:1806.04498. The decay is min(decay, (1 + t)/(10 + t)), so that a short training
 * is not held back by its first weights.
 */
public final class WeightsEma {
    private final double decay;
    private final Parameters source;
    private final Map<String, float[]> averages = new LinkedHashMap<>();

    /** @param decay 0 for none: {@link #weights} are then the last ones */
    public WeightsEma(double decay, Parameters source, List<String> names) {
        this.decay = decay;
        this.source = source;
        if (decay > 0) {
            names.forEach(name -> averages.put(name, source.values(name)));
        }
    }

    public boolean isOn() {
        return decay > 0;
    }

    /** @param step from 0 */
    public void update(int step) {
        float keep = (float) Math.min(decay, (1.0 + step) / (10.0 + step));
        averages.forEach((name, average) -> {
            var elements = source.elements(name);
            Chunks.each(average.length, (at, length, scratch) -> {
                var values = elements.read(at, scratch.floats(0, length), length);
                for (int i = 0; i < length; i++) {
                    average[at + i] = keep * average[at + i] + (1 - keep) * values[i];
                }
            });
        });
    }

    /** All parameters of the source, the averaged ones in their averaged form. */
    public Parameters weights() {
        var weights = source.copy();
        averages.forEach(weights::set);
        return weights;
    }

    /** The averages by name; the arrays themselves. */
    public Map<String, float[]> state() {
        var state = new LinkedHashMap<String, float[]>();
        averages.forEach((name, average) -> state.put(name + "/ema", average));
        return state;
    }
}
