package smalti.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Signature;
import smalti.spec.onnx.OnnxFile;
import smalti.spec.onnx.OnnxType;
import smalti.spec.onnx.OnnxValue;

/** Whether a file's inputs and outputs are such that rows of several requests can share a run. */
final class RowsSignature {
    private RowsSignature() {}

    /**
     * @param graph null where it cannot be read
     * @throws LoadException with all that stands against it, in the signature and in the graph
     */
    static void check(String file, Signature signature, @Nullable OnnxFile graph) {
        var problems = new ArrayList<String>();
        if (graph != null) {
            Stream.of(graph.graph().inputs(), graph.graph().outputs())
                    .flatMap(values -> unranked(values).stream())
                    .sorted()
                    .forEach(name -> problems.add(file + ": for requests of rows, axis 0 of every input"
                            + " and output must be free and of one name, and of " + name
                            + " not even the rank is said; open it"
                            + " with Requests.ALONE"));
        }
        require(problems);
        var batches = Stream.concat(signature.inputs().stream(), signature.outputs().stream())
                .map(tensor -> tensor.shape().isEmpty() || tensor.shape().get(0).isFixed()
                        ? tensor + " has none"
                        : String.valueOf(tensor.shape().get(0).symbol()))
                .distinct()
                .toList();
        if (batches.size() != 1 || batches.get(0).contains(" ")) {
            problems.add(file + ": for requests of rows, axis 0 of every input and output must be free and of one name,"
                    + " got " + batches + "; open it with Requests.ALONE");
        }
        var bound = signature.inputs().stream()
                .flatMap(tensor -> tensor.shape().stream())
                .map(Dimension::symbol)
                .collect(Collectors.toSet());
        signature.outputs().stream()
                .filter(output -> output.shape().stream()
                        .anyMatch(dimension -> !dimension.isFixed() && !bound.contains(dimension.symbol())))
                .forEach(output -> problems.add(file + ": for requests of rows, the sizes of outputs must be those of"
                        + " inputs, got " + output + "; open it with Requests.ALONE"));
        require(problems);
        if (graph != null) {
            require(RowMixing.problems(file, graph, signature));
        }
    }

    private static void require(List<String> problems) {
        if (!problems.isEmpty()) {
            throw new LoadException(problems);
        }
    }

    /** Those of unknown rank, which ONNX Runtime's Java API does not tell from single numbers. */
    static Set<String> unranked(List<OnnxValue> values) {
        return values.stream()
                .filter(value -> value.type() instanceof OnnxType.OfTensor tensor
                        && tensor.axes().isEmpty())
                .map(OnnxValue::name)
                .collect(Collectors.toSet());
    }
}
