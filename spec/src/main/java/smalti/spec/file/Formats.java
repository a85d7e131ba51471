package smalti.spec.file;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.model.ModelSpec;

/**
 * The formats of {@code bundle.json}, {@code export.json} and {@code spec.json}. A file of a former format is brought to
 * today's when it is read; one of a later format is refused.
 *
 * <p>Format 1 of the manifests held {@code pixels}, {@code codebook} or {@code codes}, {@code noise} and {@code classes}
 * beside one another, format 2 holds them as {@code contracts}. Format 1 of a spec had no number.
 */
final class Formats {
    private static final String FORMAT = "format";

    private Formats() {}

    /**
     * @param tree that a record is bound to; left as it is
     * @param problems gets one where the format is a later one
     * @return the tree in today's format
     */
    static JsonNode today(JsonNode tree, Class<?> type, List<String> problems) {
        int newest;
        if (type == BundleManifest.class) {
            newest = BundleManifest.FORMAT;
        } else if (type == ExportManifest.class) {
            newest = ExportManifest.FORMAT;
        } else if (type == ModelSpec.class) {
            newest = ModelSpec.FORMAT;
        } else {
            return tree;
        }
        var format = tree.get(FORMAT);
        if (!(tree instanceof ObjectNode object)) {
            return tree;
        }
        if (format != null && format.isIntegralNumber() && format.asLong() > newest) {
            problems.add(FORMAT + " must be at most " + newest + ", got " + format
                    + "; it was written by a later Smalti: read it with that one, or have this one write it anew");
            return tree;
        }
        boolean first = format != null && format.isIntegralNumber() && format.asLong() == 1;
        if (type == ModelSpec.class) {
            return spec(object, format, newest, problems);
        } else if (!first) {
            return tree;
        }
        var changed = object.deepCopy();
        changed.put(FORMAT, newest);
        return type == BundleManifest.class ? bundle(changed) : export(changed);
    }

    /** The number is of the file alone: the record has none. */
    private static ObjectNode spec(ObjectNode spec, @Nullable JsonNode format, int newest, List<String> problems) {
        if (format == null) {
            return spec;
        }
        if (!format.isIntegralNumber() || format.asLong() < 1) {
            problems.add(FORMAT + " must be a whole number from 1 to " + newest + ", got " + format);
        }
        var without = spec.deepCopy();
        without.remove(FORMAT);
        return without;
    }

    private static ObjectNode bundle(ObjectNode bundle) {
        var contracts = bundle.objectNode();
        move(bundle, "pixels", contracts);
        move(bundle, "codebook", contracts);
        if (contracts.get("codebook") instanceof ObjectNode codebook) {
            dim(bundle, codebook);
        }
        noiseAndClasses(bundle, contracts);
        bundle.set("contracts", contracts);
        return bundle;
    }

    private static ObjectNode export(ObjectNode export) {
        var contracts = export.objectNode();
        move(export, "pixels", contracts);
        var codes = export.remove("codes");
        if (codes != null && !codes.isNull()) {
            var codebook = contracts.putObject("codebook");
            codebook.set("codes", codes);
            dim(export, codebook);
            var image = factor(axis(export, "encoder", "inputs", 2));
            var latents = factor(axis(export, "encoder", "outputs", 2));
            if (image != null && latents != null) {
                codebook.put("factor", image / latents);
            }
        }
        noiseAndClasses(export, contracts);
        export.set("contracts", contracts);
        return export;
    }

    private static void noiseAndClasses(ObjectNode manifest, ObjectNode contracts) {
        move(manifest, "noise", contracts);
        var classes = manifest.remove("classes");
        if (classes != null && !(classes.isArray() && classes.isEmpty())) {
            contracts.putObject("classes").set("names", classes);
        }
    }

    private static void move(ObjectNode from, String key, ObjectNode to) {
        var value = from.remove(key);
        if (value != null && !value.isNull()) {
            to.set(key, value);
        }
    }

    /** The length of a code's vector, by any graph that takes or gives latents [N,D,h,w]. */
    private static void dim(ObjectNode manifest, ObjectNode codebook) {
        for (var end : List.of(
                axis(manifest, "lookup", "outputs", 1),
                axis(manifest, "codebook", "inputs", 1),
                axis(manifest, "encoder", "outputs", 1),
                axis(manifest, "decoder", "inputs", 1))) {
            if (end.asText().matches("[1-9][0-9]{0,8}")) {
                codebook.put("dim", Integer.parseInt(end.asText()));
                return;
            }
        }
    }

    private static JsonNode axis(ObjectNode manifest, String graph, String side, int axis) {
        return manifest.at("/graphs/" + graph + "/signature/" + side + "/0/shape/" + axis);
    }

    private static @Nullable Long factor(JsonNode axis) {
        try {
            return axis.isTextual() ? Dimension.parse(axis.asText()).factor() : null;
        } catch (SpecException noSize) {
            return null; // the graph's own rules tell it
        }
    }
}
