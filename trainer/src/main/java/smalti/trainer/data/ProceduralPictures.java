package smalti.trainer.data;

import java.util.List;
import java.util.stream.IntStream;
import smalti.spec.Check;
import smalti.spec.CounterRandom;

/**
 * A data set that needs no download: coloured shapes and patterns of ten classes, a tenth of the pictures each.
 *
 * <p>Picture i depends on the seed, its size and i alone. Edges are soft by their signed distance, in plain double
 * arithmetic with {@link StrictMath}, so that every JVM draws the same bytes.
 */
public final class ProceduralPictures {
    /** The {@link CounterRandom} stream of the drawings; index: the picture's number. */
    static final int STREAM = 0xD2A3;

    private static final List<Motif> MOTIFS = List.of(Motif.values());

    /** Picture i shows class {@code i % 10}. */
    public static final List<String> CLASSES =
            MOTIFS.stream().map(Motif::className).toList();

    private ProceduralPictures() {}

    /**
     * RGB pictures of {@code size}×{@code size} pixels.
     *
     * @throws smalti.spec.SpecException if {@code count} is below 1 or {@code size} below 8 or above 1024
     */
    public static Pictures draw(int count, int size, long seed) {
        Check.that(count >= 1, "count must be at least 1, got %s", count)
                .and(size >= 8 && size <= 1024, "size must be from 8 to 1024, got %s", size)
                .done();
        Pictures.requireFit("procedural pictures", count, size, size, 3);
        int each = size * size * 3;
        var pixels = new byte[count * each];
        var random = new CounterRandom(seed, STREAM);
        IntStream.range(0, count)
                .parallel()
                .forEach(i ->
                        new Drawing(MOTIFS.get(i % MOTIFS.size()), new Draws(random, i)).paint(pixels, i * each, size));
        var labels = IntStream.range(0, count).map(i -> i % CLASSES.size()).toArray();
        return Pictures.owning(size, size, 3, pixels).withLabels(labels, CLASSES);
    }

    /** Uniform numbers for one picture, in order. */
    static final class Draws {
        private final CounterRandom random;
        private final int index;
        private int position;

        Draws(CounterRandom random, int index) {
            this.random = random;
            this.index = index;
        }

        double between(double least, double most) {
            return least + (most - least) * random.uniform(index, position++);
        }

        int below(int bound) {
            return (int) between(0, bound);
        }
    }

    /** One picture: a motif in front of a background, in the colours of one palette. */
    private static final class Drawing {
        /** Background from, background to, motif from, motif to: 0xRRGGBB. */
        private static final int[][] PALETTES = {
            {0x0B3C49, 0x16697A, 0xF9C80E, 0xF86624},
            {0xFCF4E4, 0xF1DDBF, 0xD1495B, 0x8F2D56},
            {0xD6EEF6, 0xA6D5EA, 0x1D3557, 0x3A7CA5},
            {0x2D1E3E, 0x55336B, 0xFFC2D1, 0xFF6F91},
            {0xDDF5E1, 0xB2E2C4, 0x1B4332, 0x3FA34D},
            {0xE07A5F, 0xC2503A, 0xFFF6DE, 0xF2CC8F},
            {0x14213D, 0x264B7A, 0xB2F7EF, 0x4CC9F0},
            {0xECE5F8, 0xCBBDEB, 0x5A189A, 0xA14EE0},
            {0xFFDA77, 0xF6B02F, 0x073B4C, 0x118AB2},
            {0x2B2D42, 0x454A6B, 0xFF8C61, 0xEF476F},
        };

        private final Motif motif;
        private final Motif.Pose pose;
        private final double[][] colours = new double[4][];
        private final double lightX;
        private final double lightY;

        Drawing(Motif motif, Draws draws) {
            this.motif = motif;
            var palette = PALETTES[draws.below(PALETTES.length)];
            double brightness = draws.between(-0.04, 0.04);
            for (int i = 0; i < colours.length; i++) {
                colours[i] = new double[] {
                    (palette[i] >> 16) / 255.0 + brightness,
                    (palette[i] >> 8 & 0xFF) / 255.0 + brightness,
                    (palette[i] & 0xFF) / 255.0 + brightness
                };
            }
            double light = draws.between(0, 2 * StrictMath.PI);
            lightX = StrictMath.cos(light);
            lightY = StrictMath.sin(light);
            pose = motif.pose(draws);
        }

        /** @param into [size, size, 3] from {@code offset} */
        void paint(byte[] into, int offset, int size) {
            double pixel = 2.0 / size;
            int to = offset;
            for (int row = 0; row < size; row++) {
                double y = (row + 0.5) * pixel - 1;
                for (int column = 0; column < size; column++) {
                    double x = (column + 0.5) * pixel - 1;
                    double cover = unit(0.5 - motif.distance(pose, x, y) / (1.25 * pixel));
                    // a soft shadow below the shapes; patterns lie flat
                    double shadow =
                            motif.isPattern() ? 0 : 0.28 * unit(0.55 - motif.distance(pose, x - 0.05, y - 0.09) / 0.22);
                    double along = unit(0.5 + 0.42 * (x * lightX + y * lightY));
                    for (int c = 0; c < 3; c++) {
                        double behind = mix(colours[0][c], colours[1][c], along) * (1 - shadow);
                        double front = mix(colours[2][c], colours[3][c], along);
                        into[to++] = (byte) (int) (unit(mix(behind, front, cover)) * 255 + 0.5);
                    }
                }
            }
        }

        private static double mix(double from, double to, double share) {
            return from + (to - from) * share;
        }

        private static double unit(double value) {
            return Math.max(0, Math.min(1, value));
        }
    }
}
