package smalti.exporter.bundle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;

/**
 * Code of a model card, out of a template in the resources: a function that runs a service's graphs with bytes.
 * {@code @NAME@} and its like stand for what the manifest says; what is between {@code @if class@} and {@code @end@} is
 * there where the model has classes, likewise of {@code plain} (no classes), {@code grey}, and {@code fixed} or
 * {@code free} sizes of pictures.
 *
 * @param language by its name in Markdown
 */
record Snippet(String heading, String language, String code) {
    private record Language(String heading, String name, String file) {}

    private static final List<Language> LANGUAGES = List.of(
            new Language("Java, with Smalti's runtime", "java", "runtime.java"),
            new Language("Java, with ONNX Runtime alone", "java", "onnxruntime.java"),
            new Language("Python", "python", "onnxruntime.py"),
            new Language("JavaScript", "javascript", "onnxruntime.js"),
            new Language("C++", "cpp", "onnxruntime.cpp"));

    private static final Pattern CHOICE = Pattern.compile("@if (\\w+)@(.*?)@end@", Pattern.DOTALL);

    /**
     * One for each language.
     *
     * @param folder of the templates
     */
    static List<Snippet> of(String folder, BundleManifest manifest) {
        return LANGUAGES.stream()
                .map(language -> new Snippet(
                        language.heading(),
                        language.name(),
                        filled(template(folder + "/" + language.file()), manifest)))
                .toList();
    }

    private static String template(String file) {
        try (var stream = Snippet.class.getResourceAsStream("card/" + file)) {
            return new String(Objects.requireNonNull(stream, file).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String filled(String template, BundleManifest manifest) {
        var pixels = manifest.pixels();
        var values = new TreeMap<String, Object>(Map.of(
                "NAME", manifest.name(),
                "HEIGHT", pixels.height(),
                "WIDTH", pixels.width(),
                "CHANNELS", pixels.channels(),
                "MODE", pixels.channels() == 1 ? "L" : "RGB"));
        var contracts = manifest.contracts();
        contracts.find(Contract.Codebook.class).ifPresent(codebook -> values.put("FACTOR", codebook.factor()));
        contracts.find(Contract.Noise.class).ifPresent(noise -> values.put("LENGTH", noise.length()));
        var holds = new TreeSet<String>();
        holds.add(contracts.has(Contract.Classes.class) ? "class" : "plain");
        holds.add(isOfFixedSize(manifest) ? "fixed" : "free");
        if (pixels.channels() == 1) {
            holds.add("grey");
        }
        var text = CHOICE.matcher(template).replaceAll(choice -> chosen(choice, holds));
        for (var value : values.entrySet()) {
            text = text.replace("@" + value.getKey() + "@", value.getValue().toString());
        }
        return text;
    }

    private static String chosen(MatchResult choice, TreeSet<String> holds) {
        return holds.contains(choice.group(1)) ? Matcher.quoteReplacement(choice.group(2)) : "";
    }

    /** Whether every graph that takes pixels takes them of one size alone. */
    private static boolean isOfFixedSize(BundleManifest manifest) {
        return manifest.graphs().values().stream()
                .flatMap(graph -> graph.signature().inputs().stream())
                .filter(input -> input.name().equals("pixels"))
                .allMatch(input -> input.shape().subList(1, 3).stream().allMatch(Dimension::isFixed));
    }
}
