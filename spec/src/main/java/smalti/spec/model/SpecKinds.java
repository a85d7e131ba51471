package smalti.spec.model;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import smalti.spec.SpecException;

/**
 * Kinds that a jar adds to what a spec may name: families, quantizers, schedules and parts of its own. The jar lists its
 * class in {@code META-INF/services/smalti.spec.model.SpecKinds}; {@link java.util.ServiceLoader} finds it there.
 */
public interface SpecKinds {
    List<SpecKind<?>> kinds();

    /**
     * The records that a file may hold as one part, by the names of their kinds: of an open interface Smalti's and those of
     * every jar, of a sealed one the permitted ones.
     *
     * @return in the order in which they were registered; cannot be changed
     * @throws SpecException if two jars give one name
     */
    static Map<String, Class<?>> known(Class<?> of) {
        return Collections.unmodifiableMap(Kinds.of(of));
    }

    /**
     * As files name a kind.
     *
     * @throws SpecException if the record is not registered
     */
    static String name(Class<?> of, Class<?> implementation) {
        return Kinds.name(of, implementation);
    }
}
