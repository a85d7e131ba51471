package smalti.exporter.lowering;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/**
 * One use of one operation.
 *
 * @param op nd4j's name of it, which the graph must hold
 * @param sizes of the free dimensions, one run each
 * @param domains from normally distributed numbers (whole ones from 0 to {@link OpCases#CODES}) to an input's values
 * @param build makes the graph out of its placeholders
 * @param reference what the graph means, in float64, by output
 * @param tolerance relative to the largest of the result; 0: that of the output's type
 * @param since the opset below which the case must be refused
 * @param wrong how SameDiff's own result is wrong, or null
 */
record OpCase(
        String op,
        String label,
        List<TensorSpec> inputs,
        List<Map<String, Integer>> sizes,
        Map<String, DoubleUnaryOperator> domains,
        Build build,
        Function<Map<String, Doubles>, Map<String, Doubles>> reference,
        double tolerance,
        @Nullable String wrong,
        int since) {

    OpCase(
            String op,
            String label,
            Signature ends,
            List<Map<String, Integer>> sizes,
            Build build,
            Function<Map<String, Doubles>, Doubles> reference) {
        this(op, label, ends.inputs(), sizes, Map.of(), build, in -> Map.of("y", reference.apply(in)), 0, null);
    }

    OpCase(
            String op,
            String label,
            List<TensorSpec> inputs,
            List<Map<String, Integer>> sizes,
            Map<String, DoubleUnaryOperator> domains,
            Build build,
            Function<Map<String, Doubles>, Map<String, Doubles>> reference,
            double tolerance,
            @Nullable String wrong) {
        this(op, label, inputs, sizes, domains, build, reference, tolerance, wrong, 0);
    }

    /** Makes the variable "y", or those that the reference names. */
    @FunctionalInterface
    interface Build {
        SDVariable in(SameDiff graph, Function<String, SDVariable> inputs);
    }

    /** Each input from a normal number. */
    OpCase domain(String input, DoubleUnaryOperator domain) {
        var more = new LinkedHashMap<>(domains);
        more.put(input, domain);
        return new OpCase(op, label, inputs, sizes, more, build, reference, tolerance, wrong, since);
    }

    OpCase within(double relative) {
        return new OpCase(op, label, inputs, sizes, domains, build, reference, relative, wrong, since);
    }

    /** SameDiff does not do what it documents, which the test then holds it to. */
    OpCase sameDiffIsWrong(String how) {
        return new OpCase(op, label, inputs, sizes, domains, build, reference, tolerance, how, since);
    }

    /** ONNX cannot say it in an older opset. */
    OpCase since(int opset) {
        return new OpCase(op, label, inputs, sizes, domains, build, reference, tolerance, wrong, opset);
    }

    /** The same for each type of its inputs that are of the first one's type. */
    List<OpCase> of(smalti.spec.bundle.ElementType... types) {
        var cases = new ArrayList<OpCase>();
        for (var type : types) {
            var first = inputs.get(0).type();
            var typed = inputs.stream()
                    .map(input -> input.type() == first ? new TensorSpec(input.name(), type, input.shape()) : input)
                    .collect(Collectors.toList());
            cases.add(new OpCase(
                    op, label + " " + type, typed, sizes, domains, build, reference, tolerance, wrong, since));
        }
        return cases;
    }
}
