package smalti.exporter.precision;

import java.util.List;
import java.util.function.Consumer;
import smalti.spec.Check;

/**
 * How a model becomes INT8.
 *
 * @param activations what the numbers between layers become
 * @param calibrations tried in turn; the one of the best quality is taken
 * @param leastPsnr in dB against FP32, below which layers go back to float
 * @param leastAgreement share of the whole numbers, such as codes, that must be as in FP32
 * @param goalSqnr signal to quantisation noise in dB for which layers go back to float as well, as long as half of the
 *     products stay in INT8; no gate
 * @param mostDrop in dB that outputs may lose, as {@link Drop} has it; infinite for no such gate
 * @param progress is told what is being done, a short line at a time
 */
public record Int8Options(
        ActivationType activations,
        List<Calibration> calibrations,
        double leastPsnr,
        double leastAgreement,
        double goalSqnr,
        double mostDrop,
        Consumer<String> progress) {
    public Int8Options {
        calibrations = List.copyOf(calibrations);
        Check.that(!calibrations.isEmpty(), "calibrations must not be empty")
                .and(leastPsnr >= 0, "leastPsnr must be at least 0 dB, got %s", leastPsnr)
                .and(
                        leastAgreement >= 0 && leastAgreement <= 1,
                        "leastAgreement must be from 0 to 1, got %s",
                        leastAgreement)
                .and(goalSqnr >= 0, "goalSqnr must be at least 0 dB, got %s", goalSqnr)
                .and(mostDrop > 0, "mostDrop must be greater than 0 dB, got %s", mostDrop)
                .done();
    }

    /** U8S8, the best of all calibrations, 35 dB of PSNR, 97%, 33 dB of SQNR where it can be had. */
    public static Int8Options defaults() {
        return new Int8Options(
                ActivationType.UINT8,
                List.of(Calibration.values()),
                35,
                0.97,
                33,
                Double.POSITIVE_INFINITY,
                line -> {});
    }

    public Int8Options withActivations(ActivationType changed) {
        return new Int8Options(changed, calibrations, leastPsnr, leastAgreement, goalSqnr, mostDrop, progress);
    }

    public Int8Options withCalibrations(List<Calibration> changed) {
        return new Int8Options(activations, changed, leastPsnr, leastAgreement, goalSqnr, mostDrop, progress);
    }

    public Int8Options withGate(double psnr, double agreement) {
        return new Int8Options(activations, calibrations, psnr, agreement, goalSqnr, mostDrop, progress);
    }

    public Int8Options withGoalSqnr(double changed) {
        return new Int8Options(activations, calibrations, leastPsnr, leastAgreement, changed, mostDrop, progress);
    }

    public Int8Options withMostDrop(double changed) {
        return new Int8Options(activations, calibrations, leastPsnr, leastAgreement, goalSqnr, changed, progress);
    }

    public Int8Options withProgress(Consumer<String> changed) {
        return new Int8Options(activations, calibrations, leastPsnr, leastAgreement, goalSqnr, mostDrop, changed);
    }

    boolean isMet(Quality quality, double drop) {
        return quality.isAtLeast(new Quality(leastPsnr, leastAgreement)) && drop <= mostDrop;
    }
}
