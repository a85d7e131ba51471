package smalti.exporter.bundle;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/**
 * What a service's graphs are in every precision, and what they make.
 *
 * @param variants of each role that can have any, FP32 first
 * @param reconstruction how held-out pictures come back; null where nothing is reconstructed
 * @param sheets of pictures for the model card and the report
 */
record ServedGraphs(
        Map<Role, List<Variant>> variants, @Nullable Reconstruction reconstruction, List<Sheet> sheets) {
    /**
     * Pictures to show.
     *
     * @param rows each [M,H,W,C] uint8, of one shape
     */
    record Sheet(String caption, List<NpyArray> rows) {}
}
