package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "encode",
        sortOptions = false,
        description = {
            "Turns pictures into codes. They keep their size, but for a crop at the centre to whole codes.",
            "With a VAE: into the means and log-variances of their latents. Pictures are brought to the model's size as "
                    + "in training."
        })
final class EncodeCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Parameters(index = "1", paramLabel = "IMAGES", description = "A picture, a folder of them, or a ZIP.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path images;

    @Option(names = "--out", required = true, paramLabel = "FILE.npz", description = "The file to write.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Mixin
    private final ClassOption ofClass = new ClassOption();

    @Mixin
    private final SkipOption skip = new SkipOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    EncodeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Outputs.requireFile(out, ".npz", overwrite, bundle.path, images);
        try (var model = bundle.open()) {
            var kind = ModelKinds.of(bundle, model);
            kind.requireTakesPictures();
            var pictures = PictureBatches.read(images, model, skip, console);
            console.note("encoding " + Console.pictures(pictures.size()));
            kind.encode(pictures, ofClass.name, out);
            console.line("encoded %s: %s", Console.pictures(pictures.size()), out);
        }
        return 0;
    }
}
