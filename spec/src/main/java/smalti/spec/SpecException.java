package smalti.spec;

import java.util.List;

/** Something that a user gave is wrong. The message holds one line a problem: the place, the rule, what was received. */
public class SpecException extends SmaltiException {
    private static final long serialVersionUID = 1L;

    public SpecException(String problem) {
        super(problem);
    }

    public SpecException(String problem, Throwable cause) {
        super(problem, cause);
    }

    /** All problems at once. */
    public SpecException(List<String> problems) {
        super(String.join("\n", problems));
    }

    /** All problems at once. */
    public SpecException(List<String> problems, Throwable cause) {
        super(String.join("\n", problems), cause);
    }

    /** One line a problem. */
    public final List<String> problems() {
        return List.of(String.valueOf(getMessage()).split("\n", -1));
    }

    /** The same problems, each with the place (a file, say) in front. */
    public SpecException at(String place) {
        return new SpecException(
                problems().stream().map(problem -> place + ": " + problem).toList(), this);
    }
}
