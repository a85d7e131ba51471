package smalti.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import smalti.spec.ModelSpec;
import smalti.spec.SpecException;
import smalti.trainer.SpecKeys;

/** Options that change a spec's values; {@code --set} reaches every one. */
final class SpecOptions {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,6})(?:x(\\d{1,6}))?");

    @Option(names = "--steps", paramLabel = "N", description = "In place of the spec's training.steps.")
    @Nullable
    Integer steps;

    @Option(names = "--batch", paramLabel = "N", description = "Pictures a step, in place of training.batch.")
    @Nullable
    Integer batch;

    @Option(
            names = "--size",
            paramLabel = "N|WxH",
            description = "Pixels of the model's pictures, in place of image.width and image.height.")
    @Nullable
    String size;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            description = "The learning rate, in place of training.optimizer.learningRate; of a GAN the generator's.")
    @Nullable
    String learningRate;

    @Option(names = "--seed", paramLabel = "N", description = "In place of the spec's training.seed.")
    @Nullable
    Long seed;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Any other value of the spec by its dotted key, such as model.hidden=64; may be repeated.")
    Map<String, String> values = new LinkedHashMap<>();

    /** @throws WrongUse with all that is wrong */
    ModelSpec on(ModelSpec spec) {
        var all = values();
        try {
            return all.isEmpty() ? spec : SpecKeys.with(spec, all, "--" + String.join(", --", names()));
        } catch (SpecException e) {
            throw new WrongUse(e.problems(), e);
        }
    }

    boolean isGiven() {
        return !values().isEmpty();
    }

    private java.util.List<String> names() {
        var names = new java.util.ArrayList<String>();
        add(names, "steps", steps);
        add(names, "batch", batch);
        add(names, "size", size);
        add(names, "lr", learningRate);
        add(names, "seed", seed);
        add(names, "set", values.isEmpty() ? null : values);
        return names;
    }

    private static void add(java.util.List<String> names, String name, @Nullable Object given) {
        if (given != null) {
            names.add(name);
        }
    }

    private Map<String, String> values() {
        var all = new LinkedHashMap<>(values);
        put(all, "training.steps", steps);
        put(all, "training.batch", batch);
        put(all, "training.optimizer.learningRate", learningRate);
        put(all, "training.seed", seed);
        if (size != null) {
            var sides = SIZE.matcher(size);
            if (!sides.matches()) {
                throw new WrongUse("--size must be pixels, such as 64 or 64x48 (width x height), got " + size);
            }
            put(all, "image.width", sides.group(1));
            put(all, "image.height", sides.group(2) == null ? sides.group(1) : sides.group(2));
        }
        return all;
    }

    private static void put(Map<String, String> all, String key, @Nullable Object value) {
        if (value != null) {
            all.put(key, value.toString());
        }
    }
}
