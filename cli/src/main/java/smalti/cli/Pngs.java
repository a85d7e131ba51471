package smalti.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import smalti.pictures.Picture;
import smalti.runtime.Pixels;
import smalti.spec.SpecException;
import smalti.spec.file.AtomicFiles;
import smalti.spec.page.PictureGrid;

/** Writes pictures as a grid ({@code --out grid.png}) or one by one into a folder ({@code --out DIR}). */
final class Pngs {
    private static final int MOST_COLUMNS = 16;
    private static final int MOST_IN_GRID = 1000;

    private static final Pattern OTHER_IMAGE =
            Pattern.compile("\\.(jpe?g|gif|bmp|webp|tiff?)$", Pattern.CASE_INSENSITIVE);

    private Pngs() {}

    static boolean isGrid(Path out) {
        return out.toString().toLowerCase(Locale.ROOT).endsWith(".png");
    }

    /** Refuses, before any work is done, an output that cannot be. */
    static void check(Path out, OverwriteOption overwrite, Path... inputs) throws IOException {
        if (OTHER_IMAGE.matcher(out.toString()).find()) {
            throw new WrongUse(out + ": must be a folder or end in .png, the one image format that is written");
        }
        if (Files.isRegularFile(out) && !isGrid(out)) {
            throw new SpecException(out + ": must be a folder or end in .png, and is a file");
        }
        if (isGrid(out)) {
            Outputs.requireFile(out, overwrite, inputs);
        } else {
            Outputs.requireFolder(out, Outputs.Holding.PICTURES, overwrite, inputs);
        }
    }

    static void write(BufferedImage image, Path file) throws IOException {
        var png = PictureGrid.png(image);
        AtomicFiles.writeFile(file, temporary -> Files.write(temporary, png));
    }

    /** @param columns of a grid; 0: as square as may be */
    static void writeGrid(Pixels pixels, int columns, Path file) throws IOException {
        write(grid(pixels, columns), file);
    }

    /**
     * Those of other sizes than the largest are scaled to fit its cell, with their own ratio of sides.
     *
     * @param columns of a grid; 0: as square as may be
     */
    static void writeGrid(List<Picture> pictures, int columns, Path file) throws IOException {
        writeGrid(PictureBatches.pixels(Cells.of(pictures)), columns, file);
    }

    /** Refuses so many pictures that they make no grid. */
    static void requireGrid(int count) {
        if (count > MOST_IN_GRID) {
            throw new SpecException("a grid must have at most " + MOST_IN_GRID + " pictures, got " + count
                    + "; write them to a folder instead");
        }
    }

    static BufferedImage grid(Pixels pixels, int columns) {
        int across = columns > 0 ? columns : Math.min(MOST_COLUMNS, (int) Math.ceil(Math.sqrt(pixels.count())));
        return PictureGrid.of(pixels.bytes(), pixels.height(), pixels.width(), pixels.channels(), across);
    }

    /** One file a picture. */
    static void writeEach(List<BufferedImage> images, List<String> names, Path folder) throws IOException {
        AtomicFiles.writeFolder(folder, target -> {
            for (int i = 0; i < images.size(); i++) {
                write(images.get(i), target.resolve(names.get(i) + ".png"));
            }
        });
    }
}
