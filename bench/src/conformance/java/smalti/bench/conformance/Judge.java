package smalti.bench.conformance;

import java.util.Map;
import java.util.Optional;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;

/** Holds outputs to those of ONNX Runtime Java. */
final class Judge {
    /** Of the reference's range; another order of sums costs some 1e-6. */
    private static final double TOLERANCE = 1e-4;
    /** In levels of 255: a value that lies at a half may be rounded to either side. */
    private static final double LEVELS = 1;

    private static final double LEAST_EQUAL = 0.97;
    /** Of the reference's range, on average; a step of 8 bits is 0.4% of it. */
    private static final double TOLERANCE_IN_FEWER_BITS = 1e-2;

    private Judge() {}

    /** What is wrong, if anything is. */
    static Optional<String> wrong(Map<String, NpyArray> expected, Map<String, NpyArray> actual) {
        if (!expected.keySet().equals(actual.keySet())) {
            return Optional.of("outputs " + actual.keySet() + " instead of " + expected.keySet());
        }
        return expected.entrySet().stream()
                .flatMap(entry -> wrong(entry.getKey(), entry.getValue(), actual.get(entry.getKey())).stream())
                .findFirst();
    }

    /**
     * What is wrong with the outputs of a graph in fewer bits: roundings differ, and each may move what comes behind it.
     * Pixels must be within a level on average, floats within 1% of their range, and 97% of the codes equal.
     */
    static Optional<String> wrongInFewerBits(Map<String, NpyArray> expected, Map<String, NpyArray> actual) {
        for (var entry : expected.entrySet()) {
            var values = actual.get(entry.getKey());
            if (values == null || !values.shape().equals(entry.getValue().shape())) {
                return wrong(expected, actual);
            }
            var reference = numbers(entry.getValue());
            var numbers = numbers(values);
            double sum = 0;
            int equal = 0;
            for (int i = 0; i < reference.length; i++) {
                sum += Math.abs(reference[i] - numbers[i]);
                equal += reference[i] == numbers[i] ? 1 : 0;
            }
            boolean holds = switch (entry.getValue().type()) {
                case INT64 -> equal >= LEAST_EQUAL * reference.length;
                case UINT8 -> sum <= LEVELS * reference.length;
                // not-a-number holds nowhere
                default -> sum <= TOLERANCE_IN_FEWER_BITS * range(reference) * reference.length;
            };
            if (!holds) {
                return Optional.of("wrong values: " + entry.getKey() + " differs by " + sum / reference.length
                        + " on average, and " + equal + " of " + reference.length + " are equal");
            }
        }
        return Optional.empty();
    }

    private static Optional<String> wrong(
            String name, NpyArray expected, @org.jspecify.annotations.Nullable NpyArray actual) {
        if (actual == null || !actual.shape().equals(expected.shape())) {
            return Optional.of("shape of " + name + " is " + (actual == null ? "none" : actual.shape()) + " instead of "
                    + expected.shape());
        }
        var reference = numbers(expected);
        var values = numbers(actual);
        double allowed = switch (expected.type()) {
            case UINT8 -> LEVELS;
            case INT64 -> 0;
            default -> TOLERANCE * range(reference);
        };
        int wrong = 0;
        double worst = 0;
        for (int i = 0; i < reference.length; i++) {
            double difference = Math.abs(reference[i] - values[i]);
            worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
            wrong += difference <= allowed ? 0 : 1;
        }
        return wrong == 0
                ? Optional.empty()
                : Optional.of("wrong values: " + wrong + " of " + reference.length + " of " + name
                        + " differ, by up to " + worst);
    }

    private static double range(double[] values) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            least = Math.min(least, value);
            most = Math.max(most, value);
        }
        return most - least;
    }

    private static double[] numbers(NpyArray array) {
        if (array.type() == ElementType.UINT8) {
            var bytes = array.bytes();
            var numbers = new double[bytes.length];
            for (int i = 0; i < bytes.length; i++) {
                numbers[i] = bytes[i] & 0xFF;
            }
            return numbers;
        } else if (array.type() == ElementType.INT64) {
            return java.util.Arrays.stream(array.longs()).asDoubleStream().toArray();
        }
        var floats = array.floats();
        var numbers = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            numbers[i] = floats[i];
        }
        return numbers;
    }
}
