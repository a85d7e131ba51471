package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.file.OnnxOptimizer;
import smalti.exporter.onnx.OnnxReader;

@Command(
        name = "optimize",
        sortOptions = false,
        description = "Makes any ONNX file smaller and faster, and proves in ONNX Runtime that it computes the same.")
final class OptimizeCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(index = "0", paramLabel = "MODEL", description = "An ONNX file.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path model;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The ONNX file to write.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the inputs to compare on; default ${DEFAULT-VALUE}.")
    long seed;

    @Mixin
    ExternalDataOption externalData = new ExternalDataOption();

    @Mixin
    ProofChoices proof = new ProofChoices();

    @Mixin
    ProofLimits limits = new ProofLimits();

    @Mixin
    PixelOptions pixels = new PixelOptions();

    @Mixin
    private final SkipOption skip = new SkipOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    OptimizeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        long externalDataAbove = externalData.checked();
        proof.samples.requirePictures(pixels);
        GivenFile.requireModel(model);
        Outputs.requireModel(out, overwrite, proof.samples.inputs());
        var place = String.valueOf(model.getFileName());
        var options = proof.options(seed, limits, () -> OnnxReader.read(model), place, pixels, skip, console);
        var report = OnnxOptimizer.optimize(model, out, externalDataAbove, options);
        console.line("optimized %s: %d nodes, %d before: %s", model, report.nodes(), report.nodesBefore(), out);
        report.removed()
                .forEach((pass, count) -> console.line(
                        "  %-14s %s",
                        pass, count < 0 ? "adds " + -count : count == 0 ? "changes some" : "takes " + count));
        report.dropped().forEach(line -> console.warning("dropped: " + line));
        proof.tell(report.proof(), out, console);
        return 0;
    }
}
