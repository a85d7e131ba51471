package smalti.trainer.part;

import java.util.function.Function;

/**
 * How one record of a spec becomes what trains.
 *
 * @param spec the record's class, whose name in files a {@link smalti.spec.model.SpecKinds} registers
 * @param makes what it becomes, such as an {@link smalti.trainer.optimizer.UpdateRule}
 */
public record Part<S, T>(Class<S> spec, Class<T> makes, Function<? super S, ? extends T> make) {
    T of(Object found) {
        return make.apply(spec.cast(found));
    }
}
