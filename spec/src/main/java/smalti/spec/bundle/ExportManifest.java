package smalti.spec.bundle;

import java.util.Map;
import smalti.spec.Check;

/**
 * {@code export.json} of a run folder: all that the exporter knows of a model.
 *
 * @param graphs by {@link Role#fileStem()}: SameDiff files with only placeholders and constants
 * @param contracts what the model takes and gives: pixels in every run; a codebook has no fingerprint yet
 * @param calibration pictures [M,H,W,C] uint8 (.npy) of the training part
 * @param heldOut pictures [M,H,W,C] uint8 (.npy) that no training step saw
 */
public record ExportManifest(
        int format,
        String name,
        Map<String, Graph> graphs,
        Contracts contracts,
        String calibration,
        String heldOut,
        Provenance provenance) {
    public static final int FORMAT = 2;
    public static final String FILE = "export.json";

    /** @param file relative to the manifest */
    public record Graph(String file, Signature signature) {}

    public ExportManifest {
        Check.that(format == FORMAT, "format must be %s, got %s", FORMAT, format)
                .and(!graphs.isEmpty(), "graphs must not be empty")
                .and(contracts.has(Contract.Pixels.class), "contracts.pixels is missing")
                .done();
    }

    public Contract.Pixels pixels() {
        return contracts.get(Contract.Pixels.class);
    }
}
