package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import smalti.exporter.file.ProofOptions;
import smalti.exporter.graph.Model;

/** What ONNX files are compared on: {@code --samples}. */
final class SamplesOption {
    @Option(
            names = "--samples",
            paramLabel = "DATA",
            description = "What to compare on: an .npz of arrays named like the model's inputs, or pictures; default: "
                    + "inputs of a seed.")
    @Nullable
    Path data;

    /** Reads the model whose inputs the samples are for. */
    interface Reader {
        Model read() throws IOException;
    }

    boolean isSeeded() {
        return data == null;
    }

    /** What is read besides the model. */
    Path[] inputs() {
        return data == null ? new Path[0] : new Path[] {data};
    }

    /** @throws WrongUse if options of pictures are given without pictures */
    void requirePictures(PixelOptions pixels) {
        pixels.requirePictures("--samples", data);
    }

    /** Such as {@code seeded inputs}. */
    String text() {
        return isSeeded() ? "seeded inputs" : "those samples";
    }

    /** @param place names the model in errors */
    ProofOptions options(
            long seed,
            ProofLimits limits,
            Reader model,
            String place,
            PixelOptions pixels,
            SkipOption skip,
            Console console)
            throws IOException {
        var options = ProofOptions.defaults().withSeed(seed).withLimits(limits.limits());
        return data == null
                ? options
                : options.withSamples(ProofSamples.read(data, model.read(), pixels.scaling(), place, skip, console));
    }
}
