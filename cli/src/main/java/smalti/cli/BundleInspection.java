package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.zip.ZipInputStream;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.trainer.report.HtmlPage;

/**
 * What a bundle holds, for people: as lines and as a page.
 *
 * @param facts such as the codebook and its size, in order
 * @param graphs a row a file
 */
record BundleInspection(BundleManifest manifest, String title, List<Fact> facts, List<List<String>> graphs) {
    static final List<String> GRAPH_HEADINGS = List.of("graph", "signature", "largest difference from SameDiff");

    private static final String SAMPLES = "samples.png";
    private static final int ZOOM = 3;

    /** What a card's pictures show, by the first of these that a bundle has. */
    private static final Map<Class<? extends Contract>, String> CAPTIONS = new LinkedHashMap<>();

    static {
        CAPTIONS.put(Contract.Codebook.class, "Held-out pictures, and below each what its codes decode to");
        CAPTIONS.put(Contract.Posterior.class, "Held-out pictures, and below each what the mean of its latents makes");
        CAPTIONS.put(Contract.Noise.class, "What it generates");
    }

    record Fact(String name, String value) {}

    static BundleInspection of(BundleManifest manifest) {
        var from = manifest.provenance();
        var pixels = manifest.pixels();
        var facts = new ArrayList<Fact>();
        facts.add(new Fact(
                "trained",
                String.format(
                        Locale.ROOT,
                        "%d steps on %s, seed %d, %s",
                        from.steps(),
                        Console.pictures(from.trainPictures()),
                        from.seed(),
                        from.versions().entrySet().stream()
                                .sorted(Map.Entry.comparingByKey())
                                .map(version -> version.getKey() + " " + version.getValue())
                                .collect(Collectors.joining(", ")))));
        facts.add(new Fact(
                "pictures",
                String.format(
                        Locale.ROOT,
                        "%dx%d, %s, floats from %s to %s",
                        pixels.width(),
                        pixels.height(),
                        pixels.channels() == 1 ? "grey" : "RGB",
                        pixels.lo(),
                        pixels.hi())));
        manifest.contracts()
                .find(Contract.Codebook.class)
                .ifPresent(codebook -> facts.add(new Fact(
                        "codebook",
                        String.format(
                                Locale.ROOT,
                                "%d codes, one for %dx%2$d pixels",
                                codebook.codes(),
                                codebook.factor()))));
        manifest.contracts()
                .find(Contract.Noise.class)
                .ifPresent(noise -> facts.add(new Fact(
                        "noise", String.format(Locale.ROOT, "%d numbers, %s", noise.length(), noise.generator()))));
        manifest.contracts()
                .find(Contract.Posterior.class)
                .ifPresent(posterior -> facts.add(new Fact(
                        "posterior",
                        String.format(
                                Locale.ROOT,
                                "%d latent numbers, %s likelihood%s",
                                posterior.dim(),
                                posterior.likelihood(),
                                posterior.deviation() != null
                                        ? " of deviation " + Console.number(posterior.deviation())
                                        : posterior.ofBinaryPixels() ? " of binarised pixels" : " of brightness"))));
        if (!manifest.contracts().classes().isEmpty()) {
            facts.add(new Fact("classes", String.join(", ", manifest.contracts().classes())));
        }
        var rows = new ArrayList<List<String>>();
        manifest.graphs().forEach((role, graph) -> {
            var proof = graph.proof();
            rows.add(List.of(
                    graph.file(),
                    graph.signature().toString(),
                    String.format(Locale.ROOT, "%.1e of %.3g", proof.maxDifference(), proof.range())));
            if (graph.variants() != null) {
                graph.variants()
                        .forEach((precision, variant) -> rows.add(
                                List.of(variant.file(), "the same in " + precision, ExportCommand.closeness(variant))));
            }
        });
        return new BundleInspection(
                manifest,
                String.format(
                        Locale.ROOT,
                        "%s: %s, opset %d, format %d",
                        manifest.name(),
                        from.family(),
                        manifest.opset(),
                        manifest.format()),
                facts,
                rows);
    }

    /** A self-contained page, with the pictures of the bundle's card. */
    String page(Path bundle) throws IOException {
        var page = new HtmlPage(manifest.name());
        page.paragraph(title + ". Every file's SHA-256 is right.");
        page.table(
                List.of("", ""),
                facts.stream().map(fact -> List.of(fact.name(), fact.value())).toList());
        var samples = samples(bundle);
        if (samples.isPresent()) {
            page.png(samples.get(), caption(), ZOOM);
        }
        page.heading("Graphs").table(GRAPH_HEADINGS, graphs);
        page.heading("Provenance");
        var from = manifest.provenance();
        var pictures = from.picturesSha256();
        page.table(
                List.of("", ""),
                List.of(
                        List.of("spec, SHA-256", from.specSha256()),
                        List.of("pictures, SHA-256", pictures == null ? "not noted" : pictures),
                        List.of("variance of the training pixels", String.valueOf(from.pixelVariance()))));
        page.heading("Files")
                .table(
                        List.of("file", "SHA-256"),
                        manifest.files().entrySet().stream()
                                .sorted(Map.Entry.comparingByKey())
                                .map(file -> List.of(file.getKey(), file.getValue()))
                                .toList());
        return page.html();
    }

    private String caption() {
        return CAPTIONS.entrySet().stream()
                .filter(caption -> manifest.contracts().has(caption.getKey()))
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse("");
    }

    /** The PNG of the card. */
    private static Optional<byte[]> samples(Path bundle) throws IOException {
        if (Files.isDirectory(bundle)) {
            var file = bundle.resolve(SAMPLES);
            return Files.exists(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
        }
        try (var zip = new ZipInputStream(Files.newInputStream(bundle))) {
            for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.getName().equals(SAMPLES) || entry.getName().endsWith("/" + SAMPLES)) {
                    return Optional.of(zip.readAllBytes());
                }
            }
        }
        return Optional.empty();
    }
}
