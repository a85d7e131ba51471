package smalti.trainer.metric;

import java.util.Arrays;
import java.util.stream.IntStream;
import smalti.spec.Check;
import smalti.spec.CounterRandom;
import smalti.trainer.data.Pictures;

/**
 * A distance between two sets of pictures that needs no network: the mean, over random directions of unit length in
 * pixel space, of the one-dimensional Wasserstein-1 distance between the sets' projections. 0 for equal sets; in [0, 1]
 * pixel units. Compare it with the distance between two halves of the real pictures, which is its floor.
 *
 * <p>Source: Rabin et al. 2011, "Wasserstein barycenter and its application to texture mixing"; here with the exponent
 * 1, and on whole pictures.
 *
 * @param projections how many directions; the value's own error falls with their square root
 * @param seed chooses the directions; equal seeds make values comparable
 */
public record SlicedWasserstein(int projections, long seed) {
    /** The {@link CounterRandom} stream of the directions; index: the direction's number. */
    static final int STREAM = 0x51CED;

    public SlicedWasserstein {
        Check.that(projections >= 1, "projections must be at least 1, got %s", projections)
                .done();
    }

    /** @throws smalti.spec.SpecException if a set is empty or the pictures differ in size */
    public double distance(Pictures pictures, Pictures others) {
        Check.that(
                        pictures.count() > 0 && others.count() > 0,
                        "both must hold pictures, got %s and %s",
                        pictures.count(),
                        others.count())
                .and(
                        pictures.pictureBytes() == others.pictureBytes(),
                        "both must hold pictures of the same size, got %s and %s bytes each",
                        pictures.pictureBytes(),
                        others.pictureBytes())
                .done();
        var distances = IntStream.range(0, projections)
                .parallel()
                .mapToDouble(k -> {
                    var direction = direction(k, pictures.pictureBytes());
                    return wasserstein(projected(pictures, direction), projected(others, direction));
                })
                .toArray();
        // summed in order, so that threads do not change the last digits
        double sum = 0;
        for (double distance : distances) {
            sum += distance;
        }
        return sum / projections;
    }

    /** Direction k: standard normal numbers, brought to length 1. */
    private double[] direction(int k, int length) {
        var normals = new float[length];
        new CounterRandom(seed, STREAM).normals(k, normals, 0, length);
        double square = 0;
        for (float normal : normals) {
            square += (double) normal * normal;
        }
        double norm = Math.sqrt(square);
        var direction = new double[length];
        for (int i = 0; i < length; i++) {
            direction[i] = normals[i] / norm;
        }
        return direction;
    }

    private static double[] projected(Pictures pictures, double[] direction) {
        var projected = new double[pictures.count()];
        var pixels = new byte[direction.length];
        for (int i = 0; i < projected.length; i++) {
            pictures.copyInto(i, pixels, 0);
            double sum = 0;
            for (int d = 0; d < direction.length; d++) {
                sum += direction[d] * (pixels[d] & 0xFF);
            }
            projected[i] = sum / 255;
        }
        return projected;
    }

    /** ∫ |F − G|: the area between the two distribution functions. */
    static double wasserstein(double[] values, double[] others) {
        Arrays.sort(values);
        Arrays.sort(others);
        double area = 0;
        double at = Math.min(values[0], others[0]);
        for (int i = 0, j = 0; i < values.length || j < others.length; ) {
            boolean fromValues = j == others.length || (i < values.length && values[i] <= others[j]);
            double next = fromValues ? values[i] : others[j];
            area += Math.abs((double) i / values.length - (double) j / others.length) * (next - at);
            at = next;
            if (fromValues) {
                i++;
            } else {
                j++;
            }
        }
        return area;
    }
}
