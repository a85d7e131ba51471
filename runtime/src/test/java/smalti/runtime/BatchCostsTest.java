package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /** Runs vary by a third: after a warm-up no size but one seems cheaper for long. */
    @Test
    void chanceMakesNoBatchLarge() {
        int large = 0;
        for (int seed = 0; seed < 30; seed++) {
            var costs = new BatchCosts(MOST);
            var random = new Random(seed);
            for (int items = 1; items <= MOST; items *= 2) {
                for (int i = 0; i < 10; i++) {
                    costs.ran("kind", items, Math.round(3e6 * items * Math.exp(0.3 * random.nextGaussian())));
                }
            }
            for (int i = 0; i < 200; i++) {
                live(costs, items -> 3e6 * items, 1, 1000 * seed + i, 0.3);
                large += costs.cap("kind") > 2 ? 1 : 0;
            }
        }
        assertThat(large / (30 * 200.0)).isLessThan(0.02);
    }

    /** All sizes become slower at once: those that were not run since must not seem cheap. */
    @ParameterizedTest
    @ValueSource(doubles = {1.5, 5, 20, 0.2})
    void aMachineThatBecomesSlowerKeepsItsSizes(double times) {
        IntToDoubleFunction device = items -> 3e8 + 3e5 * items;
        assertThat(capAfter(device, times)).isEqualTo(MOST);
        IntToDoubleFunction processor = items -> 3e8 * items;
        assertThat(capAfter(processor, times)).isEqualTo(1);
    }

    /** The one that was given most in the hundred batches after a change of pace. */
    private static int capAfter(IntToDoubleFunction nanos, double times) {
        var costs = new BatchCosts(MOST);
        live(costs, nanos, 2000, 6, 0.1);
        live(costs, items -> times * nanos.applyAsDouble(items), 20, 7, 0.1);
        return settled(costs, items -> times * nanos.applyAsDouble(items));
    }

    @Test
    void oneRunThatIsHeldUpSaysNothing() {
        var costs = new BatchCosts(MOST);
        live(costs, items -> 3e7, 500, 5);
        int before = settled(costs, items -> 3e7);
        costs.ran("kind", before, 3_000_000_000L);
        assertThat(settled(costs, items -> 3e7)).isEqualTo(before);
        assertThat(costs.estimate("kind", MOST)).isLessThan(33_000_000);
    }

    /** Where one size alone was seen, the larger ones are thought to take as many times as long. */
    @Test
    void largerBatchesThanAnySeenHaveAnEstimate() {
        var costs = new BatchCosts(MOST);
        for (int i = 0; i < 10; i++) {
            costs.ran("kind", 1, 4_000_000);
        }
        assertThat(costs.run("kind", 1)).isEqualTo(4_000_000);
        assertThat(costs.run("kind", 3)).isEqualTo(12_000_000);
    }

    /** As by a clock that stands still. */
    @Test
    void whatTakesNoTimeIsNoHarm() {
        var costs = new BatchCosts(MOST);
        for (int i = 0; i < 10; i++) {
            costs.ran("kind", 1, 0);
        }
        assertThat(costs.deviation("kind")).isZero();
        assertThat(costs.run("kind", 1)).isBetween(0L, 10L);
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
