package smalti.exporter.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.cost.ModelCost;
import smalti.exporter.graph.Model;
import smalti.exporter.inspect.Inspection;
import smalti.exporter.onnx.OnnxReader;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.RecordTree;

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
        for (var graph : bundle.graphs().values()) {
            var signature = graph.signature();
            for (var tensor : List.of(signature.inputs(), signature.outputs())) {
                tensor.forEach(end -> sizes(end, bundle.pixels(), known));
            }
        }
        known.keySet().retainAll(open);
        return known;
    }

    /** What the free height and width of pictures are called, and how large they are. */
    private static void sizes(TensorSpec tensor, Contract.Pixels pixels, Map<String, Long> known) {
        int height = tensor.name().equals("image") ? 2 : 1;
        boolean picture = tensor.name().equals("image") || tensor.name().equals("pixels");
        if (picture && tensor.shape().size() == 4) {
            size(tensor.shape().get(height), pixels.height(), known);
            size(tensor.shape().get(height + 1), pixels.width(), known);
        }
    }

    private static void size(Dimension axis, int pixels, Map<String, Long> known) {
        axis.name().ifPresent(name -> known.put(name, pixels / axis.factor()));
    }
}
