package smalti.runtime;

import java.util.List;
import smalti.spec.SpecException;

/**
 * A model cannot be opened or loaded, or asked for what it lacks: its files are damaged, do not fit what is asked of
 * them, or cannot be run on the device. No request is at fault.
 */
public final class LoadException extends SpecException {
    private static final long serialVersionUID = 1;

    LoadException(String problem) {
        super(problem);
    }

    LoadException(String problem, Throwable cause) {
        super(problem, cause);
    }

    LoadException(List<String> problems) {
        super(problems);
    }

    LoadException(List<String> problems, Throwable cause) {
        super(problems, cause);
    }

    /** The same problems, each with the place in front. */
    static LoadException located(String place, SpecException problems) {
        return new LoadException(
                problems.problems().stream()
                        .map(problem -> place + ": " + problem)
                        .toList(),
                problems);
    }
}
