package smalti.exporter.proof;

import java.util.List;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Contract;
import smalti.spec.file.NpyArray;

/** How many levels a uint8 output of ONNX Runtime is from SameDiff's float image, turned into levels in Java. */
final class PixelComparison {
    /** Floats that differ in their last bits may round to neighbouring levels. */
    private static final int TOLERANCE = 1;

    private final String place;
    private final Contract.Pixels contract;
    private int samples;
    private int worst;
    private String worstSample = "";
    private long sum;
    private long count;
    private final DifferenceHistogram histogram = new DifferenceHistogram();
    private int least = 255;
    private int most;

    PixelComparison(String place, Contract.Pixels contract) {
        this.place = place;
        this.contract = contract;
    }

    /**
     * @param expected [N,C,H,W] float
     * @param actual [N,H,W,C] uint8
     */
    void add(Batch batch, NpyArray expected, NpyArray actual) {
        samples += batch.size();
        var levels = PixelConversion.levels(expected, contract);
        var got = actual.bytes();
        if (!levels.shape().equals(actual.shape())) {
            worst = 256;
            worstSample = batch.sample(0, batch.size()) + " (shape " + actual.shape() + " for " + levels.shape() + ")";
            return;
        }
        var wanted = levels.bytes();
        for (int i = 0; i < got.length; i++) {
            int level = wanted[i] & 0xFF;
            least = Math.min(least, level);
            most = Math.max(most, level);
            int difference = Math.abs(level - (got[i] & 0xFF));
            sum += difference;
            count++;
            histogram.add(difference);
            if (difference > worst) {
                worst = difference;
                worstSample = batch.sample(i, got.length);
            }
        }
    }

    Proof proof() {
        return new Proof(
                samples,
                worst,
                count == 0 ? 0 : (double) sum / count,
                Math.max(0, most - least),
                0,
                0,
                histogram.counts());
    }

    /** Nothing, or what is wrong. */
    List<String> problems() {
        return worst <= TOLERANCE
                ? List.of()
                : List.of(place + " of " + worstSample + " differs from SameDiff by " + worst + " levels, allowed is "
                        + TOLERANCE);
    }
}
