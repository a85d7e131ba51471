package smalti.spec;

import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Named arrays in NumPy's {@code .npz} format: a ZIP of {@code .npy} files. */
public final class Npz {
    private static final String SUFFIX = ".npy";
    // the earliest that a ZIP can say
    private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);
    private static final int MOST_ARRAYS = 60_000;

    private Npz() {}

    /** Writes the arrays in their order, whole or not at all; the same arrays give the same bytes. */
    public static void write(Path file, Map<String, NpyArray> arrays) throws IOException {
        Check.that(
                        arrays.size() <= MOST_ARRAYS,
                        "%s: must hold at most %s arrays, got %s",
                        file,
                        MOST_ARRAYS,
                        arrays.size())
                .done();
        AtomicFiles.writeFile(file, temporary -> {
            try (var zip = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(temporary), 1 << 16))) {
                zip.setLevel(Deflater.BEST_SPEED);
                for (var entry : arrays.entrySet()) {
                    var header = new ZipEntry(entry.getKey() + SUFFIX);
                    header.setTimeLocal(EPOCH);
                    zip.putNextEntry(header);
                    entry.getValue().write(zip);
                    zip.closeEntry();
                }
            }
        });
    }

    /**
     * Reads all arrays.
     *
     * @param mostBytes bound on the data of each array
     * @throws SpecException if the file is not such a ZIP
     */
    public static Map<String, NpyArray> read(Path file, long mostBytes) throws IOException {
        var arrays = new LinkedHashMap<String, NpyArray>();
        Check.that(!Files.isDirectory(file), "%s: must be a .npz file, and is a folder", file)
                .done();
        try (var zip = new ZipFile(file.toFile())) {
            if (zip.size() > MOST_ARRAYS) {
                throw new SpecException(file + ": must hold at most " + MOST_ARRAYS + " arrays, got " + zip.size());
            }
            for (var entry : Collections.list(zip.entries())) {
                var name = entry.getName();
                if (!name.endsWith(SUFFIX)) {
                    throw new SpecException(file + ": must hold .npy files alone, got " + name);
                }
                try (var in = zip.getInputStream(entry)) {
                    var array = NpyArray.read(in, file + ": " + name, mostBytes);
                    arrays.put(name.substring(0, name.length() - SUFFIX.length()), array);
                }
            }
        } catch (NoSuchFileException e) {
            throw Unreadable.because(file, e);
        } catch (ZipException | EOFException e) {
            throw new SpecException(file + ": must be a whole .npz file, and is not", e);
        }
        return arrays;
    }
}
