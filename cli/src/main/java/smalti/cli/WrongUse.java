package smalti.cli;

import java.util.List;
import smalti.spec.SpecException;

/** The command line itself is wrong, whatever the files hold. */
final class WrongUse extends SpecException {
    private static final long serialVersionUID = 1L;

    WrongUse(String problem) {
        super(problem);
    }

    WrongUse(String problem, Throwable cause) {
        super(problem, cause);
    }

    WrongUse(List<String> problems) {
        super(problems);
    }

    WrongUse(List<String> problems, Throwable cause) {
        super(problems, cause);
    }
}
