package smalti.trainer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import smalti.spec.ModelSpec;
import smalti.spec.RecordTree;
import smalti.spec.SpecException;
import smalti.spec.Unreadable;

/**
 * Reads {@code model.yaml}. Its first key is {@code preset}; every other key replaces the preset's value, so that a
 * file holds just what differs:
 *
 * <pre>
 *   preset: vqvae
 *   image: {height: 64, width: 64}
 *   model: {quantizer: {codes: 1024}}
 * </pre>
 */
public final class SpecFiles {
    private static final long MOST_BYTES = 1 << 20;
    private static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private SpecFiles() {}

    /** @throws SpecException with every problem of the file */
    public static ModelSpec read(Path file) {
        String text;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new SpecException(file + ": must be at most " + MOST_BYTES + " bytes, got " + Files.size(file));
            }
            text = Files.readString(file);
        } catch (IOException e) {
            throw Unreadable.because(file, e);
        }
        return parse(text, file.toString());
    }

    /** @param place names the text in errors */
    public static ModelSpec parse(String yaml, String place) {
        JsonNode tree;
        try {
            tree = YAML.readTree(yaml);
        } catch (JsonProcessingException e) {
            var where =
                    e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
            var reason = e.getOriginalMessage().lines().findFirst().orElse("");
            throw new SpecException(place + ": must be YAML" + where + ", " + reason, e);
        }
        if (!(tree instanceof ObjectNode given)) {
            throw new SpecException(place + ": must be a mapping of keys, got "
                    + (tree == null || tree.isMissingNode() ? "nothing" : tree));
        }
        var preset = given.remove("preset");
        if (preset == null) {
            throw new SpecException(place + ": preset is missing; known: " + String.join(", ", Presets.names()));
        }
        ObjectNode merged;
        try {
            merged = (ObjectNode) RecordTree.tree(Presets.named(preset.asText()));
        } catch (SpecException e) {
            throw e.at(place);
        }
        merge(merged, given);
        return RecordTree.bind(merged, ModelSpec.class, place);
    }

    /** Mappings are merged key by key; one of another kind than the preset's replaces it whole. */
    private static void merge(ObjectNode base, ObjectNode given) {
        given.properties().forEach(entry -> {
            var old = base.get(entry.getKey());
            var replaced = entry.getValue();
            if (old instanceof ObjectNode oldMapping
                    && replaced instanceof ObjectNode newMapping
                    && sameKind(old, replaced)) {
                merge(oldMapping, newMapping);
            } else {
                base.set(entry.getKey(), replaced);
            }
        });
    }

    private static boolean sameKind(JsonNode old, JsonNode given) {
        return !given.has("kind") || given.get("kind").equals(old.get("kind"));
    }
}
