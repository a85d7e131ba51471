package smalti.spec;

import java.util.Map;

/**
 * Where a model comes from.
 *
 * @param family as in the spec, for people; nothing decides by it
 * @param specSha256 of the spec that trained it, as {@link RecordTree#json} writes it
 * @param steps that were trained
 * @param pixelVariance of the training pixels in [0, 1] units; what NMSE is relative to
 * @param data how the pictures were read and held out, so that an evaluation finds the same ones
 * @param versions of the software, by name
 */
public record Provenance(
        String family,
        String specSha256,
        long seed,
        int steps,
        int trainPictures,
        double pixelVariance,
        DataSpec data,
        Map<String, String> versions) {}
