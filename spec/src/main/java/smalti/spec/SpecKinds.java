package smalti.spec;

import java.util.List;
import java.util.Map;

/**
 * Kinds that a jar adds to what a spec may name: families, quantizers, schedules and parts of its own. The jar lists its
 * class in {@code META-INF/services/smalti.spec.SpecKinds}; {@link java.util.ServiceLoader} finds it there.
 */
public interface SpecKinds {
    List<SpecKind<?>> kinds();

    /**
     * The records that a spec may hold as one part, by the names of their kinds: Smalti's and those of every jar.
     *
     * @param of the part's open interface
     */
    static Map<String, Class<?>> known(Class<?> of) {
        return Map.copyOf(Kinds.of(of));
    }
}
