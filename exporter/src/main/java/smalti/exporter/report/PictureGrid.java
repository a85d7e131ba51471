package smalti.exporter.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import javax.imageio.ImageIO;
import smalti.spec.file.NpyArray;

/** Pictures beside and below one another, as a PNG. */
public final class PictureGrid {
    /** Pixels between pictures. */
    private static final int GAP = 2;

    private static final int WHITE = 0xFFFFFF;

    private final BufferedImage image;

    private PictureGrid(BufferedImage image) {
        this.image = image;
    }

    /** @param rows [N,H,W,C] uint8 each, of the same shape; C is 1 (grey) or 3 (RGB) */
    public static PictureGrid of(List<NpyArray> rows) {
        var shape = rows.get(0).shape();
        int count = Math.toIntExact(shape.get(0));
        int height = Math.toIntExact(shape.get(1));
        int width = Math.toIntExact(shape.get(2));
        var grid = new BufferedImage(
                count * (width + GAP) - GAP, rows.size() * (height + GAP) - GAP, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < grid.getHeight(); y++) {
            for (int x = 0; x < grid.getWidth(); x++) {
                grid.setRGB(x, y, WHITE);
            }
        }
        for (int row = 0; row < rows.size(); row++) {
            for (int i = 0; i < count; i++) {
                draw(rows.get(row), i, grid, i * (width + GAP), row * (height + GAP));
            }
        }
        return new PictureGrid(grid);
    }

    /**
     * One picture alone.
     *
     * @param pictures [N,H,W,C] uint8
     */
    public static PictureGrid ofOne(NpyArray pictures, int index) {
        int height = Math.toIntExact(pictures.shape().get(1));
        int width = Math.toIntExact(pictures.shape().get(2));
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        draw(pictures, index, image, 0, 0);
        return new PictureGrid(image);
    }

    /** In pixels. */
    public int width() {
        return image.getWidth();
    }

    public byte[] png() {
        var bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, "png", bytes)) {
                throw new IllegalStateException("Java has no PNG writer");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void draw(NpyArray pictures, int index, BufferedImage into, int left, int top) {
        int height = Math.toIntExact(pictures.shape().get(1));
        int width = Math.toIntExact(pictures.shape().get(2));
        int channels = Math.toIntExact(pictures.shape().get(3));
        var levels = pictures.bytes();
        for (int at = 0; at < height * width; at++) {
            int first = (index * height * width + at) * channels;
            int red = levels[first] & 0xFF;
            int green = levels[first + channels / 2] & 0xFF;
            int blue = levels[first + channels - 1] & 0xFF;
            into.setRGB(left + at % width, top + at / width, red << 16 | green << 8 | blue);
        }
    }
}
