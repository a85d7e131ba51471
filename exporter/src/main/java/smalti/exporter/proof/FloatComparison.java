package smalti.exporter.proof;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.file.NpyArray;

/** How far a float output of ONNX Runtime is from SameDiff's, over all samples. */
final class FloatComparison {
    /** Of the output's range. Float32 sums in another order differ by some 1e-6 of it. */
    private static final double TOLERANCE = 1e-4;

    /** Of the largest value: an output that hardly varies may still differ in its last bits. */
    private static final double ROUNDING = 4 * 0x1p-23;

    private final String place;
    private int samples;
    private double least = Double.POSITIVE_INFINITY;
    private double most = Double.NEGATIVE_INFINITY;
    private double worst;
    private double sum;
    private long count;
    private String worstSample = "";
    private final DifferenceHistogram histogram = new DifferenceHistogram();
    private Optional<String> broken = Optional.empty();

    /** @param place such as {@code encoder.onnx: latents} */
    FloatComparison(String place) {
        this.place = place;
    }

    void add(Batch batch, NpyArray expected, NpyArray actual) {
        add(batch, expected, actual, index -> true);
    }

    /** @param counted the elements to compare */
    void add(Batch batch, NpyArray expected, NpyArray actual, IntPredicate counted) {
        samples += batch.size();
        if (!expected.shape().equals(actual.shape())) {
            breaks(place + " of " + batch.sample(0, batch.size()) + " must have shape " + expected.shape() + ", got "
                    + actual.shape());
            return;
        }
        var wanted = expected.floats();
        var got = actual.floats();
        for (int i = 0; i < wanted.length; i++) {
            least = Math.min(least, wanted[i]);
            most = Math.max(most, wanted[i]);
            if (!counted.test(i)) {
                continue;
            }
            double difference = Math.abs((double) got[i] - wanted[i]);
            if (!Double.isFinite(difference)) {
                breaks(place + " of " + batch.sample(i, wanted.length) + " must be finite, got " + got[i]
                        + " where SameDiff gives " + wanted[i]);
                return;
            }
            sum += difference;
            count++;
            histogram.add(difference);
            if (difference > worst) {
                worst = difference;
                worstSample = batch.sample(i, wanted.length);
            }
        }
    }

    private void breaks(String problem) {
        if (broken.isEmpty()) {
            broken = Optional.of(problem);
        }
    }

    /** The figures for a graph without codes. */
    Proof proof() {
        return new Proof(samples, worst, meanDifference(), range(), 0, 0, histogram.counts());
    }

    DifferenceHistogram histogram() {
        return histogram;
    }

    double maxDifference() {
        return worst;
    }

    double meanDifference() {
        return count == 0 ? 0 : sum / count;
    }

    double range() {
        return samples == 0 ? 0 : most - least;
    }

    /** Nothing, or what is wrong. */
    List<String> problems() {
        if (broken.isPresent()) {
            return List.of(broken.get());
        }
        double bound = Math.max(TOLERANCE * range(), ROUNDING * Math.max(Math.abs(least), Math.abs(most)));
        if (worst <= bound) {
            return List.of();
        }
        return List.of(String.format(
                Locale.ROOT,
                "%s of %s differs from SameDiff by %.3g, allowed is %.3g (%s of the range %.3g)",
                place,
                worstSample,
                worst,
                bound,
                TOLERANCE,
                range()));
    }
}
