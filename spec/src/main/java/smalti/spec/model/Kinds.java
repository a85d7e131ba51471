package smalti.spec.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;

/**
 * The records that an interface may be in files, by the names of their kinds: of a sealed interface the permitted ones,
 * of an open one those that are registered.
 */
final class Kinds {
    private static @Nullable Map<Class<?>, Map<String, Class<?>>> registered;

    private Kinds() {}

    /**
     * In the order in which they were registered.
     *
     * @throws SpecException if two jars give one name
     */
    static Map<String, Class<?>> of(Class<?> parent) {
        if (!parent.isSealed()) {
            return registered().getOrDefault(parent, Map.of());
        }
        var kinds = new LinkedHashMap<String, Class<?>>();
        for (var permitted : parent.getPermittedSubclasses()) {
            kinds.put(sealedName(parent, permitted), permitted);
        }
        return kinds;
    }

    /** @throws SpecException if the implementation is not registered */
    static String name(Class<?> parent, Class<?> implementation) {
        if (parent.isSealed()) {
            return sealedName(parent, implementation);
        }
        for (var kind : of(parent).entrySet()) {
            if (kind.getValue() == implementation) {
                return kind.getKey();
            }
        }
        throw new SpecException(implementation.getName() + " must be registered as a kind of "
                + parent.getSimpleName() + " to be written, by a " + SpecKinds.class.getName()
                + "; registered are " + String.join(", ", of(parent).keySet()));
    }

    /** {@code Codebook} of {@code Contract} is codebook; a name that ends with its parent's loses that end. */
    private static String sealedName(Class<?> parent, Class<?> implementation) {
        var name = implementation.getSimpleName();
        var suffix = parent.getSimpleName();
        var stem = name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
        return stem.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    }

    private static synchronized Map<Class<?>, Map<String, Class<?>>> registered() {
        if (registered == null) {
            var all = new ArrayList<SpecKinds>(List.of(new SmaltiKinds()));
            ServiceLoader.load(SpecKinds.class).forEach(all::add);
            registered = collect(all);
        }
        return registered;
    }

    /** @throws SpecException with every name that is given twice */
    static Map<Class<?>, Map<String, Class<?>>> collect(List<? extends SpecKinds> lists) {
        var collected = new LinkedHashMap<Class<?>, Map<String, Class<?>>>();
        var problems = new ArrayList<String>();
        for (var list : lists) {
            for (var kind : list.kinds()) {
                var former = collected
                        .computeIfAbsent(kind.of(), parent -> new LinkedHashMap<>())
                        .putIfAbsent(kind.name(), kind.type());
                if (former != null && former != kind.type()) {
                    problems.add("kind " + kind.name() + " of " + kind.of().getSimpleName() + " must be one class, got "
                            + former.getName() + " and " + kind.type().getName() + "; give one of them another name");
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        return collected;
    }
}
