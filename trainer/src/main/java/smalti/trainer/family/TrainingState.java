package smalti.trainer.family;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.spec.SpecException;
import smalti.trainer.graph.Parameters;

/** Everything that a training changes as it goes, so that it can be written down and put back. */
public final class TrainingState {
    private final Map<String, Parameters> parameters = new LinkedHashMap<>();
    private final Map<String, float[]> arrays = new LinkedHashMap<>();

    /** The parameters, each by its own name. */
    TrainingState with(Parameters added) {
        added.names().forEach(name -> parameters.put(name, added));
        return this;
    }

    /** Live arrays by name. */
    TrainingState with(Map<String, float[]> live) {
        arrays.putAll(live);
        return this;
    }

    /** Copies of all values by name. */
    public Map<String, float[]> snapshot() {
        var snapshot = new LinkedHashMap<String, float[]>();
        parameters.forEach((name, source) -> snapshot.put(name, source.values(name)));
        arrays.forEach((name, array) -> snapshot.put(name, array.clone()));
        return snapshot;
    }

    /**
     * Puts a snapshot back.
     *
     * @throws SpecException if it is not of a training like this one; nothing is changed then
     */
    public void restore(Map<String, float[]> snapshot) {
        var expected = snapshot();
        List<String> problems = new ArrayList<>();
        expected.forEach((name, values) -> {
            var stored = snapshot.get(name);
            if (stored == null) {
                problems.add("must hold " + name + ", but does not");
            } else if (stored.length != values.length) {
                problems.add(name + " must have " + values.length + " values, got " + stored.length);
            }
        });
        snapshot.keySet().stream()
                .filter(name -> !expected.containsKey(name))
                .forEach(name -> problems.add("holds " + name + ", which this model does not have"));
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        parameters.forEach((name, target) -> target.set(name, values(snapshot, name)));
        arrays.forEach((name, array) -> System.arraycopy(values(snapshot, name), 0, array, 0, array.length));
    }

    private static float[] values(Map<String, float[]> snapshot, String name) {
        return java.util.Objects.requireNonNull(snapshot.get(name));
    }
}
