package smalti.exporter.opset;

import java.util.Arrays;
import smalti.exporter.graph.Tensor;

/** Numbers that cases are made of. */
final class Numbers {
    private Numbers() {}

    /** Of both signs, none like another, in [−1.5, 1.5]. */
    static Tensor some(int seed, long... sizes) {
        var numbers = new float[(int) Arrays.stream(sizes).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (1.5 * Math.sin(1.7 * i + seed));
        }
        return Tensor.of(numbers, sizes);
    }

    static Tensor floats(double[] numbers, long... sizes) {
        var floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers[i];
        }
        return Tensor.of(floats, sizes);
    }

    static Tensor list(long... numbers) {
        return Tensor.of(numbers, numbers.length);
    }

    static double[] of(Tensor tensor) {
        var numbers = new double[tensor.count()];
        Arrays.setAll(numbers, tensor::number);
        return numbers;
    }

    /** By its series, which for |x| ≤ 3 has all digits after 60 terms. */
    static double erf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 60; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }
}
