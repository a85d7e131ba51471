package smalti.runtime;

import org.jspecify.annotations.Nullable;

/** What its values make: equal to another of its class with equal values. New values break nobody, as none are in line. */
abstract class ByValue {
    abstract Record values();

    @Override
    public final boolean equals(@Nullable Object other) {
        // the records are of one class for each of these
        return other instanceof ByValue that && values().equals(that.values());
    }

    @Override
    public final int hashCode() {
        return values().hashCode();
    }

    @Override
    public String toString() {
        var shown = values().toString();
        return getClass().getSimpleName() + shown.substring(shown.indexOf('['));
    }
}
