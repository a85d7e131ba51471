package smalti.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import smalti.runtime.Codes;
import smalti.spec.Check;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;
import smalti.spec.file.RecordTree;

/**
 * {@code codes.npz}: the codes of named pictures. Pictures of one size are one array {@code codes} [N,h,w] int64; of
 * several sizes an array each, {@code codes-00000} [h,w] and so on. {@code header} is UTF-8 JSON as uint8.
 *
 * @param names of the pictures, without ending
 * @param codes one a picture
 */
record CodesFile(List<String> names, List<Codes> codes) {
    private static final String HEADER = "header";
    private static final String ALL = "codes";
    private static final long MOST_BYTES = 1L << 30;

    /** @param fingerprint of the codebook that the codes belong to */
    record Header(String fingerprint, List<String> names) {
        Header {
            Check.that(fingerprint.matches("[0-9a-f]{64}"), "fingerprint must be a SHA-256")
                    .done();
            requireSafe(names);
        }

        /** @throws SpecException naming each that could lead out of a folder */
        static void requireSafe(List<String> names) {
            var check = Check.that(true, "");
            names.forEach(name -> check.and(isSafe(name), "names must be relative paths without .., got \"%s\"", name));
            check.done();
        }

        private static boolean isSafe(String name) {
            return !name.isEmpty()
                    && name.indexOf('\0') < 0
                    && !Path.of(name).isAbsolute()
                    && !List.of(name.split("[/\\\\]", -1)).contains("..");
        }
    }

    void write(Path file) throws IOException {
        var arrays = new LinkedHashMap<String, NpyArray>();
        var header =
                RecordTree.line(new Header(codes.get(0).fingerprint(), names)).getBytes(StandardCharsets.UTF_8);
        arrays.put(HEADER, NpyArray.of(header, header.length));
        var first = codes.get(0);
        if (codes.stream().allMatch(one -> one.height() == first.height() && one.width() == first.width())) {
            int each = first.height() * first.width();
            var all = new long[codes.size() * each];
            for (int i = 0; i < codes.size(); i++) {
                System.arraycopy(codes.get(i).values(), 0, all, i * each, each);
            }
            arrays.put(ALL, NpyArray.of(all, codes.size(), first.height(), first.width()));
        } else {
            for (int i = 0; i < codes.size(); i++) {
                var one = codes.get(i);
                arrays.put(name(i), NpyArray.of(one.values(), one.height(), one.width()));
            }
        }
        Npz.write(file, arrays);
    }

    private static String name(int i) {
        return String.format(Locale.ROOT, "codes-%05d", i);
    }

    /** @throws SpecException if the file is not what {@link #write} writes */
    static CodesFile read(Path file) throws IOException {
        var arrays = Npz.read(file, MOST_BYTES);
        var stored = arrays.remove(HEADER);
        if (stored == null || stored.type() != ElementType.UINT8) {
            throw new SpecException(file + ": must hold codes that smalti encode wrote, but has no header");
        }
        var header = RecordTree.parse(
                new String(stored.bytes(), StandardCharsets.UTF_8), Header.class, file + ": " + HEADER);
        var codes = new ArrayList<Codes>();
        var all = arrays.remove(ALL);
        if (all != null) {
            check(file, ALL, all, 3);
            var whole = codes(all, header.fingerprint());
            for (int i = 0; i < whole.count(); i++) {
                codes.add(whole.range(i, 1));
            }
        }
        for (int i = codes.size(); arrays.containsKey(name(i)); i++) {
            var one = Objects.requireNonNull(arrays.get(name(i)));
            check(file, name(i), one, 2);
            codes.add(codes(one, header.fingerprint()));
        }
        if (codes.size() != header.names().size() || codes.isEmpty()) {
            throw new SpecException(file + ": must hold codes of the "
                    + header.names().size() + " pictures that its header names, got " + codes.size());
        }
        return new CodesFile(header.names(), codes);
    }

    private static void check(Path file, String name, NpyArray array, int rank) {
        if (array.type() != ElementType.INT64
                || array.shape().size() != rank
                || array.shape().contains(0L)) {
            throw new SpecException(file + ": " + name + " must be int64 with " + rank + " axes, got " + array.type()
                    + " " + array.shape());
        }
    }

    private static Codes codes(NpyArray array, String fingerprint) {
        var shape = array.shape();
        int rank = shape.size();
        return new Codes(
                rank == 3 ? Math.toIntExact(shape.get(0)) : 1,
                Math.toIntExact(shape.get(rank - 2)),
                Math.toIntExact(shape.get(rank - 1)),
                array.longs(),
                fingerprint);
    }
}
