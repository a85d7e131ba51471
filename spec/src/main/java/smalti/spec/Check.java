package smalti.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Collects every rule that a record breaks, then throws them together.
 *
 * <pre>{@code
 * Check.that(codes >= 2, "codes must be at least 2, got %s", codes)
 *         .and(codeDim >= 1, "codeDim must be at least 1, got %s", codeDim)
 *         .done();
 * }</pre>
 */
public final class Check {
    private final List<String> problems = new ArrayList<>();

    private Check() {}

    public static Check that(boolean holds, String problem, Object... received) {
        return new Check().and(holds, problem, received);
    }

    public Check and(boolean holds, String problem, Object... received) {
        if (!holds) {
            problems.add(String.format(java.util.Locale.ROOT, problem, received));
        }
        return this;
    }

    /** Takes in the problems that another check throws. */
    public Check and(Runnable other) {
        try {
            other.run();
        } catch (SpecException e) {
            problems.addAll(e.problems());
        }
        return this;
    }

    /** @throws SpecException if any rule was broken */
    public void done() {
        done(SpecException::new);
    }

    /**
     * @param exception makes what is thrown of all problems
     * @throws SpecException of that kind, if any rule was broken
     */
    public void done(Function<List<String>, ? extends SpecException> exception) {
        if (!problems.isEmpty()) {
            throw exception.apply(problems);
        }
    }
}
