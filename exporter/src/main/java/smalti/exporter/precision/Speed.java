package smalti.exporter.precision;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import smalti.exporter.graph.Model;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/**
 * ONNX Runtime's times for a model on one core, round by round in turns with other models.
 *
 * @param rounds for each of the inputs the milliseconds of each run; the same rounds as those of the other models
 */
public record Speed(List<List<Double>> rounds) {
    /** A budget of time for what is decided, or said of one file. */
    public static final Duration THOROUGH = Duration.ofSeconds(4);

    private static final int FEWEST_ROUNDS = 11;
    private static final int MOST_ROUNDS = 200;
    private static final Duration BUDGET = Duration.ofMillis(600);

    /** What 95% of a normal distribution lie within, in deviations. */
    private static final double DEVIATIONS = 1.96;

    public Speed {
        rounds = rounds.stream().map(List::copyOf).toList();
    }

    /**
     * How often one model is as fast as another: the median over the rounds, and where it lies with 95% confidence.
     *
     * <p>Source of the interval: order statistics of a median, Conover 1999, section 3.2.
     *
     * @param rounds how many there were
     */
    public record Ratio(double median, double low, double high, int rounds) {
        /** Whether the spread leaves no doubt. */
        public boolean isFaster() {
            return low > 1;
        }

        public boolean isSlower() {
            return high < 1;
        }

        /** Such as {@code 1.82 times as fast as FP32 (1.78 to 1.85 in 95%)}; says no more than the spread allows. */
        public String text() {
            var spread = String.format(Locale.ROOT, "%.2f to %.2f with 95%% confidence, %d rounds", low, high, rounds);
            return isFaster() || isSlower()
                    ? String.format(
                            Locale.ROOT,
                            "%s%.2f times as fast as FP32 (%s)",
                            isSlower() ? "slower, " : "",
                            median,
                            spread)
                    : "neither faster nor slower than FP32, as far as can be told (" + spread + ")";
        }
    }

    /**
     * Runs the models in turns, so that a machine that is busy is so for all of them.
     *
     * @param inputs of each run; all models take the same
     */
    public static List<Speed> compare(List<Model> models, List<Map<String, Item>> inputs) {
        return compare(models, inputs, BUDGET);
    }

    /** @param budget of time for each of the inputs */
    public static List<Speed> compare(List<Model> models, List<Map<String, Item>> inputs, Duration budget) {
        var sessions = new ArrayList<ModelSession>();
        try {
            models.forEach(model -> sessions.add(ModelSession.open(model, "speed")));
            var speeds = new ArrayList<List<List<Double>>>();
            models.forEach(model -> speeds.add(new ArrayList<>()));
            for (var input : inputs) {
                var times = times(sessions, input, budget);
                for (int i = 0; i < times.length; i++) {
                    speeds.get(i).add(Arrays.stream(times[i]).boxed().toList());
                }
            }
            return speeds.stream().map(Speed::new).toList();
        } finally {
            sessions.forEach(ModelSession::close);
        }
    }

    private static double[][] times(List<ModelSession> sessions, Map<String, Item> input, Duration budget) {
        var times = new double[sessions.size()][MOST_ROUNDS];
        sessions.forEach(session -> session.run(input));
        long start = System.nanoTime();
        int round = 0;
        while (round < FEWEST_ROUNDS || (round < MOST_ROUNDS && System.nanoTime() - start < budget.toNanos())) {
            for (int turn = 0; turn < times.length; turn++) {
                // each comes first as often as the others
                int i = (turn + round) % times.length;
                times[i][round] = sessions.get(i).nanos(input) / 1e6;
            }
            round++;
        }
        for (int i = 0; i < times.length; i++) {
            times[i] = Arrays.copyOf(times[i], round);
        }
        return times;
    }

    /** The median of a run, for each of the inputs. */
    public List<Double> milliseconds() {
        return rounds.stream()
                .map(times -> sorted(times.stream().mapToDouble(Double::doubleValue))[times.size() / 2])
                .toList();
    }

    private static double[] sorted(java.util.stream.DoubleStream numbers) {
        return numbers.sorted().toArray();
    }

    /** How often this is as fast as another that was measured with it; over several inputs the geometric mean. */
    public Ratio comparedWith(Speed other) {
        double[] logarithms = new double[3];
        int fewest = Integer.MAX_VALUE;
        for (int input = 0; input < rounds.size(); input++) {
            var mine = rounds.get(input);
            var its = other.rounds.get(input);
            int count = mine.size();
            // of two that ran one after the other: what the machine did besides is the same for both
            var ratios = sorted(java.util.stream.IntStream.range(0, count)
                    .mapToDouble(round -> Math.log(its.get(round) / mine.get(round))));
            int away = (int) Math.ceil(DEVIATIONS * Math.sqrt(count) / 2);
            logarithms[0] += ratios[count / 2] / rounds.size();
            logarithms[1] += ratios[Math.max(0, count / 2 - away)] / rounds.size();
            logarithms[2] += ratios[Math.min(count - 1, count / 2 + away)] / rounds.size();
            fewest = Math.min(fewest, count);
        }
        return new Ratio(Math.exp(logarithms[0]), Math.exp(logarithms[1]), Math.exp(logarithms[2]), fewest);
    }

    /** How often this is as fast as another, the geometric mean over the inputs. */
    public double timesAsFastAs(Speed other) {
        return comparedWith(other).median();
    }
}
