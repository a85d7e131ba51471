package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import smalti.exporter.file.Equivalence;
import smalti.exporter.file.ProofOptions;

/** How a file is shown to compute what it should, and what came of it: {@code --samples} and {@code --unproven}. */
final class ProofChoices {
    @Mixin
    SamplesOption samples = new SamplesOption();

    @Option(
            names = "--unproven",
            description = "Write a file even if it cannot be run to be compared; it says so in its metadata, and the "
                    + "command warns. One that computes something else is never written.")
    boolean unproven;

    /** @param place names the model in errors */
    ProofOptions options(
            long seed,
            ProofLimits limits,
            SamplesOption.Reader model,
            String place,
            PixelOptions pixels,
            SkipOption skip,
            Console console)
            throws IOException {
        return samples.options(seed, limits, model, place, pixels, skip, console)
                .withUnproven(unproven);
    }

    void tell(Equivalence proof, Path out, Console console) {
        proof.notes().forEach(console::note);
        if (proof.isProven()) {
            console.line("outputs differ by at most %.1e of their range on %s", proof.difference(), samples.text());
        } else {
            console.warning("UNPROVEN: nobody has seen that " + out + " computes the same: " + proof.unproven());
        }
    }
}
