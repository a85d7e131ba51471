package smalti.exporter.file;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of comparing two files.
 *
 * @param difference the largest between the outputs of both, as a share of the range
 * @param notes on what was compared, such as how inputs were chosen
 * @param unproven why nothing could be compared; null where it was
 */
public record Equivalence(
        double difference, List<String> notes, @Nullable String unproven) {
    public Equivalence {
        notes = List.copyOf(notes);
    }

    public boolean isProven() {
        return unproven == null;
    }
}
