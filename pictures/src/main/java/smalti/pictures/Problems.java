package smalti.pictures;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import smalti.spec.SpecException;
import smalti.spec.model.DataSpec;

/** Problems with a user's pictures, reported together: the first {@value #MOST_SHOWN} in full, the rest as a number. */
public final class Problems {
    public static final int MOST_SHOWN = 20;

    private final List<String> problems = new ArrayList<>();

    public void add(String problem) {
        problems.add(problem);
    }

    public int count() {
        return problems.size();
    }

    public List<String> shown() {
        var shown = new ArrayList<>(problems.subList(0, Math.min(MOST_SHOWN, problems.size())));
        if (problems.size() > MOST_SHOWN) {
            shown.add("... and " + (problems.size() - MOST_SHOWN) + " more");
        }
        return shown;
    }

    /**
     * Pictures that could not be read: an error that says how to go on without them, or a word on what is skipped.
     *
     * @param pictures how many there are in all
     * @throws SpecException if there are problems, and {@code bad} says that they are fatal
     */
    public void unreadable(int pictures, DataSpec.BadImages bad, Consumer<String> word) {
        if (problems.isEmpty()) {
            return;
        }
        if (bad == DataSpec.BadImages.SKIP) {
            word.accept("skipped " + problems.size() + " unreadable of " + pictures + " pictures:\n"
                    + String.join("\n", shown()));
            return;
        }
        var all = shown();
        if (pictures > 1) {
            all.add(problems.size() + " of " + pictures + " pictures cannot be used; --skip-bad leaves such out");
        }
        throw new SpecException(all);
    }

    /** @throws SpecException if there are any */
    public void done() {
        if (!problems.isEmpty()) {
            throw new SpecException(shown());
        }
    }
}
