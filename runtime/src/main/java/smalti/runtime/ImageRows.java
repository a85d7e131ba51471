package smalti.runtime;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import smalti.spec.Check;

/**
 * Java's images of one size as rows of pixels, read when they are run.
 *
 * @param channels 1 for grey, 3 for RGB
 */
record ImageRows(List<BufferedImage> images, int channels) implements HostTensor.Rows {
    /** @throws InputException if there are none, or their sizes differ */
    ImageRows {
        images = NoNulls.in(images, "images");
        Check.that(!images.isEmpty(), "images must not be empty")
                .and(channels == 1 || channels == 3, "channels must be 1 (grey) or 3 (RGB), got %s", channels)
                .done(InputException::new);
        var all = images;
        int height = all.get(0).getHeight();
        int width = all.get(0).getWidth();
        var differing = IntStream.range(0, all.size())
                .filter(i -> all.get(i).getHeight() != height || all.get(i).getWidth() != width)
                .mapToObj(i -> "images[" + i + "] must be " + height + "x" + width
                        + " (height x width) like the first, got "
                        + all.get(i).getHeight() + "x" + all.get(i).getWidth())
                .toList();
        if (!differing.isEmpty()) {
            throw new InputException(differing);
        }
    }

    int height() {
        return images.get(0).getHeight();
    }

    int width() {
        return images.get(0).getWidth();
    }

    /** [N,H,W,C] */
    long[] shape() {
        return new long[] {images.size(), height(), width(), channels};
    }

    @Override
    public void put(int first, int count, ByteBuffer into) {
        for (var image : images.subList(first, first + count)) {
            ImageSamples.read(image, channels, into);
        }
    }
}
