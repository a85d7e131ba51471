package smalti.spec.file;

import java.util.regex.Pattern;

/** Why text is no JSON, in a user's words, out of the parser's. */
public final class TextReason {
    static final String MORE = "something follows after its end";

    private static final Pattern TWICE = Pattern.compile("Duplicate [Ff]ield '(.*)'", Pattern.DOTALL);
    private static final Pattern WORD = Pattern.compile("Unrecognized token '([^']*)'.*", Pattern.DOTALL);
    /** As YAML writes what is not finite. */
    private static final Pattern NUMBER = Pattern.compile("Malformed numeric value '([^']*)'.*", Pattern.DOTALL);

    private static final Pattern LETTER = Pattern.compile("Unexpected character \\('(.)' .*", Pattern.DOTALL);

    private TextReason() {}

    /** @param parser the parser's message */
    public static String of(String parser) {
        if (parser.equals(MORE)) {
            return MORE;
        } else if (parser.startsWith("Unexpected end-of-input")) {
            return "it ends too early";
        }
        var twice = TWICE.matcher(parser);
        if (twice.matches()) {
            return "the key " + twice.group(1) + " is there twice";
        }
        var word = WORD.matcher(parser);
        if (word.matches()) {
            return "\"" + word.group(1) + "\" is no value; text must be in quotes";
        }
        var number = NUMBER.matcher(parser);
        if (number.matches()) {
            return number.group(1) + " is no finite number";
        }
        var letter = LETTER.matcher(parser);
        return letter.matches() ? "'" + letter.group(1) + "' must not stand there" : "it is not well-formed";
    }
}
