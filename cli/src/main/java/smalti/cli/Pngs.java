package smalti.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import smalti.runtime.Pixels;
import smalti.spec.AtomicFiles;
import smalti.spec.SpecException;
import smalti.trainer.report.ContactSheet;

/** Writes pictures as a grid ({@code --out grid.png}) or one by one into a folder ({@code --out DIR}). */
final class Pngs {
    private static final int MOST_COLUMNS = 16;

    private Pngs() {}

    static boolean isGrid(Path out) {
        return out.toString().toLowerCase(Locale.ROOT).endsWith(".png");
    }

    /** Refuses, before any work is done, an output that cannot be. */
    static void check(Path out) {
        if (java.nio.file.Files.isDirectory(out) && isGrid(out)) {
            throw new SpecException(out + ": must be a file to write, and is a folder");
        }
        if (java.nio.file.Files.isRegularFile(out) && !isGrid(out)) {
            throw new SpecException(out + ": must be a folder or end in .png, and is a file");
        }
    }

    static void write(BufferedImage image, Path file) throws IOException {
        AtomicFiles.writeFile(file, temporary -> {
            if (!ImageIO.write(image, "png", temporary.toFile())) {
                throw new IOException(file + ": no PNG writer for image type " + image.getType());
            }
        });
    }

    /** @param columns of a grid; 0: as square as may be */
    static void writeGrid(Pixels pixels, int columns, Path file) throws IOException {
        write(grid(pixels, columns), file);
    }

    static BufferedImage grid(Pixels pixels, int columns) {
        int across = columns > 0 ? columns : Math.min(MOST_COLUMNS, (int) Math.ceil(Math.sqrt(pixels.count())));
        return ContactSheet.grid(pixels.bytes(), pixels.height(), pixels.width(), pixels.channels(), across);
    }

    /** One file a picture; {@code names} without ending, or none for 00000, 00001, … */
    static void writeEach(List<BufferedImage> images, List<String> names, Path folder) throws IOException {
        for (int i = 0; i < images.size(); i++) {
            var name = names.isEmpty() ? String.format(Locale.ROOT, "%05d", i) : names.get(i);
            write(images.get(i), folder.resolve(name + ".png"));
        }
    }
}
