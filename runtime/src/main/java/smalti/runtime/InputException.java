package smalti.runtime;

import java.util.List;
import smalti.spec.SpecException;

/** What a request was given is wrong: pictures, codes, tensors, classes, sizes. The same request is always refused. */
public final class InputException extends SpecException {
    private static final long serialVersionUID = 1;

    InputException(String problem) {
        super(problem);
    }

    InputException(List<String> problems) {
        super(problems);
    }
}
