package smalti.runtime;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Names of a file's free axes: one for each name there, of letters, digits and underscores, and no two alike. */
final class AxisNames {
    private final Map<String, String> ofFile = new HashMap<>();
    private final Set<String> used = new HashSet<>();

    /** @param name in the file: the same gives the same */
    String of(String name) {
        return ofFile.computeIfAbsent(name, this::invented);
    }

    /** As near to what is wished as can be. */
    String invented(String wished) {
        var plain = wished.replaceAll("[^A-Za-z0-9_]", "_");
        plain = plain.matches("[A-Za-z].*") ? plain : "axis_" + plain;
        var name = plain;
        for (int i = 2; !used.add(name); i++) {
            name = plain + "_" + i;
        }
        return name;
    }
}
