package smalti.exporter.precision;

import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.Masked;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.Psnr;

/**
 * How close a model of fewer bits comes to the one in FP32, on the same inputs. What is NaN or infinite in both alike is no
 * loss and counts for nothing; nor does what is the same in both and far from all other numbers, as masked scores are.
 *
 * @param psnr peak signal-to-noise ratio in dB, of the worst output of floats or bytes; the peak is 255 for bytes, for
 *     floats the range of the FP32 output, or its greatest magnitude where a run gives one number alone or all are equal;
 *     infinite where nothing differs or there is no such output
 * @param agreement share of the equal elements of the worst output of whole numbers; 1 where there is none
 * @param sqnr signal to quantisation noise in dB, of the worst output of floats or bytes: the mean square of FP32's
 *     numbers over that of the differences; infinite as the PSNR is
 * @param lost how many elements are NaN or infinite in one of the two and not in the other
 */
public record Quality(double psnr, double agreement, double sqnr, long lost) {
    /** The worst there is: the outputs cannot even be compared. */
    static final Quality NONE = new Quality(Double.NEGATIVE_INFINITY, 0, Double.NEGATIVE_INFINITY, 0);

    /** A gate that asks for nothing else. */
    public Quality(double psnr, double agreement) {
        this(psnr, agreement, Double.NEGATIVE_INFINITY, 0);
    }

    /** What both models made of the same batches. */
    public static Quality of(List<Map<String, Item>> wanted, List<Map<String, Item>> got) {
        double psnr = Double.POSITIVE_INFINITY;
        double sqnr = Double.POSITIVE_INFINITY;
        double agreement = 1;
        long lost = 0;
        for (var name : wanted.get(0).keySet()) {
            var sums = new Sums();
            for (int batch = 0; batch < wanted.size(); batch++) {
                if (!(wanted.get(batch).get(name) instanceof Item.Array one)
                        || !(got.get(batch).get(name) instanceof Item.Array other)
                        || !one.tensor().dims().equals(other.tensor().dims())) {
                    return NONE;
                }
                sums.add(one.tensor(), other.tensor());
            }
            lost += sums.lost;
            if (sums.count > 0 && sums.discrete) {
                agreement = Math.min(agreement, (double) sums.equal / sums.count);
            } else if (sums.count > 0) {
                psnr = Math.min(psnr, sums.psnr());
                sqnr = Math.min(sqnr, sums.sqnr());
            }
        }
        return new Quality(psnr, agreement, sqnr, lost);
    }

    /** Of one output, over the batches. */
    private static final class Sums {
        private double squares;
        private double signal;
        private double least = Double.POSITIVE_INFINITY;
        private double greatest = Double.NEGATIVE_INFINITY;
        private long count;
        private long measured;
        private long equal;
        private long lost;
        private boolean discrete;
        private boolean bytes;
        private boolean isOfNumbers = true;

        void add(Tensor wanted, Tensor got) {
            bytes = wanted.type() == ValueType.UINT8;
            isOfNumbers &= wanted.count() <= 1;
            discrete = !wanted.type().isFloat() && !bytes;
            double masked = bytes || discrete ? Double.POSITIVE_INFINITY : Masked.above(wanted, got);
            for (int i = 0; i < wanted.count(); i++) {
                double a = wanted.number(i);
                double b = got.number(i);
                if (Double.isFinite(a) && Double.isFinite(b)) {
                    equal += a == b ? 1 : 0;
                    if (a != b || Math.abs(a) <= masked) {
                        squares += (a - b) * (a - b);
                        signal += a * a;
                        least = Math.min(least, a);
                        greatest = Math.max(greatest, a);
                        measured++;
                    }
                } else if (Double.compare(a, b) == 0) {
                    equal++;
                } else {
                    lost++;
                }
            }
            count += wanted.count();
        }

        double psnr() {
            // a loss or a score has no range of its own
            double range =
                    isOfNumbers || greatest == least ? Math.max(Math.abs(least), Math.abs(greatest)) : greatest - least;
            double peak = bytes ? 255 : range;
            return lost > 0 ? Double.NEGATIVE_INFINITY : Quality.psnr(squares / Math.max(1, measured), peak);
        }

        double sqnr() {
            return lost > 0 ? Double.NEGATIVE_INFINITY : Quality.psnr(squares, Math.sqrt(signal));
        }
    }

    /** In dB; NaN in the numbers makes it the worst there is. */
    static double psnr(double meanSquare, double peak) {
        double psnr = Psnr.of(meanSquare, peak);
        return Double.isNaN(psnr) ? Double.NEGATIVE_INFINITY : psnr;
    }

    /** Whether this holds a gate; NaN holds none. */
    public boolean isAtLeast(Quality least) {
        return psnr >= least.psnr && agreement >= least.agreement && sqnr >= least.sqnr;
    }

    boolean isBetterThan(Quality other) {
        return agreement != other.agreement ? agreement > other.agreement : psnr > other.psnr;
    }
}
