package smalti.runtime;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Copies of lists and maps that users give, of which no part may be null. */
final class NoNulls {
    private NoNulls() {}

    /** @throws NullPointerException that names the list, or the place in it */
    static <T> List<T> in(List<T> given, String name) {
        var parts = new ArrayList<>(Objects.requireNonNull(given, name));
        for (int i = 0; i < parts.size(); i++) {
            Objects.requireNonNull(parts.get(i), name + "[" + i + "]");
        }
        return List.copyOf(parts);
    }

    /** @throws NullPointerException that names the map, or the key of the value */
    static <K, V> Map<K, V> in(Map<K, V> given, String name) {
        var parts = new LinkedHashMap<>(Objects.requireNonNull(given, name));
        parts.forEach((key, value) -> {
            Objects.requireNonNull(key, name + ": a key");
            Objects.requireNonNull(value, name + ": " + key);
        });
        return Collections.unmodifiableMap(parts);
    }
}
