package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.runtime.Pixels;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;

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

    @Option(
            names = "--class",
            paramLabel = "CLASS",
            description = "Name or number of the class of all pictures, where the model is conditional; default: those "
                    + "that the file holds.")
    @Nullable
    String className;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    DecodeCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Pngs.check(out, overwrite, bundle.path, file);
        try (var model = bundle.open()) {
            bundle.requireTakesPictures(model);
            int count = model.hasCodec() ? decodeCodes(model) : decodeLatents(model);
            console.line("decoded %s: %s", Console.pictures(count), out);
        }
        return 0;
    }

    private int decodeCodes(SmaltiModel model) throws IOException {
        bundle.classes(model).requireNone(className);
        var codes = CodesFile.read(file);
        write(located(() -> PictureBatches.decode(model.codec(), codes.codes())), codes.names());
        return codes.names().size();
    }

    private int decodeLatents(SmaltiModel model) throws IOException {
        var choice = bundle.classes(model);
        choice.requireNone(className);
        var stored = DistributionsFile.read(file);
        var posterior = model.posterior();
        if (stored.dim() != posterior.dim()) {
            throw new SpecException(
                    file + ": must hold " + posterior.dim() + " latent numbers for each picture, got " + stored.dim());
        }
        var classes = stored.classes();
        if (className != null) {
            classes = new int[stored.names().size()];
            Arrays.fill(classes, choice.index(className));
        } else if (!choice.names().isEmpty() && classes.length == 0) {
            throw new SpecException(file + ": must hold the class of each picture, as " + bundle.path
                    + " is conditional, or --class say it");
        }
        var those = choice.names().isEmpty() ? new int[0] : classes;
        write(located(() -> PictureBatches.decode(posterior, stored.latents(), those)), stored.names());
        return stored.names().size();
    }

    private <T> T located(Supplier<T> work) {
        try {
            return work.get();
        } catch (SpecException e) {
            throw e.at(file.toString());
        }
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
