package smalti.trainer.data;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import smalti.pictures.PictureFit;
import smalti.pictures.PictureTree;
import smalti.pictures.Problems;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;

/** Decodes many files at once, in parallel; the outcome does not depend on which is done first. */
final class PictureLoader {
    private final PictureTree tree;
    private final ImageSpec image;
    private final DataSpec data;
    private final LoadListener listener;
    private int done;

    PictureLoader(PictureTree tree, ImageSpec image, DataSpec data, LoadListener listener) {
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
                PictureFit.apply(tree.read(file), image, data.fit()).copyInto(pixels, i * each);
            } catch (IOException e) {
                problems[i] = tree.problem(file, e);
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
        problems.unreadable(found.length, data.badImages(), listener::warning);
        tree.leftOut(problems.count()).ifPresent(listener::warning);
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
