package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What is believed of batches stays near what they take, for millions of them: where some are held up, where the machine
 * is slow for a while, and where sizes are not run for long.
 */
@Timeout(600)
final class BatchCostsBeliefTest {
    private static final int BATCHES = Boolean.getBoolean("smalti.full") ? 10_000_000 : 400_000;
    private static final int MOST = 16;

    /** Batches after a change of pace until what is believed must fit. */
    private static final int FOLLOWED = 64;

    /** A processor: an item costs the same in all batches. */
    @ParameterizedTest
    @CsvSource({"0, 0.1", "0.002, 0.1", "0.02, 0.1", "0.05, 0.1", "0, 0.3", "0.02, 0.3", "0.05, 0.2"})
    void ofItemsThatCostTheSame(double hiccups, double spread) {
        live(items -> 1e5 * items, hiccups, spread);
    }

    /** A device: a batch costs mostly the same. */
    @ParameterizedTest
    @CsvSource({"0, 0.1", "0.002, 0.1", "0.02, 0.1", "0.05, 0.1"})
    void ofBatchesThatCostTheSame(double hiccups, double spread) {
        live(items -> 3e6 + 1e5 * items, hiccups, spread);
    }

    /** Nothing was warmed up: caches are cold, and the second session is loaded meanwhile. */
    @ParameterizedTest
    @CsvSource({"2, 20", "4, 50", "8, 20", "8, 50", "8, 300", "12, 20", "12, 50", "12, 300"})
    void afterAColdStart(int coldBatches, double times) {
        var costs = new BatchCosts(MOST);
        run(costs, 1, coldBatches, times * 1e6);
        run(costs, 1, Math.max(0, 12 - coldBatches), 1e6);
        run(costs, 16, 3, 4e6);
        run(costs, 1, 1000, 1e6);
        run(costs, 16, FOLLOWED, 4e6);
        requireTruth(costs);
        run(costs, 16, 100_000, 4e6);
        requireTruth(costs);
        run(costs, 1, 100_000, 1e6);
        requireTruth(costs);
    }

    /** As where a neighbour holds one of two threads. */
    @Test
    void aRareSizeThatBecomesSlowerByItself() {
        var costs = new BatchCosts(MOST);
        for (int i = 0; i < 200; i++) {
            run(costs, 1, 1, 1e6);
            run(costs, 16, 1, 4e6);
        }
        for (int i = 0; i < 10; i++) {
            run(costs, 1, 50, 1e6);
            run(costs, 16, 1, 60e6);
        }
        assertThat((double) costs.run("kind", 16)).isBetween(30e6, 120e6);
        assertThat((double) costs.run("kind", 1)).isBetween(0.5e6, 2e6);
    }

    /** What was learnt on a slow machine is no reason to refuse for ever. */
    @Test
    void aKindThatIsNotRunIsForgotten() {
        var costs = new BatchCosts(MOST);
        for (int i = 0; i < 20; i++) {
            costs.ran("slow", 1, 200_000_000);
        }
        assertThat(costs.run("slow", 1)).isEqualTo(200_000_000);
        run(costs, 1, 10_000, 1e6);
        assertThat(costs.run("slow", 1)).isZero();
        assertThat(costs.run("kind", 1)).isEqualTo(1_000_000);
    }

    @Test
    void ofManyKindsTheNewestAreKnown() {
        var costs = new BatchCosts(MOST);
        for (int kind = 0; kind < 1000; kind++) {
            for (int i = 0; i < SizeCosts.LEAST_SEEN; i++) {
                costs.ran(kind, 1, 1_000_000);
            }
        }
        assertThat(costs.run(999, 1)).isEqualTo(1_000_000);
        assertThat(costs.run(0, 1)).isZero();
    }

    private static void run(BatchCosts costs, int items, int batches, double nanos) {
        for (int i = 0; i < batches; i++) {
            costs.ran("kind", items, Math.round(nanos));
        }
    }

    private static void requireTruth(BatchCosts costs) {
        assertThat((double) costs.run("kind", 1)).isBetween(0.5e6, 2e6);
        assertThat((double) costs.run("kind", 16)).isBetween(2e6, 8e6);
    }

    private static void live(IntToDoubleFunction nanos, double hiccups, double spread) {
        for (int seed = 0; seed < 3; seed++) {
            new Life(nanos, hiccups, spread, seed).live(BATCHES / 3);
        }
    }

    /** Phases of a service: of what it is asked for, and of how fast its machine is. */
    private static final class Life {
        private final IntToDoubleFunction nanos;
        private final double hiccups;
        private final double spread;
        private final Random random;
        private final String place;
        private final BatchCosts costs = new BatchCosts(MOST);
        private double pace = 1;
        private long slowest;

        Life(IntToDoubleFunction nanos, double hiccups, double spread, int seed) {
            this.nanos = nanos;
            this.hiccups = hiccups;
            this.spread = spread;
            this.random = new Random(seed);
            this.place = "seed " + seed + ", hiccups " + hiccups + ", spread " + spread;
        }

        void live(int batches) {
            for (int items = 1; items <= MOST; items *= 2) {
                for (int i = 0; i < SizeCosts.LEAST_SEEN; i++) {
                    run(items, 0);
                }
            }
            int changed = 0;
            int demanded = 1;
            for (int i = 0; i < batches; i++) {
                if (random.nextInt(5000) == 0) {
                    pace = new double[] {1, 5, 0.2, 20, 2}[random.nextInt(5)];
                    changed = i;
                }
                if (random.nextInt(20_000) == 0) {
                    demanded = new int[] {0, 1, 3, 7, 16}[random.nextInt(5)];
                }
                int asked = demanded == 0 ? 1 + (int) Math.min(15, -Math.log(1 - random.nextDouble()) * 1.5) : demanded;
                run(Math.min(costs.cap("kind"), asked), hiccups);
                check(i, i - changed >= FOLLOWED);
            }
        }

        private void run(int items, double held) {
            double took = pace * nanos.applyAsDouble(items) * Math.exp(spread * random.nextGaussian());
            if (random.nextDouble() < held) {
                took *= 5 + 15 * random.nextDouble();
            }
            slowest = Math.max(slowest, Math.round(took));
            costs.ran("kind", items, Math.round(took));
        }

        private void check(int batch, boolean isFollowed) {
            for (int items = 1; items <= MOST; items++) {
                long believed = costs.run("kind", items);
                double truth = pace * nanos.applyAsDouble(items);
                if (believed > slowest) {
                    throw new AssertionError(where(batch, items, believed) + " beyond any that was run: " + slowest);
                }
                // of what was never run at this pace nothing can be known that is beyond all that was run
                if (isFollowed && (believed > 2 * truth || believed < Math.min(truth, (double) slowest) / 2)) {
                    throw new AssertionError(where(batch, items, believed) + ", truly " + Math.round(truth));
                }
            }
            assertThat(costs.estimate("kind", MOST)).isPositive();
        }

        private String where(int batch, int items, long believed) {
            return place + ", batch " + batch + ": " + items + " items believed to take " + believed + " ns";
        }
    }
}
