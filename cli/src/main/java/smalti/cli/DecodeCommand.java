package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.runtime.Pixels;

@Command(
        name = "decode",
        sortOptions = false,
        description = "Turns codes, or the latents of a VAE, back into pictures.")
final class DecodeCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Parameters(index = "1", paramLabel = "FILE.npz", description = "What smalti encode wrote with the same bundle.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path file;

    @Option(names = "--out", required = true, paramLabel = "DIR|grid.png", description = "A folder, or one PNG.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Mixin
    private final ClassOption ofClass = new ClassOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    DecodeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Pngs.check(out, overwrite, bundle.path, file);
        try (var model = bundle.open()) {
            var decoded = ModelKinds.of(bundle, model).decode(file, ofClass.name);
            write(decoded.pixels(), decoded.names());
            console.line("decoded %s: %s", Console.pictures(decoded.names().size()), out);
        }
        return 0;
    }

    private void write(List<Pixels> pixels, List<String> names) throws IOException {
        if (Pngs.isGrid(out)) {
            Pngs.requireGrid(pixels.size());
            Pngs.writeGrid(pixels.stream().map(PictureBatches::picture).toList(), 0, out);
        } else {
            Pngs.writeEach(pixels.stream().map(one -> one.image(0)).toList(), names, out);
        }
    }
}
