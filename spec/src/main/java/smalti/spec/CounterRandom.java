package smalti.spec;

/**
 * Random numbers that are a function of (seed, stream, index) alone: no state, so that any of them can be made again,
 * in any order, in any language.
 *
 * <p>Source: Philox4x32 with 10 rounds, Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". The key is
 * the seed (low word, high word); the counter is (block, stream, index low, index high).
 */
public final class CounterRandom {
    /** The stream of the noise behind generated images; index: the image's place in its request. */
    public static final int GENERATION = 0;

    /** The stream of the noise behind samples of posteriors; index: the picture's place in its distributions. */
    public static final int POSTERIOR = 32;

    private static final int ROUNDS = 10;
    private static final int BLOCKS_OF_ATTEMPT = 1 << 20;
    private static final int ATTEMPTS = 1 << 11;
    private static final long M0 = 0xD2511F53L;
    private static final long M1 = 0xCD9E8D57L;
    private static final int W0 = 0x9E3779B9;
    private static final int W1 = 0xBB67AE85;
    private static final double TWO_POW_32 = 4294967296.0;

    private final long seed;
    private final int stream;

    /** @param stream keeps uses of one seed apart */
    public CounterRandom(long seed, int stream) {
        this.seed = seed;
        this.stream = stream;
    }

    /** The four words of one block. */
    int[] block(long index, int block) {
        int c0 = block;
        int c1 = stream;
        int c2 = (int) index;
        int c3 = (int) (index >>> 32);
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = M0 * (c0 & 0xFFFFFFFFL);
            long p1 = M1 * (c2 & 0xFFFFFFFFL);
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c1 = (int) p1;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c3 = (int) p0;
            k0 += W0;
            k1 += W1;
        }
        return new int[] {c0, c1, c2, c3};
    }

    /**
     * Standard normal numbers by Box and Muller. Of each block's words (a, b, c, d): u = (a + 1)/2³², v = b/2³²,
     * √(−2 ln u)·cos 2πv and √(−2 ln u)·sin 2πv, then the same of c and d; in double by {@link StrictMath}, rounded to
     * float at the end.
     */
    public void normals(long index, float[] into, int offset, int length) {
        normals(index, 0, into, offset, length);
    }

    /**
     * Rows of them, one below another.
     *
     * @param first the index of the first row; those of the others follow
     * @return [count,length]
     */
    public float[] normals(long first, int count, int length) {
        var rows = new float[Math.multiplyExact(count, length)];
        for (int i = 0; i < count; i++) {
            normals(first + i, rows, i * length, length);
        }
        return rows;
    }

    /**
     * As {@link #normals(long, float[], int, int)}, where numbers beyond a threshold are drawn again: attempt a takes
     * the number's place from blocks that begin at a·2²⁰ instead of 0.
     *
     * @param threshold most absolute value; at least 0.05
     * @param length at most 2²²
     */
    public void normals(long index, double threshold, float[] into, int offset, int length) {
        Check.that(length <= BLOCKS_OF_ATTEMPT * 4, "length must be at most %s, got %s", BLOCKS_OF_ATTEMPT * 4, length)
                .and(threshold >= 0.05, "threshold must be at least 0.05, got %s", threshold)
                .done();
        normals(index, 0, into, offset, length);
        if (threshold == Double.POSITIVE_INFINITY) {
            return;
        }
        var again = new float[4];
        for (int i = 0; i < length; i++) {
            // the last attempts that a counter of 32 bits has are far beyond what chance brings about
            for (int attempt = 1; Math.abs(into[offset + i]) > threshold && attempt < ATTEMPTS; attempt++) {
                normals(index, attempt * BLOCKS_OF_ATTEMPT + i / 4, again, 0, 4);
                into[offset + i] = again[i % 4];
            }
        }
    }

    private void normals(long index, int firstBlock, float[] into, int offset, int length) {
        for (int i = 0; i < length; i += 4) {
            var words = block(index, firstBlock + i / 4);
            for (int pair = 0; pair < 2; pair++) {
                double u = ((words[2 * pair] & 0xFFFFFFFFL) + 1) / TWO_POW_32;
                double v = (words[2 * pair + 1] & 0xFFFFFFFFL) / TWO_POW_32;
                double radius = StrictMath.sqrt(-2 * StrictMath.log(u));
                double angle = 2 * StrictMath.PI * v;
                int at = i + 2 * pair;
                if (at < length) {
                    into[offset + at] = (float) (radius * StrictMath.cos(angle));
                }
                if (at + 1 < length) {
                    into[offset + at + 1] = (float) (radius * StrictMath.sin(angle));
                }
            }
        }
    }

    /** A number in [0, 1): word {@code position % 4} of block {@code position / 4}, divided by 2³². */
    public double uniform(long index, int position) {
        return (block(index, position / 4)[position % 4] & 0xFFFFFFFFL) / TWO_POW_32;
    }

    /** What {@link #uniform} gives for positions 0…length−1; a block is made once for its four words. */
    public double[] uniforms(long index, int length) {
        var drawn = new double[length];
        for (int i = 0; i < length; i += 4) {
            var words = block(index, i / 4);
            for (int word = 0; word < 4 && i + word < length; word++) {
                drawn[i + word] = (words[word] & 0xFFFFFFFFL) / TWO_POW_32;
            }
        }
        return drawn;
    }

    /** The numbers 0…count−1 in random order (Fisher and Yates, from the end). */
    public int[] permutation(long index, int count) {
        var order = new int[count];
        for (int i = 0; i < count; i++) {
            order[i] = i;
        }
        for (int i = count - 1; i > 0; i--) {
            int j = (int) (uniform(index, i) * (i + 1));
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }
}
