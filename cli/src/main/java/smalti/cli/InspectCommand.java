package smalti.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "inspect", description = "Says what a bundle holds and verifies every file's checksum.")
final class InspectCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    InspectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        try (var model = bundle.open()) {
            var manifest = model.manifest();
            var from = manifest.provenance();
            var pixels = manifest.pixels();
            console.line(
                    "%s: %s, opset %d, format %d", manifest.name(), from.family(), manifest.opset(), manifest.format());
            console.line(
                    "trained      %d steps on %s, seed %d, %s",
                    from.steps(), Console.pictures(from.trainPictures()), from.seed(), from.versions());
            console.line(
                    "pictures     %dx%d, %s, floats from %s to %s",
                    pixels.width(), pixels.height(), pixels.channels() == 1 ? "grey" : "RGB", pixels.lo(), pixels.hi());
            var codebook = manifest.codebook();
            if (codebook != null) {
                console.line("codebook     %d codes, one for %dx%2$d pixels", codebook.codes(), codebook.factor());
            }
            var noise = manifest.noise();
            if (noise != null) {
                console.line("noise        %d numbers, %s", noise.length(), noise.generator());
            }
            if (!manifest.classes().isEmpty()) {
                console.line("classes      %s", String.join(", ", manifest.classes()));
            }
            var rows = new ArrayList<List<String>>();
            manifest.graphs().forEach((role, graph) -> {
                var proof = graph.proof();
                rows.add(List.of(
                        graph.file(),
                        graph.signature().toString(),
                        String.format(Locale.ROOT, "%.1e of %.3g", proof.maxDifference(), proof.range())));
            });
            table(List.of("graph", "signature", "largest difference from SameDiff"), rows);
            console.line("every file's SHA-256 is right");
        }
        return 0;
    }

    private void table(List<String> headings, List<List<String>> rows) {
        var widths = new int[headings.size()];
        var all = new ArrayList<List<String>>();
        all.add(headings);
        all.addAll(rows);
        for (var row : all) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (var row : all) {
            var text = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                text.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            console.line("%s", text.toString().stripTrailing());
        }
    }
}
