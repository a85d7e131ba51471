package smalti.spec;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code export.json} of a run folder: all that the exporter knows of a model.
 *
 * @param graphs by {@link Role#fileStem()}: SameDiff files with only placeholders and constants
 * @param codes size of the codebook, where there is one
 * @param classes names of the classes, where the model is conditional
 * @param calibration pictures [M,H,W,C] uint8 (.npy) of the training part
 * @param heldOut pictures [M,H,W,C] uint8 (.npy) that no training step saw
 */
public record ExportManifest(
        int format,
        String name,
        Map<String, Graph> graphs,
        PixelContract pixels,
        @Nullable Integer codes,
        @Nullable NoiseContract noise,
        List<String> classes,
        String calibration,
        String heldOut,
        Provenance provenance) {
    public static final int FORMAT = 1;
    public static final String FILE = "export.json";

    /** @param file relative to the manifest */
    public record Graph(String file, Signature signature) {}

    public ExportManifest {
        Check.that(format == FORMAT, "format must be %s, got %s", FORMAT, format)
                .and(!graphs.isEmpty(), "graphs must not be empty")
                .done();
    }
}
