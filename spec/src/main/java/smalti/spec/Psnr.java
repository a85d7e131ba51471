package smalti.spec;

/** Peak signal-to-noise ratio. */
public final class Psnr {
    private Psnr() {}

    /**
     * 10·log₁₀(peak² / mse), in dB; infinite for an error of 0, NaN where a number is.
     *
     * @param meanSquaredError in the square of the peak's units
     * @param peak the greatest value, 255 for bytes
     */
    public static double of(double meanSquaredError, double peak) {
        return meanSquaredError == 0 ? Double.POSITIVE_INFINITY : 10 * StrictMath.log10(peak * peak / meanSquaredError);
    }
}
