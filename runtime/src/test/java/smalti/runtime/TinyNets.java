package smalti.runtime;

/**
 * The networks of the test bundles, again in plain Java and double: what their graphs must give. All that is particular
 * to those bundles is here: every weight is {@code ((37n + 101·salt) mod 61 − 30)·scale} at place n of its tensor.
 */
final class TinyNets {
    static final TinyNets.Codec CODEC = new TinyNets.Codec(3, 2, 6, 2, -1, 1);
    static final TinyNets.Codec GREY = new TinyNets.Codec(1, 4, 3, 2, 0, 1);
    static final int NOISE = 16;
    static final int CLASSES = 3;

    /** Height and width of what the generators make. */
    static final int SIDE = 16;

    private TinyNets() {}

    private static double weight(int n, int salt, double scale) {
        return ((37 * n + 101 * salt) % 61 - 30) * scale;
    }

    /** A strided convolution of non-overlapping windows, a codebook, and the transposed convolution. */
    record Codec(int channels, int factor, int codes, int codeDim, double lo, double hi) {

        private double entry(int code, int d) {
            return weight(code * codeDim + d, 3, 1 / 32.0);
        }

        /** Squared distances [K] of the latent at one place to every code. */
        double[] distances(Pixels pixels, int picture, int row, int column) {
            var distances = new double[codes];
            for (int d = 0; d < codeDim; d++) {
                double latent = weight(d, 2, 1 / 64.0);
                for (int c = 0; c < channels; c++) {
                    for (int i = 0; i < factor; i++) {
                        for (int j = 0; j < factor; j++) {
                            int at = ((picture * pixels.height() + row * factor + i) * pixels.width()
                                                    + column * factor
                                                    + j)
                                            * channels
                                    + c;
                            double value = lo + (hi - lo) * (pixels.data().get(at) & 0xFF) / 255;
                            latent += value * weight(((d * channels + c) * factor + i) * factor + j, 1, 1 / 64.0);
                        }
                    }
                }
                for (int k = 0; k < codes; k++) {
                    distances[k] += (latent - entry(k, d)) * (latent - entry(k, d));
                }
            }
            return distances;
        }

        /** The sample that a code decodes to, at (i, j) within its window; exact, as the weights are dyadic. */
        int sample(long code, int i, int j, int c) {
            double value = weight(c, 5, 1 / 64.0);
            for (int d = 0; d < codeDim; d++) {
                value += entry((int) code, d) * weight(((d * channels + c) * factor + i) * factor + j, 4, 1 / 16.0);
            }
            return (int) Math.max(0, Math.min(255, Math.rint(255 * (value - lo) / (hi - lo))));
        }
    }

    /**
     * A linear layer and two transposed convolutions.
     *
     * @param classIndex −1: the network without classes
     * @return levels [16, 16, 3] before rounding, in [0, 255]
     */
    static double[][][] generate(float[] noise, int classIndex) {
        int embedding = classIndex < 0 ? 0 : 4;
        var in = new double[NOISE + embedding];
        for (int z = 0; z < NOISE; z++) {
            in[z] = noise[z];
        }
        for (int e = 0; e < embedding; e++) {
            in[NOISE + e] = weight(classIndex * embedding + e, 6, 1 / 16.0);
        }
        var hidden = new double[8][4][4];
        for (int n = 0; n < 128; n++) {
            double value = weight(n, 2, 1 / 64.0);
            for (int z = 0; z < in.length; z++) {
                value += in[z] * weight(z * 128 + n, 1, 1 / 64.0);
            }
            hidden[n / 16][n / 4 % 4][n % 4] = Math.max(0, value);
        }
        var middle = doubled(hidden, 8, 3, 1 / 128.0);
        for (int c = 0; c < 8; c++) {
            for (var row : middle[c]) {
                for (int x = 0; x < row.length; x++) {
                    row[x] = Math.max(0, row[x] + weight(c, 4, 1 / 64.0));
                }
            }
        }
        var last = doubled(middle, 3, 5, 1 / 32.0);
        var levels = new double[SIDE][SIDE][3];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                for (int c = 0; c < 3; c++) {
                    levels[y][x][c] = 127.5 * (Math.tanh(last[c][y][x]) + 1);
                }
            }
        }
        return levels;
    }

    /** The transposed convolution of kernel 4, stride 2, padding 1: [C,h,w] → [channels,2h,2w]. */
    private static double[][][] doubled(double[][][] in, int channels, int salt, double scale) {
        int size = 2 * in[0].length;
        var out = new double[channels][size][size];
        for (int c = 0; c < in.length; c++) {
            for (int o = 0; o < channels; o++) {
                for (int y = 0; y < in[c].length; y++) {
                    for (int x = 0; x < in[c].length; x++) {
                        for (int i = 0; i < 4; i++) {
                            for (int j = 0; j < 4; j++) {
                                int row = 2 * y + i - 1;
                                int column = 2 * x + j - 1;
                                if (row >= 0 && row < size && column >= 0 && column < size) {
                                    out[o][row][column] +=
                                            in[c][y][x] * weight(((c * channels + o) * 4 + i) * 4 + j, salt, scale);
                                }
                            }
                        }
                    }
                }
            }
        }
        return out;
    }
}
