package smalti.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How a quantity moves over time: the slope of the least-squares line through the means of equal stretches, with its
 * standard error. Stretches, as what is sampled often hardly changes from one sample to the next.
 *
 * @param slope units a minute
 * @param error standard error of the slope
 * @param minutes that were measured
 */
record Drift(double mean, double slope, double error, double minutes) {
    private static final int STRETCHES = 20;
    private static final int LEAST_SAMPLES = 3;

    /**
     * @param times in minutes, growing, at least three
     * @param values as many
     */
    static Drift of(List<Double> times, List<Double> values) {
        double start = times.get(0);
        double minutes = times.get(times.size() - 1) - start;
        int stretches = Math.min(STRETCHES, times.size());
        if (stretches < LEAST_SAMPLES) {
            throw new IllegalArgumentException("must be at least " + LEAST_SAMPLES + " samples, got " + times.size());
        }
        var x = new ArrayList<Double>();
        var y = new ArrayList<Double>();
        int next = 0;
        for (int stretch = 1; stretch <= stretches; stretch++) {
            int end = (int) ((long) times.size() * stretch / stretches);
            x.add(mean(times.subList(next, end)));
            y.add(mean(values.subList(next, end)));
            next = end;
        }
        double middle = mean(x);
        double level = mean(y);
        double squares = 0;
        double products = 0;
        for (int i = 0; i < stretches; i++) {
            squares += (x.get(i) - middle) * (x.get(i) - middle);
            products += (x.get(i) - middle) * (y.get(i) - level);
        }
        double slope = products / squares;
        double residuals = 0;
        for (int i = 0; i < stretches; i++) {
            double residual = y.get(i) - level - slope * (x.get(i) - middle);
            residuals += residual * residual;
        }
        return new Drift(level, slope, Math.sqrt(residuals / (stretches - 2) / squares), minutes);
    }

    /** How much it grew for sure: two standard errors less than the line says. */
    double sureGrowth() {
        return (slope - 2 * error) * minutes;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "mean %.1f, slope %.3f ± %.3f a minute over %.1f minutes", mean, slope, error, minutes);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
