package smalti.spec;

/**
 * What a float image means. A pixel p in 0…255 and a float y stand for each other by {@code y = lo + (hi − lo)·p/255};
 * back, {@code p = clip(round(255·(y − lo)/(hi − lo)), 0, 255)} with halves to even. Channels are RGB or grey.
 *
 * @param height of the training pictures; convolutional graphs take others
 */
public record PixelContract(int height, int width, int channels, double lo, double hi) {
    public PixelContract {
        Check.that(height >= 1 && width >= 1, "height and width must be at least 1, got %sx%s", height, width)
                .and(channels == 1 || channels == 3, "channels must be 1 (grey) or 3 (RGB), got %s", channels)
                .and(lo < hi, "lo must be below hi, got %s and %s", lo, hi)
                .done();
    }
}
