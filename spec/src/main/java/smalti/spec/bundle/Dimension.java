package smalti.spec.bundle;

import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.SpecException;

/**
 * One axis of a tensor: fixed ({@code 64}), free ({@code N}), or free with a factor ({@code 4*h}: a multiple of 4, and
 * four times whatever {@code h} is elsewhere in the signature).
 *
 * @param factor the size itself where {@code symbol} is null, else what the symbol is multiplied by; a size of 0 is for
 *     files from anywhere, and no text is read as one
 */
public record Dimension(long factor, @Nullable String symbol) {
    private static final Pattern FORM = Pattern.compile("(?:(\\d{1,9})\\*)?([A-Za-z][A-Za-z0-9_]*)|(\\d{1,9})");

    public Dimension {
        Check.that(factor >= (symbol == null ? 0 : 1), "must be a size, a name or SIZE*NAME, got %s", factor)
                .done();
    }

    public static Dimension of(long size) {
        return new Dimension(size, null);
    }

    public static Dimension free(String symbol) {
        return new Dimension(1, symbol);
    }

    /** The inverse of {@link #toString}. */
    public static Dimension parse(String text) {
        var match = FORM.matcher(text);
        if (!match.matches()) {
            throw new SpecException("must be a size, a name or SIZE*NAME, got \"" + text + "\"");
        }
        if (match.group(3) != null && Long.parseLong(match.group(3)) == 0) {
            throw new SpecException("must be a size, a name or SIZE*NAME, got \"" + text + "\"");
        } else if (match.group(3) != null) {
            return of(Long.parseLong(match.group(3)));
        }
        return new Dimension(match.group(1) == null ? 1 : Long.parseLong(match.group(1)), match.group(2));
    }

    public boolean isFixed() {
        return symbol == null;
    }

    /** The free dimension's name. */
    public Optional<String> name() {
        return Optional.ofNullable(symbol);
    }

    /** Written out, as is the hash: what the JVM makes of a record at first use takes it longer than loading a graph. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Dimension that && factor == that.factor && Objects.equals(symbol, that.symbol);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(factor) + Objects.hashCode(symbol);
    }

    @Override
    public String toString() {
        return symbol == null ? Long.toString(factor) : factor == 1 ? symbol : factor + "*" + symbol;
    }
}
