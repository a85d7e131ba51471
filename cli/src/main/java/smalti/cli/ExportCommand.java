package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.BundleExporter;
import smalti.exporter.ExportOptions;
import smalti.spec.BundleManifest;
import smalti.spec.ElementType;

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
        Outputs.requireFolder(out);
        var manifest = BundleExporter.export(
                run, out, ExportOptions.defaults().withOpset(opset).withProgress(console::note));
        console.line("exported %s: %s", manifest.name(), out);
        console.line("parity of SameDiff and ONNX Runtime: %s", parity(manifest));
        console.line("next: ./smalti inspect %s", out);
        return 0;
    }

    /** One line on how SameDiff and ONNX Runtime agree. */
    static String parity(BundleManifest manifest) {
        double floats = 0;
        double levels = -1;
        long codes = 0;
        long differing = 0;
        for (var graph : manifest.graphs().values()) {
            var proof = graph.proof();
            var type = graph.signature().outputs().get(0).type();
            if (type == ElementType.UINT8) {
                levels = Math.max(levels, proof.maxDifference());
            } else if (proof.range() > 0) {
                floats = Math.max(floats, proof.maxDifference() / proof.range());
            }
            codes += proof.codes();
            differing += proof.codesDiffering();
        }
        return String.format(Locale.ROOT, "floats differ by at most %.1e of their range", floats)
                + (levels < 0 ? "" : String.format(Locale.ROOT, ", pixels by %.0f of 255", levels))
                + (codes == 0 ? "" : String.format(Locale.ROOT, ", %d of %d codes", differing, codes));
    }
}
