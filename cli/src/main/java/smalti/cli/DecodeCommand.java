package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.spec.SpecException;

@Command(name = "decode", sortOptions = false, description = "Turns codes back into pictures.")
final class DecodeCommand implements Callable<Integer> {
    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Parameters(index = "1", paramLabel = "codes.npz", description = "What smalti encode wrote with the same bundle.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path file;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder to write.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    DecodeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Pngs.check(out);
        try (var model = bundle.open()) {
            var codec = model.codec();
            var codes = CodesFile.read(file);
            try {
                var images = PictureBatches.decode(codec, codes.codes()).stream()
                        .map(pixels -> pixels.image(0))
                        .toList();
                Pngs.writeEach(images, codes.names(), out);
            } catch (SpecException e) {
                throw e.at(file.toString());
            }
            console.line("decoded %d pictures: %s", codes.names().size(), out);
        }
        return 0;
    }
}
