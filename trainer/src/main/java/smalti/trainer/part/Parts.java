package smalti.trainer.part;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;

/** Every {@link Part} there is: Smalti's own and those that other jars add. */
public final class Parts {
    private static @Nullable Map<Class<?>, Part<?, ?>> found;

    private Parts() {}

    /**
     * What a record of a spec becomes.
     *
     * @param spec a family, quantizer, optimizer, loss, …
     * @throws SpecException if no part makes that of such a record
     */
    public static <T> T of(Object spec, Class<T> makes) {
        var part = all().get(spec.getClass());
        if (part == null || part.makes() != makes) {
            throw new SpecException("a " + spec.getClass().getName() + " must have a part that makes a "
                    + makes.getName() + " of it, and has none; add one by a " + TrainerParts.class.getName()
                    + " named in META-INF/services");
        }
        return makes.cast(part.of(spec));
    }

    /** The records that something can be made of. */
    public static Set<Class<?>> known(Class<?> makes) {
        return all().values().stream()
                .filter(part -> part.makes() == makes)
                .map(Part::spec)
                .collect(Collectors.toUnmodifiableSet());
    }

    private static synchronized Map<Class<?>, Part<?, ?>> all() {
        if (found == null) {
            var parts = new ArrayList<Part<?, ?>>();
            ServiceLoader.load(TrainerParts.class).forEach(more -> parts.addAll(more.parts()));
            found = collect(parts);
        }
        return found;
    }

    /** @throws SpecException with every record that two parts are for */
    static Map<Class<?>, Part<?, ?>> collect(Collection<? extends Part<?, ?>> parts) {
        var bySpec = new LinkedHashMap<Class<?>, Part<?, ?>>();
        List<String> problems = new ArrayList<>();
        for (var part : parts) {
            if (bySpec.putIfAbsent(part.spec(), part) != null) {
                problems.add(part.spec().getName() + " must have one part in all jars together, and has two");
            }
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        return bySpec;
    }
}
