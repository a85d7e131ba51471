package smalti.bench.conformance;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import smalti.spec.file.NpyArray;

/**
 * A graph to run.
 *
 * @param id a plain file name
 * @param bundle that the graph is of, by name
 * @param inputs by name, in the graph's order
 * @param outputs names, in the graph's order
 */
record Job(String id, String bundle, Path model, Map<String, NpyArray> inputs, List<String> outputs) {
    boolean isInFewerBits() {
        return id.endsWith(".fp16") || id.endsWith(".int8");
    }
}
