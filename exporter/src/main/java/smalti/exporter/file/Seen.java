package smalti.exporter.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import smalti.exporter.graph.Tensor;
import smalti.exporter.proof.ModelSession.Item;

/**
 * How much of outputs are numbers that can be compared: NaN and infinity are the same whatever is computed before them.
 *
 * @param shares by output, the share of finite elements in the best sample; 0 where there are no elements
 */
record Seen(Map<String, Double> shares) {
    static Seen of(List<Map<String, Item>> outputs) {
        var shares = new TreeMap<String, Double>();
        outputs.forEach(sample -> sample.forEach((output, item) -> shares.merge(output, share(item), Math::max)));
        return new Seen(shares);
    }

    private static double share(Item item) {
        if (!(item instanceof Item.Array array)) {
            return 1;
        }
        Tensor tensor = array.tensor();
        if (tensor.count() == 0) {
            return 0;
        }
        int finite = 0;
        for (int i = 0; i < tensor.count(); i++) {
            finite += Double.isFinite(tensor.number(i)) ? 1 : 0;
        }
        return (double) finite / tensor.count();
    }

    /** Whether half of each output can be compared. */
    boolean isMost() {
        return shares.values().stream().allMatch(share -> share >= 0.5);
    }

    /** A line for each output that could not be compared at all. */
    List<String> notes() {
        var notes = new ArrayList<String>();
        shares.forEach((output, share) -> {
            if (share == 0) {
                notes.add(
                        "output " + output + " was not compared: it is NaN, infinite or without elements on all inputs"
                                + " that were tried; samples of your own may show more");
            }
        });
        return notes;
    }
}
