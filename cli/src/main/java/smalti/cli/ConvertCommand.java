package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.exporter.dl4j.Dl4jNetworks;
import smalti.spec.SpecException;

@Command(
        name = "convert",
        sortOptions = false,
        description =
                "Turns any SameDiff file, or any network that DL4J's ModelSerializer wrote, into an ONNX file that keeps "
                        + "its names, proven against SameDiff and DL4J before it is kept. Trainable variables become "
                        + "constants.")
final class ConvertCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(
            index = "0",
            paramLabel = "GRAPH",
            description = "A file that SameDiff.save or DL4J's ModelSerializer wrote.")
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

    @Option(
            names = "--shape",
            paramLabel = "NAME=SIZES",
            description = "For a network of DL4J: an input's sizes behind the batch, as in input=1,28,28, with -1 for "
                    + "free ones; needed where its first layer does not tell them.")
    Map<String, String> shapes = Map.of();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The file to write, model.onnx.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Option(
            names = "--opset",
            paramLabel = "N",
            defaultValue = "" + ExportOptions.DEFAULT_OPSET,
            description = "ONNX operator set; default ${DEFAULT-VALUE}.")
    int opset;

    ConvertCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        var options = ExportOptions.defaults().withOpset(opset).withProgress(console::note);
        var exported = Dl4jNetworks.isNetwork(graph)
                ? Dl4jNetworks.export(graph, networkShapes(), out, options)
                : OnnxExporter.export(graph, inputs, outputs, out, options);
        exported.notes().forEach(console::warning);
        console.line("converted %s: %s", graph, out);
        console.line("  %s", exported.signature());
        console.line("  %d nodes, opset %d", exported.nodes(), opset);
        for (var parity : exported.parity()) {
            console.line(
                    "  parity with ONNX Runtime: %s differs by at most %.1e of %.3g",
                    parity.output(), parity.difference(), parity.largest());
        }
        return 0;
    }

    private Map<String, List<Long>> networkShapes() {
        if (!inputs.isEmpty() || !outputs.isEmpty()) {
            throw new SpecException("--inputs and --outputs must be left out for a network of DL4J, which has its own");
        }
        var parsed = new LinkedHashMap<String, List<Long>>();
        shapes.forEach((input, sizes) -> {
            var shape = new ArrayList<>(List.of(-1L));
            for (var size : sizes.split(",", -1)) {
                try {
                    shape.add(Long.parseLong(size.strip()));
                } catch (NumberFormatException e) {
                    throw new SpecException(
                            "--shape " + input + ": must be whole numbers between commas, got " + sizes, e);
                }
            }
            parsed.put(input, shape);
        });
        return parsed;
    }
}
