package smalti.exporter.precision;

import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.ModelSession.Item;

/**
 * How close a model of fewer bits comes to the one in FP32, on the same inputs.
 *
 * @param psnr peak signal-to-noise ratio in dB, of the worst output of floats or bytes; the peak is 255 for bytes, for
 *     floats the range of the FP32 output; infinite where nothing differs or there is no such output
 * @param agreement share of the equal elements of the worst output of whole numbers; 1 where there is none
 */
public record Quality(double psnr, double agreement) {
    /** What both models made of the same batches. */
    public static Quality of(List<Map<String, Item>> wanted, List<Map<String, Item>> got) {
        double psnr = Double.POSITIVE_INFINITY;
        double agreement = 1;
        for (var name : wanted.get(0).keySet()) {
            double squares = 0;
            double least = Double.POSITIVE_INFINITY;
            double greatest = Double.NEGATIVE_INFINITY;
            long count = 0;
            long equal = 0;
            boolean discrete = false;
            boolean bytes = false;
            for (int batch = 0; batch < wanted.size(); batch++) {
                if (!(wanted.get(batch).get(name) instanceof Item.Array one)
                        || !(got.get(batch).get(name) instanceof Item.Array other)
                        || !one.tensor().dims().equals(other.tensor().dims())) {
                    return new Quality(Double.NEGATIVE_INFINITY, 0);
                }
                Tensor x = one.tensor();
                Tensor y = other.tensor();
                bytes = x.type() == ValueType.UINT8;
                discrete = !x.type().isFloat() && !bytes;
                for (int i = 0; i < x.count(); i++) {
                    double a = x.number(i);
                    double b = y.number(i);
                    if (a == b && Double.isInfinite(a)) {
                        equal++;
                        continue;
                    }
                    squares += (a - b) * (a - b);
                    least = Math.min(least, a);
                    greatest = Math.max(greatest, a);
                    equal += a == b ? 1 : 0;
                }
                count += x.count();
            }
            if (count > 0 && discrete) {
                agreement = Math.min(agreement, (double) equal / count);
            } else if (count > 0) {
                psnr = Math.min(psnr, psnr(squares / count, bytes ? 255 : greatest - least));
            }
        }
        return new Quality(psnr, agreement);
    }

    /** In dB; NaN in the numbers makes it the worst there is. */
    static double psnr(double meanSquare, double peak) {
        if (meanSquare == 0) {
            return Double.POSITIVE_INFINITY;
        }
        double psnr = 10 * Math.log10(peak * peak / meanSquare);
        return Double.isNaN(psnr) ? Double.NEGATIVE_INFINITY : psnr;
    }

    /** Whether this holds a gate; NaN holds none. */
    public boolean isAtLeast(Quality least) {
        return psnr >= least.psnr && agreement >= least.agreement;
    }

    boolean isBetterThan(Quality other) {
        return agreement != other.agreement ? agreement > other.agreement : psnr > other.psnr;
    }
}
