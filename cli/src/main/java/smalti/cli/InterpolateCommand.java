package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.spec.SpecException;

@Command(
        name = "interpolate",
        sortOptions = false,
        description =
                "Goes from one picture to another on the straight line between their latents, with a VAE; writes a strip.")
final class InterpolateCommand implements Callable<Integer> {
    static final class Steps implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return Values.within(text, 2, 256);
        }
    }

    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Parameters(index = "1", paramLabel = "FROM", description = "A picture.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path from;

    @Parameters(index = "2", paramLabel = "TO", description = "A picture.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path to;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "9",
            converter = Steps.class,
            description = "How many pictures, both ends included; default ${DEFAULT-VALUE}.")
    int steps;

    @Option(names = "--out", required = true, paramLabel = "strip.png", description = "The PNG to write.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Mixin
    private final ClassOption ofClass = new ClassOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    InterpolateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Outputs.requireFile(out, ".png", overwrite, bundle.path, from, to);
        try (var model = bundle.open()) {
            if (!model.hasPosterior()) {
                throw new SpecException(bundle.path
                        + ": must be a VAE, whose latents lie between one another, got a bundle with "
                        + String.join(", ", model.manifest().graphs().keySet()));
            }
            var first = picture(model, from);
            var last = picture(model, to);
            var classes = bundle.classes(model).of(List.of(from.toString(), to.toString()), ofClass.name);
            if (classes.length > 0 && classes[0] != classes[1]) {
                throw new SpecException(bundle.path + ": both pictures must be of one class, got "
                        + model.posterior().classes().get(classes[0]) + " and "
                        + model.posterior().classes().get(classes[1]) + "; --class says it for both");
            }
            var posterior =
                    classes.length == 0 ? model.posterior() : model.posterior().ofClass(classes[0]);
            var ends = posterior.encode(PictureBatches.pixels(List.of(first, last)));
            var strip = posterior.interpolate(
                    ends.range(0, 1).means(), ends.range(1, 1).means(), steps);
            Pngs.writeGrid(strip, steps, out);
            console.line("interpolated %s: %s", Console.pictures(steps), out);
        }
        return 0;
    }

    private smalti.pictures.Picture picture(smalti.runtime.SmaltiModel model, Path file) {
        var pictures = PictureBatches.read(file, model, new SkipOption(), console);
        if (pictures.size() != 1) {
            throw new SpecException(file + ": must be one picture, got " + pictures.size());
        }
        return pictures.get(0).picture();
    }
}
