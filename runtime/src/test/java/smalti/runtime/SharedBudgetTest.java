package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import smalti.runtime.BatchListener.Outcome;

/** Several models on the threads of one budget, by a simulated clock: each has its share of the threads' time. */
@Timeout(60)
final class SharedBudgetTest {
    private static final double DAY_MILLIS = 5000;

    @Test
    void aSlowModelAndAQuickOneHaveEqualShares() {
        try (var world = new Simulation()) {
            var budget = ThreadBudget.of(1);
            var slow = new Model(world, "slow", budget, 1, 100);
            var quick = new Model(world, "quick", budget, 1, 2);
            slow.hasAlwaysEnoughToDo();
            quick.hasAlwaysEnoughToDo();
            world.run();
            assertThat(slow.share(1)).isBetween(0.48, 0.52);
            assertThat(quick.share(1)).isBetween(0.48, 0.52);
        }
    }

    /** The order in which threads are granted: whoever had less of them is next, whatever it asks for. */
    @Test
    void betweenTwoRunsOfTheSlowOneTheQuickOneHasAsMuchTime() {
        try (var world = new Simulation()) {
            var order = new ArrayList<String>();
            var budget = ThreadBudget.of(1);
            var slow = new Model(world, "slow", budget, 1, 100, order);
            var quick = new Model(world, "quick", budget, 1, 10, order);
            slow.hasAlwaysEnoughToDo();
            quick.hasAlwaysEnoughToDo();
            world.run();
            var settled = String.join(" ", order.subList(40, 84));
            assertThat(settled.split("slow", -1)).hasSize(5);
            // ten, or one more where both have had the same
            assertThat(settled).containsPattern("slow( quick){9,11} slow( quick){9,11} slow");
        }
    }

    @Test
    void aRequestOfAQuickModelWaitsForOneRunOfASlowOneAtMost() {
        for (int lanes : new int[] {1, 2, 3}) {
            try (var world = new Simulation()) {
                var budget = ThreadBudget.of(lanes);
                var slow = new Model(world, "slow", budget, 1, 100);
                var quick = new Model(world, "quick", budget, 1, 2);
                slow.hasAlwaysEnoughToDo();
                for (int millis = 13; millis < DAY_MILLIS; millis += 131) {
                    world.at(Simulation.millis(millis), quick::ask);
                }
                world.run();
                assertThat(quick.ends).isEqualTo(38 + 1);
                assertThat(quick.longestMillis).as("%s lanes", lanes).isLessThanOrEqualTo(100 + 2.0);
                // and the slow one has all the rest
                assertThat(slow.share(lanes)).isGreaterThan(0.95 - 38 * 2 / DAY_MILLIS);
            }
        }
    }

    @Test
    void threeModelsHaveAThirdEach() {
        try (var world = new Simulation()) {
            var budget = ThreadBudget.of(2);
            var models = List.of(
                    new Model(world, "slow", budget, 1, 70),
                    new Model(world, "middling", budget, 1, 11),
                    new Model(world, "quick", budget, 1, 1));
            models.forEach(Model::hasAlwaysEnoughToDo);
            world.run();
            for (var model : models) {
                assertThat(model.share(2)).isBetween(0.30, 0.36);
            }
        }
    }

    /** A run on all threads needs them all at once; runs on one each do not keep it from that. */
    @Test
    void aModelWhoseRunsTakeAllThreadsHasItsShare() {
        try (var world = new Simulation()) {
            var budget = ThreadBudget.of(4);
            var wide = new Model(world, "wide", budget, 4, 20);
            var narrow = new Model(world, "narrow", budget, 1, 7);
            wide.hasAlwaysEnoughToDo();
            narrow.hasAlwaysEnoughToDo();
            world.run();
            // threads come free one by one, so that some stand idle until the wide run has all of its own
            assertThat(wide.share(4)).isGreaterThan(0.35);
            assertThat(narrow.share(4)).isCloseTo(wide.share(4), within(0.03));
        }
    }

    /** A model in a simulated world, whose runs all take as long. */
    private static final class Model implements BatchListener {
        private final Simulation world;
        private final double runMillis;
        private final Batcher<String> batcher;
        private int ends;
        private double longestMillis;
        private double threadMillis;

        Model(Simulation world, String name, ThreadBudget budget, int threads, double runMillis) {
            this(world, name, budget, threads, runMillis, new ArrayList<>());
        }

        /** @param order is told of each run */
        Model(Simulation world, String name, ThreadBudget budget, int threads, double runMillis, List<String> order) {
            this.world = world;
            this.runMillis = runMillis;
            this.batcher = new Batcher<>(
                    name,
                    (batch, alone, stop) -> {
                        order.add(name);
                        double left = DAY_MILLIS - world.nanos() / 1e6;
                        threadMillis += threads * Math.max(0, Math.min(left, runMillis));
                        world.pass(Simulation.millis(runMillis));
                        return 0;
                    },
                    new BatchSettings(1, 1 << 20, budget, threads, threads),
                    this,
                    world,
                    world);
        }

        void ask() {
            // its end is told to the listener
            var unused = batcher.submit("request", Demand.of("kind", 1), RequestOptions.defaults(), () -> "done");
        }

        /** Twenty requests wait at any time of the day. */
        void hasAlwaysEnoughToDo() {
            for (double millis = 0; millis < DAY_MILLIS; millis += Math.min(runMillis, 50)) {
                world.at(Simulation.millis(millis), () -> {
                    while (batcher.depth() < 60) {
                        ask();
                    }
                });
            }
        }

        /** Of all threads' time in the day. */
        double share(int allThreads) {
            return threadMillis / DAY_MILLIS / allThreads;
        }

        @Override
        public void batch(int items, long copyNanos, long runNanos) {}

        @Override
        public void request(Outcome outcome, int items, long queuedNanos, long totalNanos) {
            assertThat(outcome).isEqualTo(Outcome.COMPLETED);
            ends++;
            longestMillis = Math.max(longestMillis, totalNanos / 1e6);
        }
    }
}
