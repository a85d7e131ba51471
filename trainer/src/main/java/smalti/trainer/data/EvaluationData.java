package smalti.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import smalti.pictures.PictureTree;
import smalti.spec.SpecException;
import smalti.spec.file.Unreadable;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;

/**
 * Pictures to measure a model by. Unlike those to train on, they may be few, and lie in folders of any form.
 *
 * @param all at least 1, with labels where IDX files have them
 * @param train what {@link Dataset#open} would train on
 * @param heldOut the rest of them; none where they are too few to hold any out
 */
public record EvaluationData(Pictures all, Pictures train, Pictures heldOut) {
    /** @throws SpecException naming each file that is wrong */
    public static EvaluationData open(Path path, ImageSpec image, DataSpec data, long seed, LoadListener listener) {
        try {
            if (IdxFiles.isIdx(path)) {
                return split(IdxFiles.pictures(path, image, data), data, seed);
            }
            try (var tree = PictureTree.open(path)) {
                var root = FolderLayout.root(tree);
                if (IdxFiles.areIn(tree, root)) {
                    var parts = IdxFiles.pictures(tree, root, image, data);
                    return parts.size() == 1
                            ? split(parts.get(0), data, seed)
                            : new EvaluationData(
                                    Pictures.joined(parts.get(0), parts.get(1)), parts.get(0), parts.get(1));
                }
                return folder(tree, root, image, data, seed, listener);
            }
        } catch (IOException e) {
            throw Unreadable.because(path, e);
        }
    }

    private static EvaluationData folder(
            PictureTree tree, String root, ImageSpec image, DataSpec data, long seed, LoadListener listener) {
        boolean parted = FolderLayout.isParted(tree, root);
        var files = tree.pictures().stream()
                .filter(file -> file.startsWith(root))
                .filter(file -> !parted || FolderLayout.isOfTrain(file, root) || FolderLayout.isOfTest(file, root))
                .toList();
        if (files.isEmpty()) {
            throw new SpecException(tree.place(root) + ": " + tree.lacking(root));
        }
        var loaded = new PictureLoader(tree, image, data, listener).load(files);
        if (loaded.kept().isEmpty()) {
            throw new SpecException(tree.place(root) + ": must hold at least 1 readable picture, got 0");
        }
        var names = loaded.kept().stream().map(files::get).toList();
        var all = Pictures.owning(image.height(), image.width(), image.channels(), loaded.pixels())
                .withNames(names);
        return parted
                ? new EvaluationData(
                        all,
                        all.subset(IntStream.range(0, names.size())
                                .filter(i -> FolderLayout.isOfTrain(names.get(i), root))
                                .toArray()),
                        all.subset(IntStream.range(0, names.size())
                                .filter(i -> FolderLayout.isOfTest(names.get(i), root))
                                .toArray()))
                : split(all, data, seed);
    }

    private static EvaluationData split(Pictures all, DataSpec data, long seed) {
        if (all.count() < Dataset.LEAST) {
            return new EvaluationData(all, all, all.subset());
        }
        var parts = Dataset.split(all, data.heldOut(), seed);
        return new EvaluationData(all, parts.train(), parts.heldOut());
    }
}
