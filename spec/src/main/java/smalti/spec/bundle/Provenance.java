package smalti.spec.bundle;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.spec.model.DataSpec;

/**
 * Where a model comes from.
 *
 * @param family as in the spec, for people; nothing decides by it
 * @param specSha256 of the spec that trained it, as {@code RecordTree.json} writes it
 * @param steps that were trained
 * @param pixelVariance of the training pixels in [0, 1] units; what NMSE is relative to
 * @param data how the pictures were read and held out, so that an evaluation finds the same ones
 * @param versions of the software, by name
 * @param picturesSha256 of all pictures that were given, held-out ones too, whatever their order and names; null where
 *     the model was trained before this was noted
 */
public record Provenance(
        String family,
        String specSha256,
        long seed,
        int steps,
        int trainPictures,
        double pixelVariance,
        DataSpec data,
        Map<String, String> versions,
        @Nullable String picturesSha256) {
    public Provenance withVersions(Map<String, String> versions) {
        return new Provenance(
                family, specSha256, seed, steps, trainPictures, pixelVariance, data, versions, picturesSha256);
    }
}
