package smalti.cli.toy;

import smalti.spec.Check;
import smalti.spec.model.Default;
import smalti.spec.model.Family;
import smalti.spec.model.ImageSpec;

/**
 * A picture is a linear function of its class and of noise. What comes nearest to all pictures of a class is their mean,
 * so that is what it learns.
 *
 * @param noise how many numbers beside the class
 */
public record MeansFamily(@Default("2") int noise) implements Family {
    public MeansFamily {
        Check.that(noise >= 1 && noise <= 16, "noise must be from 1 to 16, got %s", noise)
                .done();
    }

    @Override
    public void checkFits(ImageSpec image) {
        Check.that(
                        image.height() <= 64 && image.width() <= 64,
                        "image.height and image.width must be at most 64, got %sx%s",
                        image.height(),
                        image.width())
                .done();
    }

    @Override
    public boolean conditional() {
        return true;
    }
}
