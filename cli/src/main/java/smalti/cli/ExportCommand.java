package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.BundleExporter;
import smalti.exporter.ExportOptions;
import smalti.spec.BundleManifest;

@Command(
        name = "export",
        sortOptions = false,
        description =
                "Turns a run folder into a bundle of ONNX graphs, each proven against SameDiff before it is kept.")
final class ExportCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(index = "0", paramLabel = "RUN", description = "A run folder that smalti train finished.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path run;

    @Option(names = "--out", required = true, paramLabel = "BUNDLE", description = "The folder to write, name.smalti.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Option(
            names = "--opset",
            paramLabel = "N",
            defaultValue = "" + ExportOptions.DEFAULT_OPSET,
            description = "ONNX operator set; default ${DEFAULT-VALUE}.")
    int opset;

    ExportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        var manifest = BundleExporter.export(
                run, out, ExportOptions.defaults().withOpset(opset).withProgress(console::note));
        console.line("exported %s: %s", manifest.name(), out);
        console.line("%s", parity(manifest));
        console.line("next: smalti inspect %s", out);
        return 0;
    }

    /** One line on how SameDiff and ONNX Runtime agree. */
    static String parity(BundleManifest manifest) {
        double worst = manifest.graphs().values().stream()
                .map(BundleManifest.Graph::proof)
                .filter(proof -> proof.range() > 0)
                .map(proof -> proof.maxDifference() / proof.range())
                .max(Comparator.naturalOrder())
                .orElse(0.0);
        long codes = manifest.graphs().values().stream()
                .mapToLong(graph -> graph.proof().codes())
                .sum();
        long differing = manifest.graphs().values().stream()
                .mapToLong(graph -> graph.proof().codesDiffering())
                .sum();
        return String.format(
                java.util.Locale.ROOT,
                "parity of SameDiff and ONNX Runtime: largest difference %.1e of the output's range%s",
                worst,
                codes == 0
                        ? ""
                        : String.format(
                                java.util.Locale.ROOT, ", %d of %d codes differ (near ties)", differing, codes));
    }
}
