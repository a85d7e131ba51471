package smalti.exporter.cost;

import smalti.spec.Check;

/** How many operations a node does. */
public sealed interface Flops {
    /**
     * By the operator's formula.
     *
     * @param count a multiply-add is 2
     */
    record Counted(long count) implements Flops {
        public Counted {
            Check.that(count >= 0, "count must be at least 0, got %s", count).done();
        }
    }

    /** The operator only moves, renames or converts elements. */
    record NothingToCount() implements Flops {}

    /** Not known before the model runs, or not to us. */
    record Unknown(String reason) implements Flops {}
}
