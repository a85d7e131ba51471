package smalti.exporter.lowering;

import static smalti.spec.bundle.ElementType.FLOAT32;

import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.bundle.TensorSpec;

/** Short forms of cases. */
final class Cases {
    private Cases() {}

    /** Of one input "x" and one output. */
    static OpCase one(
            String op,
            String label,
            String shape,
            BiFunction<SameDiff, SDVariable, SDVariable> build,
            Function<Doubles, Doubles> meaning) {
        return many(
                op,
                label,
                shape,
                (graph, x) -> new SDVariable[] {build.apply(graph, x)},
                x -> List.of(meaning.apply(x)));
    }

    /** Of one input "x" and several outputs. */
    static OpCase many(
            String op,
            String label,
            String shape,
            BiFunction<SameDiff, SDVariable, SDVariable[]> build,
            Function<Doubles, List<Doubles>> meaning) {
        return new OpCase(
                op,
                label,
                List.of(TensorSpec.of("x", FLOAT32, shape)),
                OpCases.PICTURES,
                Map.of(),
                (graph, in) -> named(build.apply(graph, in.apply("x"))),
                in -> numbered(meaning.apply(OpCases.get(in, "x"))),
                0,
                null);
    }

    static SDVariable named(SDVariable[] made) {
        for (int i = 0; i < made.length; i++) {
            made[i].rename(i == 0 ? "y" : "y" + i);
        }
        return made[0];
    }

    static Map<String, Doubles> numbered(List<Doubles> values) {
        var numbered = new java.util.LinkedHashMap<String, Doubles>();
        for (var value : values) {
            numbered.put(numbered.isEmpty() ? "y" : "y" + numbered.size(), value);
        }
        return numbered;
    }

    static SDVariable ints(SameDiff graph, int... values) {
        return graph.constant(Nd4j.createFromArray(values));
    }
}
