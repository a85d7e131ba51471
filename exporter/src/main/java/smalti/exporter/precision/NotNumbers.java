package smalti.exporter.precision;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import smalti.exporter.graph.Tensor;
import smalti.exporter.proof.ModelSession.Item;
import smalti.spec.SpecException;

/**
 * What is NaN or infinite in samples: no range can be learnt from it.
 *
 * @param nan how many elements are NaN
 * @param infinite how many are infinite
 * @param samples the places on the first axis where there are any, in order
 */
public record NotNumbers(long nan, long infinite, List<Integer> samples) {
    private static final int MOST_SHOWN = 8;

    public NotNumbers {
        samples = List.copyOf(samples);
    }

    /** Empty if all elements are finite. */
    public static Optional<NotNumbers> in(Tensor tensor) {
        if (!tensor.type().isFloat() || tensor.count() == 0) {
            return Optional.empty();
        }
        int rows = tensor.rank() == 0 ? 1 : Math.toIntExact(tensor.dims().get(0));
        int each = tensor.count() / rows;
        long nan = 0;
        long infinite = 0;
        var samples = new TreeSet<Integer>();
        for (int i = 0; i < tensor.count(); i++) {
            double number = tensor.number(i);
            if (!Double.isFinite(number)) {
                nan += Double.isNaN(number) ? 1 : 0;
                infinite += Double.isInfinite(number) ? 1 : 0;
                samples.add(i / each);
            }
        }
        return samples.isEmpty() ? Optional.empty() : Optional.of(new NotNumbers(nan, infinite, List.copyOf(samples)));
    }

    /** @throws SpecException if samples are not finite, with a line for each input of each batch */
    static void refuse(String place, String what, List<Map<String, Item>> batches) {
        var problems = new ArrayList<String>();
        for (int i = 0; i < batches.size(); i++) {
            int batch = i;
            batches.get(batch).forEach((name, item) -> {
                if (item instanceof Item.Array array) {
                    in(array.tensor())
                            .ifPresent(found -> problems.add(String.format(
                                    "%s: %s batch %d: the input %s must hold finite numbers, got %s",
                                    place, what, batch, name, found.text())));
                }
            });
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }

    /** Such as {@code 3 NaN and 1 infinite in samples 2 and 7 (counted from 0)}. */
    public String text() {
        var counts = nan == 0
                ? infinite + " infinite"
                : nan + " NaN" + (infinite == 0 ? "" : " and " + infinite + " infinite");
        var shown = new StringBuilder(samples.size() == 1 ? "sample " : "samples ");
        int count = Math.min(MOST_SHOWN, samples.size());
        for (int i = 0; i < count; i++) {
            boolean isLast = i == samples.size() - 1;
            shown.append(i == 0 ? "" : isLast ? " and " : ", ").append(samples.get(i));
        }
        if (samples.size() > count) {
            shown.append(" and ").append(samples.size() - count).append(" others");
        }
        return counts + " in " + shown + " (counted from 0)";
    }
}
