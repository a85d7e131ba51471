package smalti.trainer.family;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.buffer.DataType;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;
import smalti.trainer.graph.GraphBuilder;

/** The input {@code class} [N] int64 of an inference graph. */
final class ClassInput {
    private ClassInput() {}

    /**
     * Makes the class an input where there are classes.
     *
     * @param inputs gets its signature
     * @return one-hot rows [N, classes], or null where there are no classes
     */
    static @Nullable SDVariable of(GraphBuilder g, List<String> classes, List<TensorSpec> inputs) {
        if (classes.isEmpty()) {
            return null;
        }
        inputs.add(TensorSpec.of("class", ElementType.INT64, "N"));
        return g.oneHot(g.input("class", DataType.INT64, -1), classes.size());
    }
}
