package smalti.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Options that name one of a few. */
final class Choices {
    private Choices() {}

    /** @throws WrongUse listing all there are, if there is none of that name */
    static <E extends Enum<E>> E of(String option, String given, E[] all) {
        return Arrays.stream(all)
                .filter(one -> name(one).equals(given))
                .findFirst()
                .orElseThrow(() -> new WrongUse(option + " must be one of "
                        + Arrays.stream(all).map(Choices::name).collect(Collectors.joining(", ")) + ", got " + given));
    }

    private static String name(Enum<?> one) {
        return one.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
