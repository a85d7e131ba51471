package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.cost.Total;
import smalti.exporter.file.OnnxInspector;
import smalti.exporter.inspect.Inspection;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.RecordTree;

@Command(
        name = "inspect",
        sortOptions = false,
        description = {
            "Says what a bundle holds and verifies every file's checksum; or what any ONNX file holds and costs, on a page"
                    + " with the graph drawn, shapes, parameters, FLOPs and memory."
        })
final class InspectCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(
            index = "0",
            paramLabel = "BUNDLE|MODEL",
            description = "A bundle (a folder name.smalti, or the same as a ZIP), or an ONNX file.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path path;

    @Option(names = "--out", paramLabel = "PAGE", description = "The HTML page to write.")
    @Nullable
    Path out;

    @Option(
            names = "--size",
            paramLabel = "AXIS=N",
            description = "Of an ONNX file: the size of a free axis of its inputs, such as h=32; of one without a name,"
                    + " input[2]=32. The first axis of an input is 1 by default.")
    Map<String, Long> sizes = new TreeMap<>();

    @Option(names = "--json", description = "Prints all of it as JSON, of a bundle its bundle.json.")
    boolean json;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    InspectCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        requireSizes();
        if (isModel()) {
            model();
        } else if (!sizes.isEmpty()) {
            throw new WrongUse(path + ": must be an ONNX file for --size, got a bundle; its graphs are the .onnx"
                    + " files inside");
        } else {
            bundle();
        }
        return 0;
    }

    private void requireSizes() {
        var wrong = sizes.entrySet().stream()
                .filter(size -> size.getValue() < 1)
                .map(size -> "--size " + size.getKey() + " must be at least 1, got " + size.getValue())
                .toList();
        if (!wrong.isEmpty()) {
            throw new WrongUse(wrong);
        }
    }

    /** A folder or a ZIP is a bundle. */
    private boolean isModel() throws IOException {
        if (!Files.isRegularFile(path)) {
            return !Files.exists(path) && path.toString().endsWith(".onnx");
        }
        try (var stream = Files.newInputStream(path)) {
            var start = stream.readNBytes(2);
            return path.toString().endsWith(".onnx") || start.length < 2 || start[0] != 'P' || start[1] != 'K';
        }
    }

    private void model() throws IOException {
        if (out != null) {
            Outputs.requireFile(out, overwrite, path);
        }
        var inspection = OnnxInspector.inspect(path, sizes, out);
        if (json) {
            console.line("%s", inspection.json().stripTrailing());
            return;
        }
        summary(inspection);
        if (out == null) {
            var rows = new ArrayList<List<String>>();
            inspection
                    .operators()
                    .forEach(share -> rows.add(List.of(
                            plain(share.op()),
                            Integer.toString(share.nodes()),
                            share.parameters() == 0 ? "" : Inspection.count(share.parameters()),
                            share.flops().equals(new Total(0, 0)) ? "" : flops(share.flops()))));
            console.table(List.of("operator", "nodes", "parameters", "FLOPs"), rows);
        } else {
            console.line("page         %s", out);
        }
    }

    private void summary(Inspection inspection) {
        var cost = inspection.cost();
        var graph = cost.graph();
        console.line(
                "%s: %s, IR %d, %s",
                plain(inspection.file()),
                inspection.opsets().entrySet().stream()
                        .map(entry ->
                                (entry.getKey().isEmpty() ? "opset" : plain(entry.getKey())) + " " + entry.getValue())
                        .collect(Collectors.joining(", ")),
                inspection.irVersion(),
                Inspection.bytes(inspection.fileBytes()));
        inspection
                .inputs()
                .forEach(input -> console.line("input        %s %s", plain(input.name()), plain(input.type())));
        inspection
                .outputs()
                .forEach(output -> console.line("output       %s %s", plain(output.name()), plain(output.type())));
        if (!cost.sizes().isEmpty()) {
            console.line(
                    "sizes        %s",
                    cost.sizes().entrySet().stream()
                            .map(entry -> plain(entry.getKey()) + "=" + entry.getValue()
                                    + (cost.assumed().contains(entry.getKey()) ? " (assumed)" : ""))
                            .collect(Collectors.joining(", ")));
        }
        console.line(
                "nodes        %d, %s",
                inspection.nodes(),
                !inspection.redundancyKnown()
                        ? "too many to look for redundant ones"
                        : inspection.redundant().isEmpty()
                                ? "none redundant"
                                : "redundant: "
                                        + inspection.redundant().stream()
                                                .map(pass -> pass.pass() + " "
                                                        + pass.nodes().size())
                                                .collect(Collectors.joining(", ")));
        console.line(
                "parameters   %s, %s", Inspection.count(cost.parameters()), Inspection.bytes(cost.parameterBytes()));
        console.line("FLOPs        %s", flops(graph.flops()));
        console.line(
                "activations  %s%s at once",
                graph.peakBytes().isWhole() ? "" : "at least ",
                Inspection.bytes(graph.peakBytes().known()));
        if (!cost.open().isEmpty()) {
            console.line(
                    "unknown      what depends on %s; give --size %s=N",
                    plain(String.join(", ", cost.open())), plain(cost.open().get(0)));
        }
    }

    private static String flops(Total flops) {
        return flops.isWhole()
                ? Inspection.count(flops.known())
                : flops.known() == 0
                        ? "unknown"
                        : "at least " + Inspection.count(flops.known()) + ", " + flops.unknown()
                                + (flops.unknown() == 1 ? " node" : " nodes") + " unknown";
    }

    /** A name out of a file must not steer the terminal. */
    private static String plain(String text) {
        var safe = text.replaceAll("[\\p{Cntrl}\\p{Cf}]", "\uFFFD");
        return safe.length() > 200 ? safe.substring(0, 199) + "…" : safe;
    }

    private void bundle() throws IOException {
        if (out != null) {
            Outputs.requireFile(out, overwrite, path);
        }
        try (var model = BundleArgument.open(path)) {
            if (json) {
                console.line("%s", RecordTree.json(model.manifest()).stripTrailing());
            }
            var inspection = BundleInspection.of(model.manifest());
            if (out != null) {
                AtomicFiles.writeString(out, inspection.page(path));
            }
            if (json) {
                return;
            }
            console.line("%s", inspection.title());
            inspection.facts().forEach(fact -> console.line("%-13s%s", fact.name(), fact.value()));
            if (out == null) {
                console.table(BundleInspection.GRAPH_HEADINGS, inspection.graphs());
            } else {
                console.line("page         %s", out);
            }
            console.line("every file's SHA-256 is right");
        }
    }
}
