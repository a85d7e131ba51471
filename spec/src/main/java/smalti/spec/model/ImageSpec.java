package smalti.spec.model;

import smalti.spec.Check;

/** The pictures that a model is trained on. {@code channels}: 1 for grey, 3 for RGB. */
public record ImageSpec(int height, int width, @Default("3") int channels) {
    public ImageSpec {
        Check.that(height >= 8 && height <= 1024, "height must be from 8 to 1024, got %s", height)
                .and(width >= 8 && width <= 1024, "width must be from 8 to 1024, got %s", width)
                .and(channels == 1 || channels == 3, "channels must be 1 (grey) or 3 (RGB), got %s", channels)
                .done();
    }
}
