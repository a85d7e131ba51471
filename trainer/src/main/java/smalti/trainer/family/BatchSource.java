package smalti.trainer.family;

import smalti.spec.CounterRandom;
import smalti.trainer.data.Pictures;

/**
 * Which pictures a step sees: every epoch in a new order, the rest that fills no batch left out. A function of (seed,
 * step), so that a resumed training sees what an unbroken one would have.
 */
public final class BatchSource {
    private static final int ORDER_STREAM = 4;
    private static final int FLIP_STREAM = 5;

    private final Pictures pictures;
    private final int batch;
    private final boolean flip;
    private final CounterRandom orders;
    private final CounterRandom flips;
    private int epoch = -1;
    private int[] order = {};

    public BatchSource(Pictures pictures, int batch, boolean flip, long seed) {
        this.pictures = pictures;
        this.batch = batch;
        this.flip = flip;
        orders = new CounterRandom(seed, ORDER_STREAM);
        flips = new CounterRandom(seed, FLIP_STREAM);
    }

    /** Steps in an epoch. */
    public int epochSteps() {
        return pictures.count() / batch;
    }

    /** The indices of a step's pictures. */
    public int[] indices(int step) {
        int wanted = step / epochSteps();
        if (wanted != epoch) {
            order = orders.permutation(wanted, pictures.count());
            epoch = wanted;
        }
        var indices = new int[batch];
        System.arraycopy(order, step % epochSteps() * batch, indices, 0, batch);
        return indices;
    }

    /** [batch, C, H, W] in the given range. */
    public float[] images(int step, PixelRange range) {
        var mirrored = new boolean[batch];
        if (flip) {
            for (int i = 0; i < batch; i++) {
                mirrored[i] = flips.uniform(step, i) < 0.5;
            }
        }
        var into = new float[batch * pictures.channels() * pictures.height() * pictures.width()];
        pictures.fillNchw(indices(step), range.lo(), range.hi(), mirrored, into);
        return into;
    }

    /** [batch, classes]: 1 at a picture's class, else 0. */
    public float[] oneHotLabels(int step) {
        int classes = pictures.classes().size();
        var into = new float[batch * classes];
        var indices = indices(step);
        for (int i = 0; i < batch; i++) {
            into[i * classes + pictures.label(indices[i])] = 1;
        }
        return into;
    }
}
