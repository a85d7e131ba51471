package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.exporter.onnx.OnnxWriter;

@Command(
        name = "convert",
        sortOptions = false,
        description =
                "Turns any SameDiff file into an ONNX file that keeps its names, proven against SameDiff before it is "
                        + "kept. Trainable variables become constants.")
final class ConvertCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(index = "0", paramLabel = "GRAPH", description = "A file that SameDiff.save wrote.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path graph;

    @Option(names = "--inputs", split = ",", paramLabel = "NAME", description = "Placeholders; default: all.")
    List<String> inputs = List.of();

    @Option(
            names = "--outputs",
            split = ",",
            paramLabel = "NAME",
            description = "Variables; default: all that nothing uses.")
    List<String> outputs = List.of();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The file to write, model.onnx.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Option(
            names = "--opset",
            paramLabel = "N",
            defaultValue = "" + ExportOptions.DEFAULT_OPSET,
            description = "ONNX operator set; default ${DEFAULT-VALUE}.")
    int opset;

    @Option(
            names = "--external-data-above",
            paramLabel = "BYTES",
            description = "Weights of more bytes in all are written to FILE.data beside FILE; default 1500000000.")
    long externalDataAbove = OnnxWriter.EXTERNAL_DATA_ABOVE;

    ConvertCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        var options = ExportOptions.defaults()
                .withOpset(opset)
                .withExternalDataAbove(externalDataAbove)
                .withProgress(console::note);
        var exported = OnnxExporter.export(graph, inputs, outputs, out, options);
        exported.notes().forEach(console::warning);
        console.line("converted %s: %s", graph, out);
        console.line("  %s", exported.signature());
        console.line("  %d nodes, opset %d", exported.nodes(), opset);
        for (var parity : exported.parity()) {
            console.line(
                    "  parity of SameDiff and ONNX Runtime: %s differs by at most %.1e of %.3g",
                    parity.output(), parity.difference(), parity.largest());
        }
        return 0;
    }
}
