package smalti.trainer.family;

/** The values of an image for pixels 0 and 255. */
public record PixelRange(double lo, double hi) {}
