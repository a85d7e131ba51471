package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** How large batches become on machines of known costs. */
final class BatchCostsTest {
    private static final int MOST = 32;

    @Test
    void whereBatchingBuysNothingBatchesAreSmall() {
        assertThat(cap(items -> 3e6 * items)).isEqualTo(1);
    }

    /** 8 of 200 microseconds: what takes no 2 milliseconds in all waits for no batch, and saves waking up. */
    @Test
    void ofWhatTakesNoTimeThereAreSeveral() {
        assertThat(cap(items -> 2e5 * items)).isEqualTo(8);
    }

    @Test
    void whereARunCostsTheSameBatchesAreLarge() {
        assertThat(cap(items -> 3e7)).isEqualTo(MOST);
    }

    @Test
    void batchesAreAsLargeAsPays() {
        // an item costs 1, a run 1 besides: from 16 items on less than 5% is left to save, to 32
        assertThat(cap(items -> 3e6 + 3e6 * items)).isEqualTo(16);
    }

    @Test
    void aMachineThatChangesIsFollowed() {
        var costs = new BatchCosts(MOST);
        live(costs, items -> 1000 * items, 1000, 1);
        live(costs, items -> 100_000, 3000, 2);
        assertThat(settled(costs, items -> 100_000)).isEqualTo(MOST);
    }

    /** Runs vary by a third: over thirty services no size but one seems cheaper for long. */
    @Test
    void chanceMakesNoBatchLarge() {
        int large = 0;
        for (int seed = 0; seed < 30; seed++) {
            var costs = new BatchCosts(MOST);
            live(costs, items -> 3e6 * items, 200, seed, 0.3);
            for (int i = 0; i < 200; i++) {
                live(costs, items -> 3e6 * items, 1, 1000 * seed + i, 0.3);
                large += costs.cap("kind") > 2 ? 1 : 0;
            }
        }
        assertThat(large / (30 * 200.0)).isLessThan(0.05);
    }

    @Test
    void oneRunThatIsHeldUpSaysNothing() {
        var costs = new BatchCosts(MOST);
        live(costs, items -> 3e7, 500, 5);
        int before = settled(costs, items -> 3e7);
        costs.ran("kind", before, 3_000_000_000L);
        assertThat(costs.cap("kind")).isEqualTo(before);
        assertThat(costs.estimate("kind", MOST)).isLessThan(33_000_000);
    }

    @Test
    void nothingIsKnownOfAnotherKind() {
        var costs = new BatchCosts(MOST);
        live(costs, items -> 1000 * items, 100, 3);
        assertThat(costs.cap("other")).isEqualTo(MOST);
        assertThat(costs.estimate("other", 10)).isZero();
        assertThat(costs.estimate("kind", 10)).isBetween(9000L, 11_000L);
    }

    private static int cap(IntToDoubleFunction nanos) {
        var costs = new BatchCosts(MOST);
        live(costs, nanos, 2000, 4);
        return settled(costs, nanos);
    }

    /** Batches as a loaded service makes them: mostly full. */
    private static void live(BatchCosts costs, IntToDoubleFunction nanos, int batches, long seed) {
        live(costs, nanos, batches, seed, 0.01);
    }

    private static void live(BatchCosts costs, IntToDoubleFunction nanos, int batches, long seed, double spread) {
        var random = new Random(seed);
        for (int i = 0; i < batches; i++) {
            int items = random.nextInt(4) == 0 ? 1 + random.nextInt(costs.cap("kind")) : costs.cap("kind");
            double noise = Math.exp(spread * random.nextGaussian());
            costs.ran("kind", items, Math.round(nanos.applyAsDouble(items) * noise));
        }
    }

    /** The cap but for the trials: the one that is given most of the time. */
    private static int settled(BatchCosts costs, IntToDoubleFunction nanos) {
        var seen = new HashMap<Integer, Integer>();
        for (int i = 0; i < 128; i++) {
            live(costs, nanos, 1, i);
            seen.merge(costs.cap("kind"), 1, Integer::sum);
        }
        return Collections.max(seen.entrySet(), Map.Entry.comparingByValue()).getKey();
    }
}
