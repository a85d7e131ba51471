package smalti.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import smalti.runtime.Device.Sizes;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/**
 * The shapes that a device was made ready for.
 *
 * @param sizes of free dimensions by their symbol; those of no symbol here are not bound
 */
record ShapeRange(Map<String, Sizes> sizes) {
    static final ShapeRange ANY = new ShapeRange(Map.of());

    /**
     * Binds every free dimension of a graph's inputs.
     *
     * @param most items in a batch
     * @param given sizes that the user gave
     * @param usual sizes of what the user gave none for
     * @throws InputException if nothing gives the sizes of a dimension
     */
    static ShapeRange of(Signature signature, int most, Map<String, Sizes> given, Map<String, Long> usual) {
        var sizes = new TreeMap<String, Sizes>();
        var unknown = new ArrayList<String>();
        // the batch is cut and padded here, so its bounds are known; an engine has one optimum, and the largest batches
        // come when there is most to do
        if (!signature.inputs().get(0).shape().isEmpty()) {
            signature
                    .inputs()
                    .get(0)
                    .shape()
                    .get(0)
                    .name()
                    .ifPresent(batch -> sizes.put(batch, new Sizes(1, most, most)));
        }
        for (var input : signature.inputs()) {
            for (var dimension : input.shape()) {
                var symbol = dimension.symbol();
                if (symbol == null || sizes.containsKey(symbol)) {
                    continue;
                }
                var size = usual.get(symbol);
                var range = given.getOrDefault(symbol, size == null ? null : new Sizes(size, size, size));
                if (range != null) {
                    sizes.put(symbol, range);
                } else if (!unknown.contains(symbol)) {
                    unknown.add(symbol);
                }
            }
        }
        if (!unknown.isEmpty()) {
            throw new LoadException("an engine must be made for sizes of " + String.join(", ", unknown) + " in "
                    + signature.inputs() + "; give them by Device.tensorrt(...).withSizes");
        }
        return new ShapeRange(sizes);
    }

    /** The usual size of each symbol. */
    Map<String, Long> usual() {
        var usual = new TreeMap<String, Long>();
        sizes.forEach((symbol, range) -> usual.put(symbol, range.usual()));
        return usual;
    }

    /** Whether no input has a free dimension. */
    boolean isFixed(Signature signature) {
        return signature.inputs().stream().allMatch(ShapeRange::isFixed);
    }

    /** The inputs with free dimensions, as TensorRT's provider reads them: {@code noise:1x16,class:1}. */
    String profile(Signature signature, ToLongFunction<Sizes> which) {
        return signature.inputs().stream()
                .filter(input -> !isFixed(input))
                .map(input -> input.name() + ":"
                        + shape(input, which).stream()
                                .map(size -> Long.toString(size))
                                .collect(Collectors.joining("x")))
                .collect(Collectors.joining(","));
    }

    /** @throws InputException if a tensor is not within the range; the batch counts for nothing, as it is cut */
    void check(List<HostTensor> inputs) {
        if (sizes.isEmpty()) {
            return;
        }
        var problems = new ArrayList<String>();
        for (var input : inputs) {
            var shape = input.shape();
            for (int axis = 1; axis < shape.length; axis++) {
                var dimension = input.spec().shape().get(axis);
                var range = sizes.get(dimension.name().orElse(""));
                long size = shape[axis] / dimension.factor();
                if (range != null && (size < range.least() || size > range.most())) {
                    problems.add(input.spec() + " must have a " + dimension.symbol() + " of " + range
                            + ", which its engine was made for, got " + size
                            + "; give Device.tensorrt(...).withSizes for others");
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new InputException(problems);
        }
    }

    private List<Long> shape(TensorSpec input, ToLongFunction<Sizes> which) {
        return input.shape().stream().map(dimension -> size(dimension, which)).toList();
    }

    private long size(Dimension dimension, ToLongFunction<Sizes> which) {
        var range = sizes.get(dimension.name().orElse(""));
        return range == null ? dimension.factor() : which.applyAsLong(range) * dimension.factor();
    }

    private static boolean isFixed(TensorSpec input) {
        return input.shape().stream().allMatch(Dimension::isFixed);
    }
}
