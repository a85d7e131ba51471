package smalti.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.TensorSpec;

/** The sizes of a signature's free dimensions, as the inputs of one request give them. */
final class ShapeBinding {
    private final Map<String, Long> sizes = new HashMap<>();
    private final List<String> problems = new ArrayList<>();

    private final int least;

    private ShapeBinding(int least) {
        this.least = least;
    }

    /** @throws InputException with every axis that breaks its dimension, or is 0 */
    static ShapeBinding of(List<HostTensor> inputs) {
        return of(inputs, 1);
    }

    /**
     * As {@link #of}, where an axis may be 0.
     *
     * @param unranked names of inputs that may have any shape
     */
    static void check(List<HostTensor> inputs, Set<String> unranked) {
        var ranked = inputs.stream()
                .filter(input -> !unranked.contains(input.spec().name()))
                .toList();
        var unused = of(ranked, 0);
    }

    private static ShapeBinding of(List<HostTensor> inputs, int least) {
        var binding = new ShapeBinding(least);
        for (var input : inputs) {
            binding.bind(input.spec(), input.shape());
        }
        if (!binding.problems.isEmpty()) {
            throw new InputException(binding.problems);
        }
        return binding;
    }

    /** @throws InputException if a free dimension of {@code output} is in no input */
    long[] shapeOf(TensorSpec output) {
        var shape = new long[output.shape().size()];
        for (int axis = 0; axis < shape.length; axis++) {
            var dimension = output.shape().get(axis);
            shape[axis] = dimension.factor() * (dimension.symbol() == null ? 1 : bound(dimension.symbol()));
        }
        return shape;
    }

    private long bound(String symbol) {
        var size = sizes.get(symbol);
        if (size == null) {
            throw new InputException("no input gives the size " + symbol);
        }
        return size;
    }

    private void bind(TensorSpec spec, long[] shape) {
        var dimensions = spec.shape();
        if (dimensions.size() != shape.length) {
            problem(spec, shape, "it must have " + dimensions.size() + " axes, got " + shape.length);
            return;
        }
        for (int axis = 0; axis < shape.length; axis++) {
            var dimension = dimensions.get(axis);
            var size = shape[axis];
            if (dimension.isFixed()) {
                if (size != dimension.factor()) {
                    problem(spec, shape, "axis " + axis + " must be " + dimension + ", got " + size);
                }
            } else if (size < least) {
                problem(spec, shape, "axis " + axis + " must be at least " + least + ", got " + size);
            } else if (size % dimension.factor() != 0) {
                problem(spec, shape, "axis " + axis + " must be a multiple of " + dimension.factor() + ", got " + size);
            } else {
                bind(spec, shape, axis, dimension);
            }
        }
    }

    private void bind(TensorSpec spec, long[] shape, int axis, Dimension dimension) {
        long value = shape[axis] / dimension.factor();
        var symbol = Objects.requireNonNull(dimension.symbol(), "only a free dimension is bound");
        var before = sizes.putIfAbsent(symbol, value);
        if (before != null && before != value) {
            problem(
                    spec,
                    shape,
                    "axis " + axis + " must be " + before * dimension.factor() + " (" + symbol + " is " + before
                            + " by an axis before), got " + shape[axis]);
        }
    }

    private void problem(TensorSpec spec, long[] shape, String rule) {
        var got = Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining(",", "[", "]"));
        problems.add(got + " does not fit " + spec + ": " + rule);
    }
}
