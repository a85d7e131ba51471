package smalti.trainer.report;

import java.awt.image.BufferedImage;
import smalti.spec.Check;

/** A grid of pictures of one size, with a gap between them. */
public final class ContactSheet {
    private static final int GAP = 2;
    private static final int BACKGROUND = 0xFFFFFF;

    private ContactSheet() {}

    /**
     * @param pixels [N,H,W,C] uint8
     * @param columns pictures a row
     */
    public static BufferedImage grid(byte[] pixels, int height, int width, int channels, int columns) {
        int each = height * width * channels;
        int count = pixels.length / each;
        Check.that(columns >= 1 && count >= 1, "a grid needs a picture and a column, got %s and %s", count, columns)
                .done();
        int rows = (count + columns - 1) / columns;
        int across = Math.min(columns, count);
        var grid = new BufferedImage(
                across * (width + GAP) + GAP, rows * (height + GAP) + GAP, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < grid.getHeight(); y++) {
            for (int x = 0; x < grid.getWidth(); x++) {
                grid.setRGB(x, y, BACKGROUND);
            }
        }
        for (int i = 0; i < count; i++) {
            int left = i % columns * (width + GAP) + GAP;
            int top = i / columns * (height + GAP) + GAP;
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int at = i * each + (y * width + x) * channels;
                    int red = pixels[at] & 0xFF;
                    int green = pixels[at + (channels == 1 ? 0 : 1)] & 0xFF;
                    int blue = pixels[at + (channels == 1 ? 0 : 2)] & 0xFF;
                    grid.setRGB(left + x, top + y, red << 16 | green << 8 | blue);
                }
            }
        }
        return grid;
    }
}
