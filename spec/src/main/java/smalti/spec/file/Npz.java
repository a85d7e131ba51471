package smalti.spec.file;

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import smalti.spec.Check;
import smalti.spec.SpecException;

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
                throw tooMany(file.toString(), zip.size());
            }
            for (var entry : Collections.list(zip.entries())) {
                try (var in = zip.getInputStream(entry)) {
                    put(arrays, file.toString(), entry.getName(), in, mostBytes);
                }
            }
        } catch (NoSuchFileException e) {
            throw Unreadable.because(file, e);
        } catch (ZipException | EOFException e) {
            throw notWhole(file.toString(), e);
        }
        return arrays;
    }

    /**
     * Reads all arrays of a file in memory.
     *
     * @param place of the file, for errors
     * @param mostBytes bound on the data of all arrays together
     * @throws SpecException if it is not such a ZIP
     */
    public static Map<String, NpyArray> read(byte[] file, String place, long mostBytes) {
        var arrays = new LinkedHashMap<String, NpyArray>();
        long left = mostBytes;
        try (var zip = new ZipInputStream(new ByteArrayInputStream(file))) {
            for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (arrays.size() == MOST_ARRAYS) {
                    throw tooMany(place, MOST_ARRAYS + 1);
                }
                left -= put(arrays, place, entry.getName(), zip, left);
            }
        } catch (IOException e) {
            throw notWhole(place, e);
        }
        if (arrays.isEmpty()) {
            throw new SpecException(place + ": must be a whole .npz file, got nothing");
        }
        return arrays;
    }

    /** @return how many bytes of data the array has */
    private static long put(Map<String, NpyArray> arrays, String place, String name, InputStream in, long mostBytes)
            throws IOException {
        if (!name.endsWith(SUFFIX)) {
            throw new SpecException(place + ": must hold .npy files alone, got " + name);
        }
        var array = NpyArray.read(in, place + ": " + name, mostBytes);
        arrays.put(name.substring(0, name.length() - SUFFIX.length()), array);
        return array.data().remaining();
    }

    private static SpecException tooMany(String place, int count) {
        return new SpecException(place + ": must hold at most " + MOST_ARRAYS + " arrays, got " + count);
    }

    private static SpecException notWhole(String place, IOException e) {
        return new SpecException(place + ": must be a whole .npz file, and is not", e);
    }
}
