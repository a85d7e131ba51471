package smalti.trainer.data;

import java.util.ArrayList;
import java.util.List;
import smalti.spec.SpecException;

/** Problems with a user's pictures, reported together: the first {@value #MOST_SHOWN} in full, the rest as a number. */
final class Problems {
    static final int MOST_SHOWN = 20;

    private final List<String> problems = new ArrayList<>();

    void add(String problem) {
        problems.add(problem);
    }

    int count() {
        return problems.size();
    }

    List<String> shown() {
        var shown = new ArrayList<>(problems.subList(0, Math.min(MOST_SHOWN, problems.size())));
        if (problems.size() > MOST_SHOWN) {
            shown.add("... and " + (problems.size() - MOST_SHOWN) + " more");
        }
        return shown;
    }

    /** @throws SpecException if there are any */
    void done() {
        if (!problems.isEmpty()) {
            throw new SpecException(shown());
        }
    }
}
