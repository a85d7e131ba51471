package smalti.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import smalti.spec.SpecException;
import smalti.spec.model.ModelSpec;
import smalti.trainer.SpecKeys;

/** Options that change a spec's values; {@code --set} reaches every one. */
final class SpecOptions {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,6})(?:x(\\d{1,6}))?");

    /** Replaced by the option that a problem is about. */
    private static final String PLACE = "options";

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
            description = {
                "Any other value of the spec by its dotted key, such as model.hidden=64; may be repeated.",
                "Another kind, such as model.quantizer.kind=loss, replaces that part by the kind's defaults, which further "
                        + "keys change."
            })
    Map<String, String> values = new LinkedHashMap<>();

    /** @throws WrongUse with all that is wrong */
    ModelSpec on(ModelSpec spec) {
        var all = values();
        try {
            return all.isEmpty() ? spec : SpecKeys.with(spec, all, PLACE);
        } catch (SpecException e) {
            throw new WrongUse(
                    e.problems().stream()
                            .map(problem -> problem.substring((PLACE + ": ").length()))
                            .map(problem -> option(problem) + ": " + problem)
                            .toList(),
                    e);
        }
    }

    boolean isGiven() {
        return !values().isEmpty();
    }

    /** @param problem begins with its key */
    private String option(String problem) {
        var key = problem.split(" ", 2)[0];
        return options().entrySet().stream()
                .filter(option -> option.getValue().contains(key))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("--set");
    }

    /** The options that are given, and the keys that each is for. */
    private Map<String, Set<String>> options() {
        var options = new LinkedHashMap<String, Set<String>>();
        if (steps != null) {
            options.put("--steps", Set.of("training.steps"));
        }
        if (batch != null) {
            options.put("--batch", Set.of("training.batch"));
        }
        if (size != null) {
            options.put("--size", Set.of("image.width", "image.height"));
        }
        if (learningRate != null) {
            options.put("--lr", Set.of("training.optimizer.learningRate"));
        }
        if (seed != null) {
            options.put("--seed", Set.of("training.seed"));
        }
        return options;
    }

    private void requireOneOfEach() {
        var twice = new ArrayList<String>();
        options()
                .forEach((option, keys) -> keys.stream()
                        .filter(values::containsKey)
                        .sorted()
                        .forEach(key ->
                                twice.add(option + " and --set " + key + " are one and the same; give one of them")));
        if (!twice.isEmpty()) {
            throw new WrongUse(twice);
        }
    }

    private Map<String, String> values() {
        requireOneOfEach();
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
