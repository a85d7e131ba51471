package smalti.runtime;

import java.util.List;

/**
 * What a probe asks of a model.
 *
 * @param live whether it is open
 * @param ready whether it should be sent requests
 * @param reasons why it is not ready; empty where it is
 */
public record Health(boolean live, boolean ready, List<String> reasons) {
    public Health {
        reasons = List.copyOf(reasons);
    }
}
