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
 * @param progress is told what is being done, a short line at a time
 */
public record Int8Options(
        ActivationType activations,
        List<Calibration> calibrations,
        double leastPsnr,
        double leastAgreement,
        Consumer<String> progress) {
    public Int8Options {
        calibrations = List.copyOf(calibrations);
        Check.that(!calibrations.isEmpty(), "calibrations must not be empty")
                .and(leastPsnr >= 0, "leastPsnr must be at least 0 dB, got %s", leastPsnr)
                .and(
                        leastAgreement >= 0 && leastAgreement <= 1,
                        "leastAgreement must be from 0 to 1, got %s",
                        leastAgreement)
                .done();
    }

    /** U8S8, the better of both calibrations, 35 dB, 97%. */
    public static Int8Options defaults() {
        return new Int8Options(
                ActivationType.UINT8, List.of(Calibration.MIN_MAX, Calibration.PERCENTILE), 35, 0.97, line -> {});
    }

    public Int8Options withActivations(ActivationType changed) {
        return new Int8Options(changed, calibrations, leastPsnr, leastAgreement, progress);
    }

    public Int8Options withCalibrations(List<Calibration> changed) {
        return new Int8Options(activations, changed, leastPsnr, leastAgreement, progress);
    }

    public Int8Options withGate(double psnr, double agreement) {
        return new Int8Options(activations, calibrations, psnr, agreement, progress);
    }

    public Int8Options withProgress(Consumer<String> changed) {
        return new Int8Options(activations, calibrations, leastPsnr, leastAgreement, changed);
    }

    boolean isMet(Quality quality) {
        return quality.isAtLeast(new Quality(leastPsnr, leastAgreement));
    }
}
