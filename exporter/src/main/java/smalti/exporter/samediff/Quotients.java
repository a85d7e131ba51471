package smalti.exporter.samediff;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.SpecException;

/** Quotients and what they leave over in float64, or in whole numbers; both arrays are broadcast as in NumPy. */
final class Quotients {
    private Quotients() {}

    /**
     * The largest whole number that is not above the quotient.
     *
     * @param place of the operation, for errors
     */
    static INDArray floored(INDArray dividends, INDArray divisors, String place) {
        var shape = shape(dividends, divisors);
        var a = places(dividends, shape);
        var b = places(divisors, shape);
        if (!dividends.dataType().isIntType()) {
            var quotients = new double[a.length];
            Arrays.setAll(quotients, i -> floor(dividends.getDouble(a[i]), divisors.getDouble(b[i])));
            return Nd4j.createFromArray(quotients).castTo(dividends.dataType()).reshape(shape);
        }
        var quotients = new long[a.length];
        for (int i = 0; i < quotients.length; i++) {
            long divisor = divisors.getLong(b[i]);
            if (divisor == 0) {
                throw new SpecException(place + " must divide whole numbers by others than 0, got 0");
            }
            quotients[i] = Math.floorDiv(dividends.getLong(a[i]), divisor);
        }
        return Nd4j.createFromArray(quotients).castTo(dividends.dataType()).reshape(shape);
    }

    /** What is left over after {@link #floored}, of the divisor's sign; of floats. */
    static INDArray rests(INDArray dividends, INDArray divisors) {
        var shape = shape(dividends, divisors);
        var a = places(dividends, shape);
        var b = places(divisors, shape);
        var rests = new double[a.length];
        Arrays.setAll(rests, i -> rest(dividends.getDouble(a[i]), divisors.getDouble(b[i])));
        return Nd4j.createFromArray(rests).castTo(dividends.dataType()).reshape(shape);
    }

    /** Java's % is exact. */
    private static double rest(double dividend, double divisor) {
        double rest = dividend % divisor;
        return (rest < 0 && divisor > 0) || (rest > 0 && divisor < 0) ? rest + divisor : rest;
    }

    private static double floor(double dividend, double divisor) {
        double rest = rest(dividend, divisor);
        // of infinity and by 0 nothing is left over that is a number
        return Double.isNaN(rest) ? Math.floor(dividend / divisor) : Math.rint((dividend - rest) / divisor);
    }

    private static long[] shape(INDArray one, INDArray other) {
        return Shape.broadcastOutputShape(one.shape(), other.shape());
    }

    /** Which element of an array each element of the result takes. */
    private static long[] places(INDArray array, long[] shape) {
        var places = new long[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))];
        for (int i = 0; i < places.length; i++) {
            long rest = i;
            long stride = 1;
            for (int axis = 1; axis <= array.rank(); axis++) {
                long size = shape[shape.length - axis];
                long own = array.size(array.rank() - axis);
                places[i] += own == 1 ? 0 : rest % size * stride;
                stride *= own;
                rest /= size;
            }
        }
        return places;
    }
}
