package smalti.exporter.precision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Model;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/**
 * ONNX Runtime's time and memory for a model on one core.
 *
 * @param milliseconds the median of a run, for each of the inputs that were given
 * @param residentBytes memory of the process that opening the model and running it once added; null where the system
 *     does not tell
 */
public record Speed(List<Double> milliseconds, @Nullable Long residentBytes) {
    private static final int FEWEST_ROUNDS = 7;
    private static final int MOST_ROUNDS = 200;
    private static final Duration BUDGET = Duration.ofMillis(600);
    private static final Path STATUS = Path.of("/proc/self/statm");
    private static final int PAGE = 4096;

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
            var resident = new ArrayList<@Nullable Long>();
            for (var model : models) {
                var before = residentNow();
                var session = ModelSession.open(OnnxWriter.bytes(model), "speed");
                sessions.add(session);
                session.run(inputs.get(0));
                var after = residentNow();
                resident.add(before == null || after == null ? null : Math.max(0, after - before));
            }
            var medians = new ArrayList<List<Double>>();
            models.forEach(model -> medians.add(new ArrayList<>()));
            for (var input : inputs) {
                var times = times(sessions, input);
                for (int i = 0; i < times.length; i++) {
                    medians.get(i).add(median(times[i]));
                }
            }
            var speeds = new ArrayList<Speed>();
            for (int i = 0; i < models.size(); i++) {
                speeds.add(new Speed(medians.get(i), resident.get(i)));
            }
            return speeds;
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

    private static @Nullable Long residentNow() {
        try {
            return Files.exists(STATUS)
                    ? Long.parseLong(Files.readString(STATUS).split(" ", 3)[1]) * PAGE
                    : null;
        } catch (IOException e) {
            // a system without such a file has no answer either
            return null;
        }
    }
}
