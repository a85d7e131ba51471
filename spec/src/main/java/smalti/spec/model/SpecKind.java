package smalti.spec.model;

import smalti.spec.Check;

/**
 * A kind of one part of a spec, such as {@code ema} of {@link Quantizer}.
 *
 * @param of the open interface that it is a kind of
 * @param name the value of {@code kind} in files
 * @param type a record, whose components are the keys in files
 */
public record SpecKind<T>(Class<T> of, String name, Class<? extends T> type) {
    public SpecKind {
        Check.that(
                        of.isInterface() && !of.isSealed(),
                        "a kind must be of an open interface, got %s of %s",
                        name,
                        of.getName())
                .and(
                        name.matches("[a-z0-9]+(-[a-z0-9]+)*"),
                        "the name of a kind must be lower-case words with '-' between, got \"%s\"",
                        name)
                .and(type.isRecord(), "the type of kind %s must be a record, got %s", name, type.getName())
                .done();
    }
}
