package smalti.trainer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import smalti.spec.SpecException;
import smalti.spec.model.ModelSpec;

/** Specs by name: a start for one's own, or used as they are. Each is a file among the resources, read as a user's is. */
public final class Presets {
    private static final List<String> NAMES = List.of(
            "vqvae",
            "vqvae-sonnet",
            "vqvae-demo",
            "dcgan",
            "dcgan-mnist",
            "dcgan-demo",
            "vae-mnist",
            "vae-mlp",
            "vae-conditional");

    private Presets() {}

    public static List<String> names() {
        return NAMES;
    }

    /** @throws SpecException if there is none of that name */
    public static ModelSpec named(String name) {
        return file(name).spec();
    }

    /** @throws SpecException if there is none of that name */
    public static Preset file(String name) {
        if (!NAMES.contains(name)) {
            throw new SpecException("preset must be one of " + String.join(", ", NAMES) + ", got \"" + name + "\"");
        }
        var file = name + ".yaml";
        try (var stream = Objects.requireNonNull(Presets.class.getResourceAsStream("presets/" + file), file)) {
            return Preset.parse(new String(stream.readAllBytes(), StandardCharsets.UTF_8), file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
