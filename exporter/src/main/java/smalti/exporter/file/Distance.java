package smalti.exporter.file;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proof.Masked;
import smalti.exporter.proof.ModelSession.Item;

/** How far outputs are from those that were expected. */
final class Distance {
    /** Of the range of an output. Float32 sums in another order differ by some 1e-6 of it. */
    static final double TOLERANCE = 1e-4;

    /** Of 16-bit floats, which have 8 or 11 bits. */
    private static final double HALF_TOLERANCE = 1e-2;

    private final Set<String> problems = new LinkedHashSet<>();
    private double worst;
    private boolean isOfAny;

    void problem(String problem) {
        problems.add(problem);
    }

    void add(String output, Item expected, Item actual) {
        if (expected instanceof Item.Array wanted && actual instanceof Item.Array got) {
            add(output, wanted.tensor(), got.tensor());
        } else if (expected instanceof Item.Sequence wanted
                && actual instanceof Item.Sequence got
                && wanted.items().size() == got.items().size()) {
            for (int i = 0; i < wanted.items().size(); i++) {
                add(output + "[" + i + "]", wanted.items().get(i), got.items().get(i));
            }
        } else if (!expected.equals(actual)) {
            problem("output " + output + " must be the same, and is not");
        }
    }

    void add(String output, Tensor expected, Tensor actual) {
        if (expected.type() != actual.type() || !expected.dims().equals(actual.dims())) {
            problem("output " + output + " must be " + expected.type() + expected.dims() + ", got " + actual.type()
                    + actual.dims());
            return;
        }
        isOfAny = true;
        if (!expected.type().isFloat()) {
            if (!expected.data().equals(actual.data())) {
                problem("output " + output + " of " + expected.type() + " must be the same, and "
                        + differences(expected, actual));
            }
            return;
        }
        double difference = 0;
        for (int i = 0; i < expected.count(); i++) {
            double wanted = expected.number(i);
            double got = actual.number(i);
            if (Double.compare(wanted, got) == 0 || wanted == got) {
                continue;
            }
            if (!Double.isFinite(wanted) || !Double.isFinite(got)) {
                problem("output " + output + " must have " + wanted + " where it has " + got);
                return;
            }
            difference = Math.max(difference, Math.abs(wanted - got));
        }
        if (difference == 0) {
            return;
        }
        double range = range(expected, actual);
        double share = range == 0 ? Double.POSITIVE_INFINITY : difference / range;
        worst = Math.max(worst, share);
        boolean half = expected.type() == ValueType.FLOAT16 || expected.type() == ValueType.BFLOAT16;
        if (share > (half ? HALF_TOLERANCE : TOLERANCE)) {
            problem(String.format(
                    Locale.ROOT, "output %s differs by %.3g, which is %.3g of its range", output, difference, share));
        }
    }

    /** From 0 on: an output that hardly varies may still differ in its last bits. */
    private static double range(Tensor expected, Tensor actual) {
        double masked = Masked.above(expected, actual);
        double least = 0;
        double most = 0;
        for (int i = 0; i < expected.count(); i++) {
            double wanted = expected.number(i);
            if (Double.isFinite(wanted) && (Math.abs(wanted) <= masked || wanted != actual.number(i))) {
                least = Math.min(least, wanted);
                most = Math.max(most, wanted);
            }
        }
        return most - least;
    }

    private static String differences(Tensor expected, Tensor actual) {
        int count = 0;
        double most = 0;
        for (int i = 0; i < expected.count(); i++) {
            double difference = Math.abs(expected.number(i) - actual.number(i));
            most = Math.max(most, difference);
            count += difference == 0 ? 0 : 1;
        }
        return String.format(Locale.ROOT, "%d of %d elements differ, by %.0f at most", count, expected.count(), most);
    }

    /** The largest difference of floats, as a share of the range of their output. */
    double worst() {
        return worst;
    }

    /** Whether any numbers were compared: not where all outputs have other types or shapes. */
    boolean isOfAny() {
        return isOfAny;
    }

    /** What is too far off; nothing if all is well. */
    List<String> problems() {
        return List.copyOf(problems);
    }
}
