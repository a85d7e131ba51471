package smalti.spec.model;

import smalti.spec.Check;

/**
 * How pictures become training pixels.
 *
 * @param fit how a picture of another size is brought to the model's
 * @param badImages what an unreadable picture does
 * @param heldOut share of the pictures that is held out where the data has no {@code test} part of its own
 * @param flip whether half of the training pictures are mirrored left to right
 */
public record DataSpec(
        @Default("crop") Fit fit,
        @Default("fail") BadImages badImages,
        @Default("0.1") double heldOut,
        @Default("false") boolean flip) {
    /** How a picture of another size is brought to the model's. */
    public enum Fit {
        /** Scaled until it covers the target, then cropped at the centre. */
        CROP,
        /** Scaled on each axis by itself. */
        STRETCH
    }

    /** What an unreadable picture does. */
    public enum BadImages {
        FAIL,
        SKIP
    }

    public DataSpec {
        Check.that(heldOut > 0 && heldOut <= 0.5, "heldOut must be in (0, 0.5], got %s", heldOut)
                .done();
    }

    public DataSpec withBadImages(BadImages otherBadImages) {
        return new DataSpec(fit, otherBadImages, heldOut, flip);
    }
}
