package smalti.trainer;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import smalti.spec.file.TextReason;

/**
 * What is wrong with YAML, in a user's words, and on which line. A parser tells in what it was (the context) and where it
 * could not go on (the problem): of what was opened and never closed, the line is the context's.
 *
 * @param line 1 for the first; 0 where it is not known
 */
record YamlFault(int line, String reason) {
    private static final Pattern MARK = Pattern.compile("\\s*in .*, line (\\d+), column \\d+:?\\s*");
    private static final Pattern CHARACTER =
            Pattern.compile("found character '?(.*?)'?(\\(.*\\))? ?that cannot start.*");

    /** A sentence of the parser with its line. */
    private record Part(String text, int line) {}

    static YamlFault of(JsonProcessingException e) {
        var message = String.valueOf(e.getOriginalMessage());
        var parts = parts(message);
        if (parts.isEmpty()) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            return new YamlFault(line, TextReason.of(message));
        }
        var context = parts.get(0);
        var problem = parts.get(parts.size() - 1);
        var text = problem.text;
        if (context.text.contains("quoted scalar")) {
            return new YamlFault(context.line, "a quotation mark is opened and not closed");
        } else if (text.contains("could not find expected ':'")) {
            return new YamlFault(context.line, "a key must be followed by a colon and a space");
        } else if (context.text.contains("flow sequence")) {
            return new YamlFault(context.line, "the list in [ ] must have commas between its values, and be closed");
        } else if (context.text.contains("flow mapping")) {
            return new YamlFault(context.line, "the mapping in { } must have commas between its keys, and be closed");
        } else if (text.contains("mapping values are not allowed")) {
            return new YamlFault(
                    problem.line,
                    "a colon stands where no key can; text that holds one must be in quotes, keys of one mapping indented"
                            + " alike");
        } else if (text.contains("TAB") || text.contains("\\t")) {
            return new YamlFault(problem.line, "a tab stands where only spaces may");
        } else if (text.contains("expected <block end>") || text.contains("expected '<document start>'")) {
            return new YamlFault(problem.line, "what stands there does not fit the lines above, or their indentation");
        }
        var character = CHARACTER.matcher(text);
        if (character.matches()) {
            return new YamlFault(
                    problem.line, "a value must not begin with " + character.group(1) + "; put it in quotes");
        }
        return new YamlFault(problem.line, text.matches(".*[<>].*") ? "it cannot be read on from there" : text);
    }

    private static List<Part> parts(String message) {
        var parts = new ArrayList<Part>();
        var before = "";
        for (var line : message.lines().toList()) {
            var mark = MARK.matcher(line);
            if (mark.matches()) {
                parts.add(new Part(before.strip(), Integer.parseInt(mark.group(1))));
            } else {
                before = line;
            }
        }
        return parts;
    }
}
