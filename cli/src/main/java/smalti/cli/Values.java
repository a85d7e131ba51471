package smalti.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How the words of a command line become numbers and paths, with errors that a user can read. */
final class Values {
    private static final String FEWER = "must be a whole number of fewer digits";

    private Values() {}

    static void register(CommandLine line) {
        ITypeConverter<Integer> whole = text -> (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE, FEWER);
        ITypeConverter<Long> large = text -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE, FEWER);
        line.registerConverter(Integer.class, whole);
        line.registerConverter(int.class, whole);
        line.registerConverter(Long.class, large);
        line.registerConverter(long.class, large);
        line.registerConverter(Double.class, Values::number);
        line.registerConverter(double.class, Values::number);
        line.registerConverter(Boolean.class, Values::flag);
        line.registerConverter(boolean.class, Values::flag);
        line.registerConverter(Path.class, Values::path);
    }

    /** Of an option whose bounds do not hang on others. */
    static int within(String text, int least, int most) {
        return (int) whole(text, least, most, "must be from " + least + " to " + most);
    }

    private static long whole(String text, long least, long most, String rule) {
        if (!text.matches("[-+]?\\d+")) {
            throw new TypeConversionException("must be a whole number, got " + shown(text));
        }
        try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException tooFar) {
            // as one that fits no smaller range
        }
        throw new TypeConversionException(rule + ", got " + text);
    }

    private static double number(String text) {
        try {
            double value = Double.parseDouble(text);
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException none) {
            // as one that is not finite
        }
        throw new TypeConversionException("must be a number, got " + shown(text));
    }

    private static boolean flag(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new TypeConversionException("must be true or false, got " + shown(text));
        };
    }

    private static Path path(String text) {
        if (text.isBlank()) {
            throw new TypeConversionException("must be a path, got nothing");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("must be a path, got " + shown(text.replace('\0', '?')));
        }
    }

    private static String shown(String text) {
        return text.isEmpty() ? "nothing" : text;
    }
}
