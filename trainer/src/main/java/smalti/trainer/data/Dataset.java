package smalti.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import smalti.pictures.PictureTree;
import smalti.spec.CounterRandom;
import smalti.spec.file.Unreadable;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;

/**
 * Pictures to train on and pictures that no training step sees.
 *
 * @param train at least 2
 * @param heldOut at least 1
 */
public record Dataset(Pictures train, Pictures heldOut) {
    /** Pictures of which some can be held out: 2 to train on and 1. */
    static final int LEAST = 3;

    /** The {@link CounterRandom} stream that chooses what is held out. */
    static final int HOLD_OUT_STREAM = 0x0DA7A;

    /**
     * Reads pictures into memory. What lies at {@code path} may be
     *
     * <ul>
     *   <li>a folder with a folder a class (deeper folders belong to their class), or a flat folder without labels;
     *   <li>a folder with {@code train} and {@code test}, each such a folder; {@code test} is held out;
     *   <li>a folder with IDX files by their usual names ({@code train-images-idx3-ubyte},
     *       {@code train-labels-idx1-ubyte}, {@code t10k-…}), gzipped or not;
     *   <li>any of these in a ZIP, and either in folders that wrap nothing else;
     *   <li>one IDX file of pictures, whose labels are looked for beside it.
     * </ul>
     *
     * {@link smalti.pictures.PictureReader} says which files are pictures, by their content, and what becomes of their
     * pixels. Hidden files and {@code __MACOSX} are passed over; the listener hears of all others that are left out. Pictures are in the order of their paths, classes in
     * the order of their names; the classes of IDX labels are "0", "1", … to the largest label.
     *
     * <p>Without a test part, a share {@link DataSpec#heldOut()} of the pictures is held out, at least one, chosen by
     * {@code seed}; both parts keep the order of the paths.
     *
     * @throws smalti.spec.SpecException naming each file that is wrong
     */
    public static Dataset open(Path path, ImageSpec image, DataSpec data, long seed, LoadListener listener) {
        try {
            if (IdxFiles.isIdx(path)) {
                return IdxFiles.open(path, image, data, seed);
            }
            try (var tree = PictureTree.open(path)) {
                var root = FolderLayout.root(tree);
                return IdxFiles.areIn(tree, root)
                        ? IdxFiles.open(tree, root, image, data, seed)
                        : FolderLayout.of(tree, root, listener).load(tree, image, data, seed, listener);
            }
        } catch (IOException e) {
            throw Unreadable.because(path, e);
        }
    }

    /** Holds a share of the pictures out; both parts keep their order. There must be at least 3 pictures. */
    public static Dataset split(Pictures pictures, double share, long seed) {
        int count = pictures.count();
        int held = (int) Math.max(1, Math.min(count - 2L, Math.round(count * share)));
        var order = new CounterRandom(seed, HOLD_OUT_STREAM).permutation(0, count);
        var heldOut = Arrays.copyOf(order, held);
        var train = Arrays.copyOfRange(order, held, count);
        Arrays.sort(heldOut);
        Arrays.sort(train);
        return new Dataset(pictures.subset(train), pictures.subset(heldOut));
    }
}
