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
        description = "Turns pictures into codes. They keep their size, but for a crop at the centre to whole codes.")
final class EncodeCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Parameters(index = "1", paramLabel = "IMAGES", description = "A picture, a folder of them, or a ZIP.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path images;

    @Option(names = "--out", required = true, paramLabel = "codes.npz", description = "The file to write.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

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
            var codec = bundle.codec(model);
            var pictures = PictureBatches.read(images, model, skip, console);
            console.note("encoding " + Console.pictures(pictures.size()));
            var codes = PictureBatches.encode(codec, pictures);
            new CodesFile(PictureBatches.stems(pictures), codes).write(out);
            console.line("encoded %s: %s", Console.pictures(pictures.size()), out);
        }
        return 0;
    }
}
