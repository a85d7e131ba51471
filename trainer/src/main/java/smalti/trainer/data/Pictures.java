package smalti.trainer.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import smalti.pictures.Picture;
import smalti.spec.Check;
import smalti.spec.SpecException;
import smalti.spec.file.Checksums;

/**
 * Pictures of one size in memory: uint8 [N,H,W,C], with labels and names where they are known. Immutable; a subset
 * shares the pixels of the whole.
 */
public final class Pictures {
    /** All pixels lie in one array: about 2.1 GB, which is 699,050 pictures of 32×32 in RGB. */
    public static final long MOST_BYTES = Integer.MAX_VALUE - 16L;

    private final int height;
    private final int width;
    private final int channels;
    private final byte[] pixels;
    private final int[] labels;
    private final List<String> classes;
    private final List<String> names;
    /** Where picture i lies in {@link #pixels}, {@link #labels} and {@link #names}. */
    private final int[] slots;

    /** Keeps the arrays, which must not change any more. */
    Pictures(
            int height,
            int width,
            int channels,
            byte[] pixels,
            int[] labels,
            List<String> classes,
            List<String> names,
            int[] slots) {
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.pixels = pixels;
        this.labels = labels;
        this.classes = List.copyOf(classes);
        this.names = names;
        this.slots = slots;
    }

    /**
     * Pictures without labels.
     *
     * @param pixels [N,H,W,C], copied
     */
    public static Pictures of(int height, int width, int channels, byte[] pixels) {
        return of(height, width, channels, pixels, new int[0], List.of());
    }

    /**
     * @param pixels [N,H,W,C], copied
     * @param labels one a picture, each in [0, classes.size()); or none at all
     */
    public static Pictures of(int height, int width, int channels, byte[] pixels, int[] labels, List<String> classes) {
        Check.that(height >= 1 && width >= 1, "height and width must be at least 1, got %sx%s", height, width)
                .and(channels == 1 || channels == 3, "channels must be 1 (grey) or 3 (RGB), got %s", channels)
                .done();
        long each = (long) height * width * channels;
        long count = pixels.length / each;
        Check.that(
                        pixels.length % each == 0,
                        "pixels must hold a multiple of %s bytes (%sx%sx%s), got %s",
                        each,
                        height,
                        width,
                        channels,
                        pixels.length)
                .and(
                        labels.length == 0 || labels.length == count,
                        "labels must be %s, one a picture, or none; got %s",
                        count,
                        labels.length)
                .and(
                        Arrays.stream(labels).allMatch(label -> label >= 0 && label < classes.size()),
                        "labels must be from 0 to %s, got %s",
                        classes.size() - 1,
                        Arrays.stream(labels).summaryStatistics())
                .done();
        return new Pictures(
                height,
                width,
                channels,
                pixels.clone(),
                labels.clone(),
                classes,
                List.of(),
                IntStream.range(0, (int) count).toArray());
    }

    /** Unlabelled pictures that keep {@code pixels}, which must not change any more. */
    static Pictures owning(int height, int width, int channels, byte[] pixels) {
        int count = pixels.length / (height * width * channels);
        return new Pictures(
                height,
                width,
                channels,
                pixels,
                new int[0],
                List.of(),
                List.of(),
                IntStream.range(0, count).toArray());
    }

    /** All of these pictures, as they lie in memory, with labels. */
    Pictures withLabels(int[] newLabels, List<String> newClasses) {
        return new Pictures(height, width, channels, pixels, newLabels, newClasses, names, slots);
    }

    /** All of these pictures, as they lie in memory, with names. */
    Pictures withNames(List<String> newNames) {
        return new Pictures(height, width, channels, pixels, labels, classes, newNames, slots);
    }

    /** The pictures of two parts of one size, without names; with labels where both have them. */
    static Pictures joined(Pictures first, Pictures second) {
        requireFit("pictures", (long) first.count() + second.count(), first.height, first.width, first.channels);
        var all = Arrays.copyOf(first.pixels(), (first.count() + second.count()) * first.pictureBytes());
        for (int i = 0; i < second.count(); i++) {
            second.copyInto(i, all, (first.count() + i) * first.pictureBytes());
        }
        var joined = owning(first.height, first.width, first.channels, all);
        if (!first.isLabelled() || !second.isLabelled()) {
            return joined;
        }
        var bothLabels = IntStream.concat(
                IntStream.range(0, first.count()).map(first::label),
                IntStream.range(0, second.count()).map(second::label));
        return joined.withLabels(
                bothLabels.toArray(), first.classes.size() > second.classes.size() ? first.classes : second.classes);
    }

    Pictures withClasses(List<String> newClasses) {
        return withLabels(labels, newClasses);
    }

    /** @throws SpecException if so many pictures are more than {@link #MOST_BYTES} */
    static void requireFit(String place, long count, int height, int width, int channels) {
        long each = (long) height * width * channels;
        if (count > MOST_BYTES / each) {
            throw new SpecException(place + ": pictures must fit into " + MOST_BYTES + " bytes together, that is "
                    + MOST_BYTES / each + " of " + height + "x" + width + "x" + channels + "; got " + count);
        }
    }

    public int count() {
        return slots.length;
    }

    public int height() {
        return height;
    }

    public int width() {
        return width;
    }

    public int channels() {
        return channels;
    }

    /** H·W·C. */
    public int pictureBytes() {
        return height * width * channels;
    }

    public boolean isLabelled() {
        return labels.length > 0;
    }

    /** The names of the classes 0, 1, …; empty where the pictures have no labels. */
    public List<String> classes() {
        return classes;
    }

    /** @throws IllegalStateException if the pictures have no labels */
    public int label(int i) {
        if (!isLabelled()) {
            throw new IllegalStateException("these pictures have no labels");
        }
        return labels[slots[i]];
    }

    /** The picture's file where it is known, else its number. */
    public String name(int i) {
        int slot = slots[i];
        return names.isEmpty() ? String.format(Locale.ROOT, "%06d", slot) : names.get(slot);
    }

    public Picture picture(int i) {
        int from = slots[i] * pictureBytes();
        return Picture.of(height, width, channels, Arrays.copyOfRange(pixels, from, from + pictureBytes()));
    }

    /** Copies picture i, [H,W,C]. */
    public void copyInto(int i, byte[] into, int offset) {
        System.arraycopy(pixels, slots[i] * pictureBytes(), into, offset, pictureBytes());
    }

    /** A copy of all pixels, [N,H,W,C]. */
    public byte[] pixels() {
        var all = new byte[count() * pictureBytes()];
        for (int i = 0; i < count(); i++) {
            copyInto(i, all, i * pictureBytes());
        }
        return all;
    }

    /** Of the pixels of all pictures of some parts, the same in whatever order and parts they come, and however named. */
    public static String sha256(Pictures... parts) {
        var each = Arrays.stream(parts)
                .flatMap(part -> IntStream.range(0, part.count())
                        .parallel()
                        .mapToObj(i -> Checksums.sha256(ByteBuffer.wrap(
                                part.pixels, part.slots[i] * part.pictureBytes(), part.pictureBytes()))))
                .sorted()
                .collect(Collectors.joining());
        return Checksums.sha256(each.getBytes(StandardCharsets.US_ASCII));
    }

    /** The pictures with these indices, in that order; classes stay as they are. */
    public Pictures subset(int... indices) {
        var chosen = new int[indices.length];
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = slots[Objects.checkIndex(indices[i], count())];
        }
        return new Pictures(height, width, channels, pixels, labels, classes, names, chosen);
    }

    /** The first {@code most} pictures, or all where there are fewer. */
    public Pictures take(int most) {
        return subset(IntStream.range(0, Math.min(most, count())).toArray());
    }

    /**
     * The mean picture.
     *
     * @return [C·H·W], for pixels from 0 to 255 from {@code lo} to {@code hi}
     */
    public float[] meanNchw(double lo, double hi) {
        int values = pictureBytes();
        var sums = new long[values];
        var pixels = new byte[values];
        for (int i = 0; i < count(); i++) {
            copyInto(i, pixels, 0);
            for (int at = 0; at < values; at++) {
                sums[at] += pixels[at] & 0xFF;
            }
        }
        int plane = height * width;
        var mean = new float[values];
        for (int at = 0; at < values; at++) { // [H, W, C] to [C, H, W]
            double brightness = sums[at] / 255.0 / count();
            mean[at % channels * plane + at / channels] = (float) (lo + (hi - lo) * brightness);
        }
        return mean;
    }

    /** Population variance of all pixels in [0, 1] units: what NMSE is relative to. */
    public double variance() {
        var histogram = new long[256];
        for (int slot : slots) {
            for (int at = slot * pictureBytes(), end = at + pictureBytes(); at < end; at++) {
                histogram[pixels[at] & 0xFF]++;
            }
        }
        double total = (double) count() * pictureBytes();
        double mean = 0;
        for (int level = 0; level < 256; level++) {
            mean += histogram[level] * (level / 255.0) / total;
        }
        double variance = 0;
        for (int level = 0; level < 256; level++) {
            double off = level / 255.0 - mean;
            variance += histogram[level] * off * off / total;
        }
        return variance;
    }

    /** A batch without mirroring; see {@link #fillNchw(int[], double, double, boolean[], float[])}. */
    public void fillNchw(int[] indices, double lo, double hi, float[] into) {
        fillNchw(indices, lo, hi, new boolean[indices.length], into);
    }

    /**
     * Writes a batch as floats, {@code y = lo + (hi − lo)·p/255}.
     *
     * @param flip which pictures are mirrored left to right
     * @param into [N,C,H,W], filled from its beginning
     */
    public void fillNchw(int[] indices, double lo, double hi, boolean[] flip, float[] into) {
        Check.that(
                        flip.length == indices.length,
                        "flip must be %s long, one a picture, got %s",
                        indices.length,
                        flip.length)
                .and(
                        into.length >= (long) indices.length * pictureBytes(),
                        "into must hold %s floats, got %s",
                        (long) indices.length * pictureBytes(),
                        into.length)
                .done();
        var values = new float[256];
        for (int p = 0; p < 256; p++) {
            values[p] = (float) (lo + (hi - lo) * p / 255);
        }
        int plane = height * width;
        for (int n = 0; n < indices.length; n++) {
            int from = slots[indices[n]] * pictureBytes();
            int to = n * pictureBytes();
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++, to++) {
                    int pixel = from + (y * width + (flip[n] ? width - 1 - x : x)) * channels;
                    for (int c = 0; c < channels; c++) {
                        into[to + c * plane] = values[pixels[pixel + c] & 0xFF];
                    }
                }
            }
        }
    }
}
