package smalti.cli;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import smalti.runtime.Pixels;
import smalti.spec.AtomicFiles;
import smalti.spec.SpecException;
import smalti.trainer.report.ContactSheet;

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
    static void check(Path out, OverwriteOption overwrite) throws IOException {
        if (OTHER_IMAGE.matcher(out.toString()).find()) {
            throw new SpecException(out + ": must be a folder or end in .png, the one image format that is written");
        }
        if (Files.isRegularFile(out) && !isGrid(out)) {
            throw new SpecException(out + ": must be a folder or end in .png, and is a file");
        }
        if (isGrid(out)) {
            Outputs.requireFile(out, overwrite);
        } else {
            Outputs.requireFolder(out, Outputs.Holding.PICTURES, overwrite);
        }
    }

    static void write(BufferedImage image, Path file) throws IOException {
        // in memory first: ImageIO does not say why a file could not be written
        var png = new ByteArrayOutputStream();
        if (!ImageIO.write(image, "png", png)) {
            throw new IOException(file + ": no PNG writer for image type " + image.getType());
        }
        AtomicFiles.writeFile(file, temporary -> Files.write(temporary, png.toByteArray()));
    }

    /** @param columns of a grid; 0: as square as may be */
    static void writeGrid(Pixels pixels, int columns, Path file) throws IOException {
        write(grid(pixels, columns), file);
    }

    /** Refuses pictures, here by their names, that make no grid. */
    static void requireGrid(List<String> names, List<Size> sizes) {
        if (sizes.size() > MOST_IN_GRID) {
            throw new SpecException("a grid must have at most " + MOST_IN_GRID + " pictures, got " + sizes.size()
                    + "; write them to a folder instead");
        }
        for (int i = 0; i < sizes.size(); i++) {
            if (!sizes.get(i).equals(sizes.get(0))) {
                throw new SpecException("pictures in a grid must have one size, got " + sizes.get(0) + " and "
                        + sizes.get(i) + " (" + names.get(i) + "); write them to a folder instead");
            }
        }
    }

    /** Of a picture. */
    record Size(int width, int height) {
        @Override
        public String toString() {
            return width + "x" + height;
        }
    }

    static BufferedImage grid(Pixels pixels, int columns) {
        int across = columns > 0 ? columns : Math.min(MOST_COLUMNS, (int) Math.ceil(Math.sqrt(pixels.count())));
        return ContactSheet.grid(pixels.bytes(), pixels.height(), pixels.width(), pixels.channels(), across);
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
