package smalti.trainer.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import smalti.pictures.Picture;
import smalti.pictures.PictureFit;
import smalti.pictures.PictureReader;
import smalti.pictures.PictureTree;
import smalti.pictures.Problems;
import smalti.spec.SpecException;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;

/**
 * MNIST's own format: big-endian, {@code 00 00 08 03}, count, rows, columns, then a byte a pixel; labels {@code 00 00 08
 * 01}, count, then a byte a label. Gzip is told by its first bytes, not by the name.
 *
 * <p>Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", file formats.
 */
final class IdxFiles {
    private static final int IMAGES_MAGIC = 0x00000803;
    private static final int LABELS_MAGIC = 0x00000801;
    private static final Pattern IMAGES = Pattern.compile("(train|t10k|test)-images[-.]idx3-ubyte(\\.gz)?");
    private static final Pattern ANY = Pattern.compile(".*-(images|labels)[-.]idx[13]-ubyte(\\.gz)?");

    private IdxFiles() {}

    /** A file that can be opened, and its name in errors. */
    private record Source(String place, Opening opening) {
        @FunctionalInterface
        interface Opening {
            InputStream open() throws IOException;
        }

        static Source of(Path path) {
            return new Source(path.toString(), () -> Files.newInputStream(path));
        }

        static Source of(PictureTree tree, String file) {
            return new Source(tree.place(file), () -> tree.open(file));
        }
    }

    /** A file of pictures and, where there is one, the file of their labels. */
    private record Pair(Source images, Optional<Source> labels) {}

    /** Whether a file is IDX by its name, begins as IDX does, or is gzipped. */
    static boolean isIdx(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            return false;
        }
        try (var in = Files.newInputStream(path)) {
            var head = in.readNBytes(3);
            return isGzip(head)
                    || Arrays.equals(head, new byte[] {0, 0, 8})
                    || ANY.matcher(String.valueOf(path.getFileName())).matches();
        }
    }

    static boolean areIn(PictureTree tree, String root) {
        return images(tree, root, "train").isPresent()
                || images(tree, root, "t10k").isPresent()
                || images(tree, root, "test").isPresent();
    }

    private static Optional<String> images(PictureTree tree, String root, String part) {
        return tree.files().stream()
                .filter(file -> file.startsWith(root + part))
                .filter(file -> IMAGES.matcher(file.substring(root.length())).matches())
                .findFirst();
    }

    private static Stream<String> labelNames(String images) {
        var labels = images.replace("images", "labels").replace("idx3", "idx1");
        var plain = labels.endsWith(".gz") ? labels.substring(0, labels.length() - 3) : labels;
        return labels.equals(images) ? Stream.of() : Stream.of(labels, plain, plain + ".gz");
    }

    /** Opens one file of pictures, with the labels beside it where there are any. */
    static Dataset open(Path path, ImageSpec image, DataSpec data, long seed) throws IOException {
        return open(path.toString(), pair(path), Optional.empty(), image, data, seed);
    }

    private static Pair pair(Path path) {
        var labels = labelNames(String.valueOf(path.getFileName()))
                .map(path::resolveSibling)
                .filter(Files::exists)
                .findFirst();
        return new Pair(Source.of(path), labels.map(Source::of));
    }

    /** The pictures of one file, with the labels beside it where there are any. */
    static Pictures pictures(Path path, ImageSpec image, DataSpec data) throws IOException {
        return some(pair(path), image, data);
    }

    /** The pictures of the train part, of the test part, or of both, in this order, with labels where there are any. */
    static List<Pictures> pictures(PictureTree tree, String root, ImageSpec image, DataSpec data) throws IOException {
        var parts = new ArrayList<Pictures>();
        for (var file : Stream.of(
                        images(tree, root, "train"), images(tree, root, "t10k").or(() -> images(tree, root, "test")))
                .flatMap(Optional::stream)
                .toList()) {
            parts.add(some(pair(tree, file), image, data));
        }
        return parts;
    }

    private static Pictures some(Pair pair, ImageSpec image, DataSpec data) throws IOException {
        var problems = new Problems();
        var pictures = part(pair, image, data, problems);
        problems.done();
        if (pictures.count() == 0) {
            throw new SpecException(pair.images().place() + ": must hold at least 1 picture, got 0");
        }
        return pictures;
    }

    /** Opens the train part and, where there is one, the test part of a folder. */
    static Dataset open(PictureTree tree, String root, ImageSpec image, DataSpec data, long seed) throws IOException {
        var train = images(tree, root, "train")
                .orElseThrow(() -> new SpecException(
                        tree.place(root) + ": must hold train-images-idx3-ubyte, got only a test part"));
        var test = images(tree, root, "t10k").or(() -> images(tree, root, "test"));
        return open(tree.place(root), pair(tree, train), test.map(file -> pair(tree, file)), image, data, seed);
    }

    private static Pair pair(PictureTree tree, String images) {
        var labels = labelNames(images).filter(tree.files()::contains).findFirst();
        return new Pair(Source.of(tree, images), labels.map(file -> Source.of(tree, file)));
    }

    private static Dataset open(
            String place, Pair train, Optional<Pair> test, ImageSpec image, DataSpec data, long seed)
            throws IOException {
        var problems = new Problems();
        if (test.isPresent()
                && test.get().labels().isPresent() != train.labels().isPresent()) {
            problems.add(place + ": train and test must both have labels, or neither");
        }
        var trained = part(train, image, data, problems);
        var tested = test.isPresent() ? part(test.get(), image, data, problems) : trained;
        problems.done();
        int least = test.isPresent() ? 2 : 3;
        if (trained.count() < least || tested.count() < 1) {
            throw new SpecException(place + ": must hold at least " + least + " pictures to train on"
                    + (test.isPresent()
                            ? " and 1 to test on, got " + trained.count() + " and " + tested.count()
                            : " and to hold out, got " + trained.count()));
        }
        if (test.isEmpty()) {
            return Dataset.split(trained, data.heldOut(), seed);
        }
        var classes = trained.classes().size() > tested.classes().size() ? trained.classes() : tested.classes();
        return new Dataset(trained.withClasses(classes), tested.withClasses(classes));
    }

    /** The pictures of a part, brought to size; none, with a problem added, where its files are wrong. */
    private static Pictures part(Pair pair, ImageSpec image, DataSpec data, Problems problems) throws IOException {
        var pictures = Pictures.of(image.height(), image.width(), image.channels(), new byte[0]);
        try {
            pictures = images(pair.images(), image, data);
        } catch (SpecException e) {
            e.problems().forEach(problems::add);
        }
        if (pair.labels().isEmpty()) {
            return pictures;
        }
        var place = pair.labels().get().place();
        try {
            var labels = labels(pair.labels().get());
            if (pictures.count() > 0 && labels.length != pictures.count()) {
                problems.add(place + ": must hold as many labels as "
                        + pair.images().place() + " holds pictures, " + pictures.count() + "; got " + labels.length);
            } else if (pictures.count() > 0) {
                int most = Arrays.stream(labels).max().orElse(0);
                return pictures.withLabels(
                        labels,
                        IntStream.rangeClosed(0, most).mapToObj(String::valueOf).toList());
            }
        } catch (SpecException e) {
            e.problems().forEach(problems::add);
        }
        return pictures;
    }

    private static Pictures images(Source source, ImageSpec image, DataSpec data) throws IOException {
        return read(source, IMAGES_MAGIC, "pictures", in -> {
            long count = in.readInt() & 0xFFFFFFFFL;
            long rows = in.readInt() & 0xFFFFFFFFL;
            long columns = in.readInt() & 0xFFFFFFFFL;
            if (rows < 1 || columns < 1 || rows > PictureReader.MOST_PIXELS / columns) {
                throw new SpecException(source.place() + ": pictures must have from 1 to " + PictureReader.MOST_PIXELS
                        + " pixels, got " + rows + "x" + columns);
            }
            int height = (int) rows;
            int width = (int) columns;
            Pictures.requireFit(source.place(), count, height, width, 1);
            var raw = exactly(in, count * height * width, source, "pictures");
            return sized(source.place(), raw, (int) count, height, width, image, data);
        });
    }

    private static Pictures sized(
            String place, byte[] raw, int count, int height, int width, ImageSpec image, DataSpec data) {
        if (height == image.height() && width == image.width() && image.channels() == 1) {
            return Pictures.owning(height, width, 1, raw);
        }
        Pictures.requireFit(place, count, image.height(), image.width(), image.channels());
        int each = image.height() * image.width() * image.channels();
        var pixels = new byte[count * each];
        for (int i = 0; i < count; i++) {
            var picture =
                    Picture.of(height, width, 1, Arrays.copyOfRange(raw, i * height * width, (i + 1) * height * width));
            PictureFit.apply(picture, image, data.fit()).copyInto(pixels, i * each);
        }
        return Pictures.owning(image.height(), image.width(), image.channels(), pixels);
    }

    private static int[] labels(Source source) throws IOException {
        return read(source, LABELS_MAGIC, "labels", in -> {
            long count = in.readInt() & 0xFFFFFFFFL;
            Pictures.requireFit(source.place(), count, 1, 1, 1);
            var raw = exactly(in, count, source, "labels");
            return IntStream.range(0, raw.length).map(i -> raw[i] & 0xFF).toArray();
        });
    }

    @FunctionalInterface
    private interface Body<T> {
        T read(DataInputStream in) throws IOException;
    }

    /** Checks the magic number, reads the rest, and checks that nothing follows. */
    private static <T> T read(Source source, int magic, String what, Body<T> body) throws IOException {
        try (var file = new BufferedInputStream(source.opening().open(), 1 << 16)) {
            file.mark(2);
            boolean gzip = isGzip(file.readNBytes(2));
            file.reset();
            try (var in = new DataInputStream(gzip ? new GZIPInputStream(file, 1 << 16) : file)) {
                int received = in.readInt();
                if (received != magic) {
                    throw new SpecException(String.format(
                            Locale.ROOT,
                            "%s: an IDX file of %s must begin with %08x, got %08x",
                            source.place(),
                            what,
                            magic,
                            received));
                }
                var value = body.read(in);
                if (in.read() >= 0) {
                    throw new SpecException(
                            source.place() + ": must end after the " + what + " that its header counts, but goes on");
                }
                return value;
            }
        } catch (EOFException e) {
            throw new SpecException(
                    source.place() + ": must be a whole IDX file of " + what + ", but ends too early", e);
        } catch (ZipException e) {
            throw new SpecException(source.place() + ": must be whole gzip, and is damaged", e);
        }
    }

    private static byte[] exactly(InputStream in, long length, Source source, String what) throws IOException {
        var bytes = in.readNBytes((int) length);
        if (bytes.length < length) {
            throw new SpecException(source.place() + ": must hold " + length + " bytes of " + what
                    + " after its header, got " + bytes.length);
        }
        return bytes;
    }

    private static boolean isGzip(byte[] head) {
        return head.length >= 2 && head[0] == (byte) 0x1F && head[1] == (byte) 0x8B;
    }
}
