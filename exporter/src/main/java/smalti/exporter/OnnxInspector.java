package smalti.exporter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.cost.ModelCost;
import smalti.exporter.graph.Model;
import smalti.exporter.inspect.Inspection;
import smalti.exporter.onnx.OnnxReader;
import smalti.spec.AtomicFiles;
import smalti.spec.BundleManifest;
import smalti.spec.Contract;
import smalti.spec.RecordTree;
import smalti.spec.SpecException;

/** Says what any ONNX file holds and what it costs, without running it. */
public final class OnnxInspector {
    private OnnxInspector() {}

    /**
     * Inspects a file, and writes the page if one is asked for. In a bundle, free heights and widths are those of its
     * pictures unless they are given.
     *
     * @param sizes of free axes of the inputs, by name
     * @param page null for none
     * @throws SpecException if the file is unsound or a size is wrong
     */
    public static Inspection inspect(Path file, Map<String, Long> sizes, @Nullable Path page) throws IOException {
        var model = OnnxReader.read(file);
        var all = new TreeMap<>(pictureSizes(file, model));
        all.putAll(sizes);
        var inspection = Inspection.of(model, String.valueOf(file.getFileName()), Files.size(file), all);
        if (page != null) {
            AtomicFiles.writeString(page, inspection.html(model));
        }
        return inspection;
    }

    private static Map<String, Long> pictureSizes(Path file, Model model) {
        var manifest = file.toAbsolutePath().resolveSibling(BundleManifest.FILE);
        var known = new TreeMap<String, Long>();
        if (!Files.isRegularFile(manifest)) {
            return known;
        }
        var open = ModelCost.of(model).open();
        if (open.isEmpty()) {
            return known;
        }
        var bundle = RecordTree.read(manifest, BundleManifest.class);
        long factor = bundle.contracts()
                .find(Contract.Codebook.class)
                .map(Contract.Codebook::factor)
                .orElse(1);
        known.put("H", (long) bundle.pixels().height());
        known.put("W", (long) bundle.pixels().width());
        known.put("h", bundle.pixels().height() / factor);
        known.put("w", bundle.pixels().width() / factor);
        known.keySet().retainAll(open);
        return known;
    }
}
