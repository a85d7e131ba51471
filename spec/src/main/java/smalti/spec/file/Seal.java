package smalti.spec.file;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;

/** The checksum of a bundle's manifest, in the manifest itself. */
public final class Seal {
    /** The last key of the file. */
    private static final Pattern KEY = Pattern.compile(",\\s*\"sha256\" : \"[0-9a-f]{64}\"(\\s*}\\s*)\\z");

    private Seal() {}

    /** The manifest with its own checksum. */
    public static BundleManifest on(BundleManifest manifest) {
        return manifest.withSha256(checksum(manifest));
    }

    /**
     * Holds a manifest to its seal: by the text as it was written, as JDKs write some numbers in different ways; by the
     * record, which another layout of the text does not change; or, as a record of a former format is written anew, by
     * the text in this layout.
     *
     * @param json that the manifest was read from
     * @throws SpecException if it is not sealed, or was changed since
     */
    public static void check(BundleManifest manifest, String json) {
        var sha256 = manifest.sha256();
        if (sha256 == null) {
            throw new SpecException(BundleManifest.FILE
                    + ": sha256 is missing, with which every bundle is sealed; export the run again");
        }
        var unsealed = KEY.matcher(json).replaceFirst("$1");
        boolean holds = sha256.equals(Checksums.sha256(unsealed.getBytes(StandardCharsets.UTF_8)))
                || sha256.equals(checksum(manifest))
                || sha256.equals(inThisLayout(json));
        if (!holds) {
            throw new SpecException(
                    BundleManifest.FILE + ": must have SHA-256 " + sha256 + " as it says itself, and was changed");
        }
    }

    private static String inThisLayout(String json) {
        var tree = JsonText.tree(json, BundleManifest.FILE);
        if (tree instanceof ObjectNode object) {
            object.remove("sha256");
        }
        return Checksums.sha256(JsonText.indented(tree).getBytes(StandardCharsets.UTF_8));
    }

    private static String checksum(BundleManifest manifest) {
        return Checksums.sha256(RecordTree.json(manifest.withSha256(null)).getBytes(StandardCharsets.UTF_8));
    }
}
