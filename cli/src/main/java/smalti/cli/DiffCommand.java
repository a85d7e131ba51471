package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.exporter.file.OnnxDiff;
import smalti.exporter.onnx.OnnxReader;

@Command(
        name = "diff",
        sortOptions = false,
        description =
                "Tells two ONNX files apart: structure, weights, and outputs on seeded inputs. Exits with 1 if they differ.")
final class DiffCommand implements Callable<Integer> {
    private static final int MOST_SHOWN = 20;

    private final Console console;

    @Parameters(index = "0", paramLabel = "A", description = "An ONNX file.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path one;

    @Parameters(index = "1", paramLabel = "B", description = "Another.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path other;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the inputs to compare on; default ${DEFAULT-VALUE}.")
    long seed;

    @Option(names = "--all", description = "List every difference, not the first " + MOST_SHOWN + " of each kind.")
    boolean all;

    @Mixin
    SamplesOption samples = new SamplesOption();

    @Mixin
    ProofLimits limits = new ProofLimits();

    @Mixin
    PixelOptions pixels = new PixelOptions();

    @Mixin
    private final SkipOption skip = new SkipOption();

    DiffCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        samples.requirePictures(pixels);
        GivenFile.requireModel(one);
        GivenFile.requireModel(other);
        var place = String.valueOf(one.getFileName());
        var options = samples.options(seed, limits, () -> OnnxReader.read(one), place, pixels, skip, console);
        var differences = OnnxDiff.of(one, other, options);
        print("structure", differences.structure());
        print("weights", differences.weights());
        print("outputs", differences.outputs());
        differences
                .difference()
                .ifPresent(most ->
                        console.line("outputs differ by at most %.1e of their range on %s", most, samples.text()));
        return differences.none() ? 0 : Main.WRONG_INPUT;
    }

    private void print(String what, List<String> lines) {
        console.line(
                "%s: %s",
                what,
                lines.isEmpty() ? "the same" : lines.size() == 1 ? "1 difference" : lines.size() + " differences");
        int shown = all ? lines.size() : Math.min(MOST_SHOWN, lines.size());
        lines.subList(0, shown).forEach(line -> console.line("  %s", line));
        if (shown < lines.size()) {
            console.line("  and %d more; --all lists them", lines.size() - shown);
        }
    }
}
