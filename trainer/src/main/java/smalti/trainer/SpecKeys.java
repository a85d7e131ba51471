package smalti.trainer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.spec.SpecException;
import smalti.spec.file.RecordTree;
import smalti.spec.model.ModelSpec;

/** Changes a spec's values by their dotted keys, such as {@code training.optimizer.learningRate}. */
public final class SpecKeys {
    private static final int MOST_NEAREST = 3;
    private static final String KIND = "kind";

    private SpecKeys() {}

    /**
     * @param values YAML by key; a mapping replaces all that is below its key, and so does another {@code kind}: what is
     *     beside it then has the new kind's defaults, where no other key is for it
     * @param place names the source of the values in errors
     * @throws SpecException with every unknown key, the nearest ones that there are, and every value that breaks a rule
     */
    public static ModelSpec with(ModelSpec spec, Map<String, String> values, String place) {
        var base = (ObjectNode) RecordTree.tree(spec);
        var known = new LinkedHashMap<String, JsonNode>();
        collect(base, "", known);
        var changed = base.deepCopy();
        var problems = new ArrayList<String>();
        var replaced = new ArrayList<String>();
        // a kind before what is beside it
        values.entrySet().stream().sorted(Comparator.comparing(SpecKeys::order)).forEach(entry -> {
            var key = entry.getKey();
            var value = entry.getValue();
            boolean ofNewKind = replaced.stream().anyMatch(key::startsWith);
            if (!known.containsKey(key) && !ofNewKind) {
                problems.add(place + ": " + key + " is no key of this model; nearest: "
                        + String.join(", ", nearest(key, known)));
                return;
            }
            try {
                int dot = key.lastIndexOf('.');
                var above = dot < 0 ? "" : "/" + key.substring(0, dot).replace('.', '/');
                var parent = changed.at(above);
                if (parent.isMissingNode() && ofNewKind) {
                    parent = changed.withObject(above);
                }
                if (parent instanceof ObjectNode mapping) {
                    var given = SpecFiles.YAML.readTree(value);
                    if (isKind(key) && !given.equals(mapping.get(KIND))) {
                        mapping.removeAll();
                        replaced.add(key.substring(0, dot + 1));
                    }
                    mapping.set(key.substring(dot + 1), given);
                } else {
                    problems.add(place + ": " + key + " is set, and so is a key above it; give one of them");
                }
            } catch (JsonProcessingException e) {
                problems.add(place + ": " + key + " must be a value in YAML, got " + value);
            }
        });
        try {
            var bound = SpecFiles.bind(changed, base, place);
            if (problems.isEmpty()) {
                return bound;
            }
        } catch (SpecException e) {
            problems.addAll(e.problems());
        }
        throw new SpecException(problems);
    }

    private static boolean isKind(String key) {
        return key.endsWith("." + KIND);
    }

    /** Kinds first, those of the outer parts before those within. */
    private static int order(Map.Entry<String, String> value) {
        var key = value.getKey();
        return isKind(key) ? key.split("\\.").length : Integer.MAX_VALUE;
    }

    private static void collect(JsonNode node, String path, Map<String, JsonNode> keys) {
        node.properties().forEach(entry -> {
            var key = path.isEmpty() ? entry.getKey() : path + "." + entry.getKey();
            keys.put(key, entry.getValue());
            collect(entry.getValue(), key, keys);
        });
    }

    /** Those that take the fewest edits; a last word that is the same, in any case, comes first. */
    private static List<String> nearest(String key, Map<String, JsonNode> known) {
        return known.keySet().stream()
                .sorted(Comparator.<String>comparingInt(other -> last(other).equalsIgnoreCase(last(key)) ? 0 : 1)
                        .thenComparingInt(other -> Math.min(edits(key, other), 1 + edits(last(key), last(other)))))
                .limit(MOST_NEAREST)
                .toList();
    }

    private static String last(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /** How many letters must be put in, left out or replaced (Levenshtein 1966). */
    static int edits(String one, String other) {
        var row = new int[other.length() + 1];
        for (int j = 0; j <= other.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int above = row[j];
                int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(above, row[j - 1]));
                diagonal = above;
            }
        }
        return row[other.length()];
    }
}
