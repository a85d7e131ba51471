package smalti.trainer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import smalti.spec.SpecException;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Unreadable;
import smalti.spec.model.ModelSpec;

/**
 * Reads {@code model.yaml}. Where it has the key {@code preset}, every other key replaces the preset's value, so that
 * the file holds just what differs:
 *
 * <pre>
 *   preset: vqvae
 *   image: {height: 64, width: 64}
 *   model: {quantizer: {codes: 1024}}
 * </pre>
 *
 * <p>Without a preset it is a whole spec by itself, as the presets' own files are; what has a default may be left out.
 */
public final class SpecFiles {
    private static final long MOST_BYTES = 1 << 20;
    private static final String KIND = "/model/kind";
    static final YAMLMapper YAML = YAMLMapper.builder()
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
        var given = tree(yaml, place);
        var preset = given.remove("preset");
        if (preset != null && !preset.isTextual()) {
            throw new SpecException(place + ": preset must be the name of a preset, got " + preset);
        } else if (preset != null) {
            return changed(preset.asText(), given, place);
        } else if (given.at(KIND).isMissingNode()) {
            throw new SpecException(place + ": preset is missing; known: " + String.join(", ", Presets.names())
                    + "; or give model.kind, and every key that has no default");
        }
        return bind(given, presetOf(given.at(KIND).asText(), given), place);
    }

    /** The first of a kind; nothing where there is none. */
    private static ObjectNode presetOf(String kind, ObjectNode given) {
        return Presets.names().stream()
                .map(name -> (ObjectNode) RecordTree.tree(Presets.named(name)))
                .filter(preset -> preset.at(KIND).asText().equals(kind))
                .findFirst()
                .orElse(given.objectNode());
    }

    /** @throws SpecException if the text is not one plain mapping */
    static ObjectNode tree(String yaml, String place) {
        JsonNode tree;
        try {
            requirePlain(yaml, place);
            tree = YAML.readTree(yaml);
        } catch (JsonProcessingException e) {
            var fault = YamlFault.of(e);
            throw new SpecException(
                    place + ": must be YAML" + (fault.line() > 0 ? " at line " + fault.line() : "") + ": "
                            + fault.reason(),
                    e);
        }
        if (!(tree instanceof ObjectNode given)) {
            throw new SpecException(place + ": must be a mapping of keys, got "
                    + (tree == null || tree.isMissingNode() || tree.isNull() ? "nothing" : tree));
        }
        return given;
    }

    /** A preset itself. */
    static ModelSpec whole(ObjectNode given, String place) {
        return bind(given, given.objectNode(), place);
    }

    private static ModelSpec changed(String preset, ObjectNode given, String place) {
        ObjectNode base;
        try {
            base = (ObjectNode) RecordTree.tree(Presets.named(preset));
        } catch (SpecException e) {
            throw e.at(place);
        }
        if (!sameKind(base.path("model"), given.path("model"))) {
            throw new SpecException(place + ": model.kind must be " + base.at(KIND) + ", as in preset " + preset
                    + ", got " + given.at(KIND) + "; begin with a preset of that kind");
        }
        var merged = base.deepCopy();
        merge(merged, given);
        return bind(merged, base, place);
    }

    /** The parser would take an alias for the text of its name, and leave a second document unread. */
    private static void requirePlain(String yaml, String place) throws JsonProcessingException {
        try (var parser = YAML.getFactory().createParser(yaml)) {
            int depth = 0;
            boolean ended = false;
            for (var token = parser.nextToken(); token != null; token = parser.nextToken()) {
                int line = parser.currentTokenLocation().getLineNr();
                if (parser.isCurrentAlias()) {
                    throw new SpecException(place + ": must be YAML at line " + line + ": the alias *"
                            + parser.getText() + " is not read; write the value out");
                } else if (ended) {
                    throw new SpecException(place + ": must be YAML at line " + line
                            + ": a second document begins before it, by ---; put all keys into one");
                }
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                ended = depth == 0;
            }
        } catch (JsonProcessingException e) {
            throw e;
        } catch (IOException e) {
            throw new IllegalStateException("reading from memory cannot fail", e);
        }
    }

    /**
     * Some rules can be checked only where others hold, such as the picture's size where the model's layers are known:
     * what is wrong is replaced by the preset's value, or left out where that has none, until no more is found.
     */
    static ModelSpec bind(ObjectNode merged, ObjectNode preset, String place) {
        var problems = new ArrayList<String>();
        var replaced = new LinkedHashSet<String>();
        while (true) {
            List<String> found;
            try {
                var spec = RecordTree.bind(merged, ModelSpec.class, place);
                if (problems.isEmpty()) {
                    return spec;
                }
                found = List.of();
            } catch (SpecException e) {
                // nor are rules reported that a replaced value breaks
                found = e.problems().stream()
                        .filter(problem -> replaced.stream().noneMatch(problem::contains))
                        .filter(problem -> !problems.contains(problem))
                        .toList();
            }
            problems.addAll(found);
            boolean more = false;
            for (var problem : found) {
                var key = problem.substring((place + ": ").length()).split(" ", 2)[0];
                more |= replace(merged, preset, key) && replaced.add(key);
            }
            if (!more) {
                throw new SpecException(problems);
            }
        }
    }

    /** Takes the preset's value of a key such as {@code model.hidden}, or none; whether that changes anything. */
    private static boolean replace(ObjectNode merged, ObjectNode preset, String key) {
        int entry = key.indexOf('[');
        if (entry >= 0) {
            return replace(merged, preset, key.substring(0, entry)); // the whole list
        }
        int dot = key.lastIndexOf('.');
        var name = key.substring(dot + 1);
        if (name.equals("kind") && dot > 0) {
            return replace(merged, preset, key.substring(0, dot)); // what else is there was meant for the other kind
        }
        var parent = dot < 0 ? "" : "/" + key.substring(0, dot).replace('.', '/');
        if (!(merged.at(parent) instanceof ObjectNode target)) {
            return false;
        }
        var source = preset.at(parent);
        if (source.has(name) && sameKind(source, target)) {
            target.set(name, source.get(name));
            return true;
        }
        return target.remove(name) != null;
    }

    /** Mappings are merged key by key, one of another kind than the preset's replaces it whole, and no value leaves it. */
    private static void merge(ObjectNode base, ObjectNode given) {
        given.properties().forEach(entry -> {
            var old = base.get(entry.getKey());
            var replaced = entry.getValue();
            if (old instanceof ObjectNode oldMapping
                    && replaced instanceof ObjectNode newMapping
                    && sameKind(old, replaced)) {
                merge(oldMapping, newMapping);
            } else if (!replaced.isNull()) {
                base.set(entry.getKey(), replaced);
            }
        });
    }

    private static boolean sameKind(JsonNode old, JsonNode given) {
        return !given.has("kind") || given.get("kind").equals(old.get("kind"));
    }
}
