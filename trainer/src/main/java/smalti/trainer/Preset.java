package smalti.trainer;

import java.time.Duration;
import java.util.regex.Pattern;
import smalti.spec.model.ModelSpec;

/**
 * A spec that ships with Smalti, as the file that a user could have written. Its first lines say what it is for and what
 * it takes:
 *
 * <pre>
 *   # For: colour pictures to codes and back
 *   # Time: 17 minutes on 2 cores
 *   # Memory: 900 MB
 * </pre>
 *
 * @param time of all steps
 * @param cores that the time was measured on
 * @param megabytes of the whole process, most at once
 * @param yaml the whole file
 */
public record Preset(String purpose, Duration time, int cores, int megabytes, ModelSpec spec, String yaml) {
    private static final Pattern HEAD = Pattern.compile(
            "# For: (.+)\n# Time: (\\d+) minutes? on (\\d+) cores\n# Memory: (\\d+) MB\n\n", Pattern.UNIX_LINES);

    /** @param file names the text in errors */
    static Preset parse(String yaml, String file) {
        var head = HEAD.matcher(yaml);
        if (!head.lookingAt()) {
            throw new IllegalStateException(file + " must begin with # For, # Time and # Memory");
        }
        return new Preset(
                head.group(1),
                Duration.ofMinutes(Integer.parseInt(head.group(2))),
                Integer.parseInt(head.group(3)),
                Integer.parseInt(head.group(4)),
                SpecFiles.whole(SpecFiles.tree(yaml, file), file),
                yaml);
    }
}
