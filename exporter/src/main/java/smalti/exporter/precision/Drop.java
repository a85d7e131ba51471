package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.proof.ModelSession.Item;

/**
 * How many dB the worst output loses to quantisation.
 *
 * <ul>
 *   <li>An output that rebuilds an input has an original: what is lost is FP32's PSNR against it less INT8's.
 *   <li>Of others FP32's numbers are all there is. What is lost is what noise of that SQNR would take from an output whose
 *       own error is as large as its signal: 10·log₁₀(1 + noise/signal). 0.1 dB are an SQNR of 16.3 dB.
 * </ul>
 */
public final class Drop {
    /** An output of an input's shape that is further from it than that does not rebuild it. */
    private static final double LEAST_PSNR_OF_REBUILT = 10;

    private Drop() {}

    /**
     * @param inputs of the runs
     * @param wanted what FP32 made of them
     * @param got what INT8 did
     */
    static double of(List<Map<String, Item>> inputs, List<Map<String, Item>> wanted, List<Map<String, Item>> got) {
        double most = 0;
        for (var output : wanted.get(0).keySet()) {
            var full = named(wanted, output);
            var few = named(got, output);
            var originals = original(inputs, full);
            if (originals != null) {
                most = Math.max(
                        most,
                        Quality.of(originals, full).psnr()
                                - Quality.of(originals, few).psnr());
            } else {
                most = Math.max(
                        most,
                        10 * Math.log10(1 + Math.pow(10, -Quality.of(full, few).sqnr() / 10)));
            }
        }
        return most;
    }

    private static List<Map<String, Item>> named(List<Map<String, Item>> batches, String name) {
        return batches.stream().map(batch -> one(batch, name)).toList();
    }

    private static Map<String, Item> one(Map<String, Item> batch, String name) {
        var item = batch.get(name);
        return item == null ? Map.of() : Map.of("numbers", item);
    }

    /** The one input that an output rebuilds; null where there is none. */
    private static @Nullable List<Map<String, Item>> original(
            List<Map<String, Item>> inputs, List<Map<String, Item>> full) {
        var found = new ArrayList<List<Map<String, Item>>>();
        for (var input : inputs.get(0).keySet()) {
            var originals = named(inputs, input);
            if (isRebuilt(originals, full)) {
                found.add(originals);
            }
        }
        return found.size() == 1 ? found.get(0) : null;
    }

    private static boolean isRebuilt(List<Map<String, Item>> originals, List<Map<String, Item>> full) {
        for (int i = 0; i < full.size(); i++) {
            if (!(originals.get(i).get("numbers") instanceof Item.Array one)
                    || !(full.get(i).get("numbers") instanceof Item.Array other)
                    || one.tensor().type() != other.tensor().type()) {
                return false;
            }
        }
        double psnr = Quality.of(originals, full).psnr();
        return psnr >= LEAST_PSNR_OF_REBUILT && psnr < Double.POSITIVE_INFINITY;
    }
}
