package smalti.exporter.precision;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Model;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/**
 * ONNX Runtime's time for a model on one core.
 *
 * @param milliseconds the median of a run, for each of the inputs that were given
 */
public record Speed(List<Double> milliseconds) {
    private static final int FEWEST_ROUNDS = 7;
    private static final int MOST_ROUNDS = 200;
    private static final Duration BUDGET = Duration.ofMillis(600);

    public Speed {
        milliseconds = List.copyOf(milliseconds);
    }

    /**
     * Runs the models in turns, so that a machine that is busy is so for all of them.
     *
     * @param inputs of each run; all models take the same
     */
    public static List<Speed> compare(List<Model> models, List<Map<String, Item>> inputs) {
        var sessions = new ArrayList<ModelSession>();
        try {
            models.forEach(model -> sessions.add(ModelSession.open(OnnxWriter.bytes(model), "speed")));
            var medians = new ArrayList<List<Double>>();
            models.forEach(model -> medians.add(new ArrayList<>()));
            for (var input : inputs) {
                var times = times(sessions, input);
                for (int i = 0; i < times.length; i++) {
                    medians.get(i).add(median(times[i]));
                }
            }
            return medians.stream().map(Speed::new).toList();
        } finally {
            sessions.forEach(ModelSession::close);
        }
    }

    private static double[][] times(List<ModelSession> sessions, Map<String, Item> input) {
        var times = new double[sessions.size()][MOST_ROUNDS];
        sessions.forEach(session -> session.run(input));
        long start = System.nanoTime();
        int round = 0;
        while (round < FEWEST_ROUNDS || (round < MOST_ROUNDS && System.nanoTime() - start < BUDGET.toNanos())) {
            for (int i = 0; i < times.length; i++) {
                long before = System.nanoTime();
                sessions.get(i).run(input);
                times[i][round] = (System.nanoTime() - before) / 1e6;
            }
            round++;
        }
        for (int i = 0; i < times.length; i++) {
            times[i] = Arrays.copyOf(times[i], round);
        }
        return times;
    }

    private static double median(double[] times) {
        Arrays.sort(times);
        return times[times.length / 2];
    }

    /** How often this is as fast as another, the geometric mean over the inputs. */
    public double timesAsFastAs(Speed other) {
        double logarithms = 0;
        for (int i = 0; i < milliseconds.size(); i++) {
            logarithms += Math.log(other.milliseconds.get(i) / milliseconds.get(i));
        }
        return Math.exp(logarithms / milliseconds.size());
    }
}
