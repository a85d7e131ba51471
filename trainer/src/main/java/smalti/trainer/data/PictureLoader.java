package smalti.trainer.data;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import smalti.spec.DataSpec;
import smalti.spec.ImageSpec;
import smalti.spec.IoReason;

/** Decodes many files at once, in parallel; the outcome does not depend on which is done first. */
final class PictureLoader {
    private final FileTree tree;
    private final ImageSpec image;
    private final DataSpec data;
    private final LoadListener listener;
    private int done;

    PictureLoader(FileTree tree, ImageSpec image, DataSpec data, LoadListener listener) {
        this.tree = tree;
        this.image = image;
        this.data = data;
        this.listener = listener;
    }

    /** Pixels [N,H,W,C] of the files that could be read, whose indices are {@link #kept}, rising. */
    static final class Loaded {
        private final byte[] pixels;
        private final List<Integer> kept;

        private Loaded(byte[] pixels, List<Integer> kept) {
            this.pixels = pixels;
            this.kept = kept;
        }

        byte[] pixels() {
            return pixels;
        }

        List<Integer> kept() {
            return kept;
        }
    }

    /** @throws smalti.spec.SpecException with all unreadable files, where the spec says that they are fatal */
    Loaded load(List<String> files) {
        int each = image.height() * image.width() * image.channels();
        Pictures.requireFit(tree.place(""), files.size(), image.height(), image.width(), image.channels());
        var pixels = new byte[files.size() * each];
        var problems = new @Nullable String[files.size()];
        IntStream.range(0, files.size()).parallel().forEach(i -> {
            var file = files.get(i);
            try {
                var picture = ImageFit.apply(read(tree, file), image, data.fit());
                System.arraycopy(picture.raw(), 0, pixels, i * each, each);
            } catch (IOException e) {
                problems[i] = problem(tree.place(file), e);
            }
            step(files.size());
        });
        report(problems);
        var kept = IntStream.range(0, files.size())
                .filter(i -> problems[i] == null)
                .boxed()
                .toList();
        return new Loaded(kept.size() == files.size() ? pixels : compact(pixels, kept, each), kept);
    }

    static Picture read(FileTree tree, String file) throws IOException {
        try (var stream = tree.open(file)) {
            return PictureDecoder.decode(stream.readNBytes(PictureDecoder.MOST_BYTES + 1));
        }
    }

    static String problem(String place, IOException e) {
        // a message of the decoder is a rule; one of the file system needs its class to make sense
        var message = String.valueOf(e.getMessage());
        return place + ": " + (message.startsWith("must ") ? message : "cannot be read (" + IoReason.of(e) + ")");
    }

    private synchronized void step(int total) {
        done++;
        if (done == total || done % Math.max(1, total / 100) == 0) {
            listener.progress(done, total);
        }
    }

    private void report(@Nullable String[] found) {
        var problems = new Problems();
        for (var problem : found) {
            if (problem != null) {
                problems.add(problem);
            }
        }
        if (data.badImages() == DataSpec.BadImages.FAIL) {
            problems.done();
        } else if (problems.count() > 0) {
            listener.warning("skipped " + problems.count() + " unreadable of " + found.length + " pictures:\n"
                    + String.join("\n", problems.shown()));
        }
    }

    private static byte[] compact(byte[] pixels, List<Integer> kept, int each) {
        int to = 0;
        for (int i : kept) {
            System.arraycopy(pixels, i * each, pixels, to, each);
            to += each;
        }
        return Arrays.copyOf(pixels, to);
    }
}
