package smalti.spec.page;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import smalti.spec.Check;

/** Pictures as images: alone, or beside and below one another with a gap between them; and images as PNG. */
public final class PictureGrid {
    private static final int GAP = 2;
    private static final int BACKGROUND = 0xFFFFFF;

    private PictureGrid() {}

    /**
     * @param pixels [N,H,W,C] uint8; C is 1 (grey) or 3 (RGB)
     * @param columns pictures a row
     */
    public static BufferedImage of(byte[] pixels, int height, int width, int channels, int columns) {
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
            draw(pixels, i * each, channels, grid.getSubimage(left, top, width, height));
        }
        return grid;
    }

    /**
     * One picture alone.
     *
     * @param pixels [N,H,W,C] uint8
     * @return {@code TYPE_BYTE_GRAY} of one channel, else {@code TYPE_INT_RGB}
     */
    public static BufferedImage one(byte[] pixels, int index, int height, int width, int channels) {
        var image = new BufferedImage(
                width, height, channels == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
        draw(pixels, index * height * width * channels, channels, image);
        return image;
    }

    private static void draw(byte[] pixels, int first, int channels, BufferedImage into) {
        var raster = into.getRaster();
        int bands = raster.getNumBands();
        var row = new int[into.getWidth() * bands];
        int at = first;
        for (int y = 0; y < into.getHeight(); y++) {
            for (int x = 0; x < into.getWidth(); x++) {
                for (int band = 0; band < bands; band++) {
                    row[x * bands + band] = pixels[at + (channels == 1 ? 0 : band)] & 0xFF;
                }
                at += channels;
            }
            raster.setPixels(0, y, into.getWidth(), 1, row);
        }
    }

    /** An image as the bytes of a PNG file. */
    public static byte[] png(BufferedImage image) {
        try (var bytes = new ByteArrayOutputStream();
                var out = new MemoryCacheImageOutputStream(bytes)) {
            if (!ImageIO.write(image, "png", out)) {
                throw new IllegalStateException("no PNG writer for image type " + image.getType());
            }
            out.flush();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory cannot fail", e);
        }
    }
}
