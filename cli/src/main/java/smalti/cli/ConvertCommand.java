package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxExporter;
import smalti.exporter.dl4j.Dl4jNetworks;
import smalti.exporter.file.OnnxOpset;
import smalti.exporter.file.OnnxPrecision;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.onnx.SourceFiles;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.samediff.Isolation;
import smalti.spec.SpecException;
import smalti.spec.bundle.Precision;
import smalti.spec.file.AtomicFiles;

@Command(
        name = "convert",
        sortOptions = false,
        description =
                "Turns any SameDiff file, or any network that DL4J's ModelSerializer wrote, into an ONNX file that keeps "
                        + "its names, proven against SameDiff and DL4J before it is kept. Trainable variables become "
                        + "constants. An ONNX file is brought to another operator set by --opset, and to fewer bits by --precision "
                        + "fp16, both proven in ONNX Runtime.")
final class ConvertCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(
            index = "0",
            paramLabel = "GRAPH",
            description = "A file that SameDiff.save or DL4J's ModelSerializer wrote, or an ONNX file.")
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

    @Mixin
    OpsetOption opset = new OpsetOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    CommandSpec command;

    @Mixin
    ExternalDataOption externalData = new ExternalDataOption();

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "fp32",
            description = "fp32 or fp16, where nodes stay in FP32 whose numbers ask for it; for int8 see quantize; "
                    + "default ${DEFAULT-VALUE}.")
    String precision = "fp32";

    @Option(
            names = "--calibrate",
            paramLabel = "DATA",
            description = "For fp16: pictures or an .npz that show what numbers come; default: inputs of a seed.")
    @Nullable
    Path data;

    @Mixin
    ProofChoices proof = new ProofChoices();

    @Mixin
    ProofLimits limits = new ProofLimits();

    @Mixin
    PixelOptions pixels = new PixelOptions();

    @Option(
            names = "--isolated",
            description = "Run SameDiff in a JVM of its own, as is done anyhow where an operation may end the process.")
    boolean isolated;

    @Mixin
    private final SkipOption skip = new SkipOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    ConvertCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        return limits.limits().during(this::convert);
    }

    private int convert() throws IOException {
        boolean half = isHalf();
        externalData.checked();
        requireMeaning(half);
        Outputs.requireModel(out, overwrite, data == null ? proof.samples.inputs() : new Path[] {data});
        if (Files.isDirectory(graph)) {
            throw new SpecException(graph + ": must be a file, got a folder"
                    + (Files.exists(graph.resolve("export.json"))
                            ? "; of a run folder, name a .fb file inside, or use smalti export"
                            : ""));
        }
        SourceFiles.spare(out, data == null ? new Path[] {graph} : new Path[] {graph, data});
        if (graph.toString().endsWith(".onnx")) {
            SourceFiles.spareModel(out, graph);
            if (!inputs.isEmpty() || !outputs.isEmpty() || isolated || !shapes.isEmpty()) {
                throw new WrongUse(
                        "--inputs, --outputs, --shape and --isolated must be left out for an ONNX file, which is read as it is");
            }
            boolean other = command.commandLine().getParseResult().hasMatchedOption("--opset");
            if (!half && !other) {
                OnnxReader.read(graph); // or it says why it is none
                throw new SpecException(
                        graph
                                + ": is ONNX already; --opset brings it to another operator set, --precision fp16 makes it smaller");
            }
            if (half && !other && (proof.unproven || !proof.samples.isSeeded())) {
                throw new WrongUse("--samples and --unproven go with --opset; --precision fp16 takes --calibrate");
            }
            if (!half) {
                reopset(out);
                return 0;
            } else if (!other) {
                half(graph);
                return 0;
            }
        }
        if (proof.unproven || !proof.samples.isSeeded()) {
            if (!graph.toString().endsWith(".onnx")) {
                throw new WrongUse("--samples and --unproven are for ONNX files; a SameDiff graph is proven against"
                        + " SameDiff");
            }
        }
        if (!half) {
            export(out);
            return 0;
        }
        var folder = AtomicFiles.temporaryFolder("smalti-convert");
        try {
            var full = folder.resolve(graph.getFileName() + ".onnx");
            if (graph.toString().endsWith(".onnx")) {
                reopset(full);
            } else {
                export(full);
            }
            half(full);
        } finally {
            AtomicFiles.discard(folder);
        }
        return 0;
    }

    /** @throws WrongUse if options are given that would change nothing */
    private void requireMeaning(boolean half) {
        if (data != null && !half) {
            throw new WrongUse("--calibrate is for --precision fp16, and must be left out without");
        }
        if (data == null) {
            proof.samples.requirePictures(pixels);
        } else {
            pixels.requirePictures("--calibrate", data);
        }
    }

    private boolean isHalf() {
        return switch (Choices.of("--precision", precision, Precision.values())) {
            case FP32 -> false;
            case FP16 -> true;
            case INT8 -> throw new WrongUse("--precision must be fp32 or fp16, got int8; smalti quantize makes that");
        };
    }

    private void half(Path full) throws IOException {
        var read = OnnxReader.read(full);
        var samples = data == null
                ? List.<Map<String, Item>>of()
                : CalibrationSamples.read(
                                data, read, pixels.scaling(), String.valueOf(graph.getFileName()), skip, console)
                        .calibration();
        var report = OnnxPrecision.half(
                full, read, out, samples, ExportOptions.defaults().seed());
        report.dropped().forEach(line -> console.warning("dropped: " + line));
        console.line("converted %s to FP16: %s", graph, out);
        console.line(
                "  %d nodes in FP16, %d in FP32 for their range; %,d bytes, %,d before",
                report.nodes(), report.islands().size(), report.bytes(), report.bytesBefore());
        console.line(
                "  against FP32 on %s: %s",
                data == null ? "inputs of a seed" : "those samples", QuantizeCommand.closeness(report.quality()));
    }

    private void reopset(Path file) throws IOException {
        var place = String.valueOf(graph.getFileName());
        var options = proof.options(
                ExportOptions.defaults().seed(), limits, () -> OnnxReader.read(graph), place, pixels, skip, console);
        var report = OnnxOpset.convert(graph, file, opset.opset, externalData.checked(), options);
        console.line("converted %s to opset %d: %s", graph, opset.opset, out);
        console.line("  %d nodes, %d before at opset %d", report.nodes(), report.nodesBefore(), report.opsetBefore());
        proof.tell(report.proof(), out, console);
    }

    private void export(Path file) throws IOException {
        var isolation = isolated ? Isolation.ofAll() : Isolation.whereNeeded();
        var options = ExportOptions.defaults()
                .withOpset(opset.opset)
                .withExternalDataAbove(externalData.checked())
                .withIsolation(isolation)
                .withProgress(console::note);
        boolean network = Dl4jNetworks.isNetwork(graph);
        if (!network && !shapes.isEmpty()) {
            throw new WrongUse("--shape must be left out for a SameDiff file, whose inputs have their shapes");
        }
        var exported = network
                ? Dl4jNetworks.exportFile(graph, networkShapes(), file, options)
                : OnnxExporter.export(graph, inputs, outputs, file, options);
        exported.notes().forEach(console::warning);
        if (file.equals(out)) {
            console.line("converted %s: %s", graph, out);
        }
        console.line("  %s", exported.signature());
        console.line("  %d nodes, opset %d", exported.nodes(), opset.opset);
        for (var parity : exported.parity()) {
            console.line(
                    "  parity with ONNX Runtime: %s differs by at most %.1e of %.3g",
                    parity.output(), parity.difference(), parity.largest());
        }
    }

    private Map<String, List<Long>> networkShapes() {
        if (!inputs.isEmpty() || !outputs.isEmpty()) {
            throw new WrongUse("--inputs and --outputs must be left out for a network of DL4J, which has its own");
        }
        var parsed = new LinkedHashMap<String, List<Long>>();
        shapes.forEach((input, sizes) -> {
            var shape = new ArrayList<>(List.of(-1L));
            for (var size : sizes.split(",", -1)) {
                try {
                    shape.add(Long.parseLong(size.strip()));
                } catch (NumberFormatException e) {
                    throw new WrongUse("--shape " + input + ": must be whole numbers between commas, got " + sizes, e);
                }
            }
            parsed.put(input, shape);
        });
        return parsed;
    }
}
