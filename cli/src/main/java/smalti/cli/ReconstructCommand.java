package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.pictures.NamedPicture;
import smalti.pictures.Picture;
import smalti.runtime.Pixels;

@Command(
        name = "reconstruct",
        sortOptions = false,
        description =
                "Turns pictures into codes and back, or with a VAE into the means of their latents and back. A grid "
                        + "shows each original with its reconstruction beside it.")
final class ReconstructCommand implements Callable<Integer> {
    private static final int GRID_PAIRS = 4;

    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Parameters(index = "1", paramLabel = "IMAGES", description = "A picture, a folder of them, or a ZIP.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path images;

    @Option(names = "--out", required = true, paramLabel = "DIR|grid.png", description = "A folder, or one PNG.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Mixin
    private final ClassOption ofClass = new ClassOption();

    @Mixin
    private final SkipOption skip = new SkipOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    ReconstructCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Pngs.check(out, overwrite, bundle.path, images);
        try (var model = bundle.open()) {
            var kind = ModelKinds.of(bundle, model);
            kind.requireTakesPictures();
            var pictures = PictureBatches.read(images, model, skip, console);
            if (Pngs.isGrid(out)) {
                Pngs.requireGrid(pictures.size());
            }
            console.note("reconstructing " + Console.pictures(pictures.size()));
            var rebuilt = kind.reconstruct(pictures, ofClass.name);
            if (Pngs.isGrid(out)) {
                Pngs.writeGrid(pairs(pictures, rebuilt), 2 * GRID_PAIRS, out);
            } else {
                Pngs.writeEach(
                        rebuilt.stream().map(pixels -> pixels.image(0)).toList(), PictureBatches.stems(pictures), out);
            }
            console.line("reconstructed %s: %s", Console.pictures(pictures.size()), out);
        }
        return 0;
    }

    private static List<Picture> pairs(List<NamedPicture> originals, List<Pixels> rebuilt) {
        var pairs = new ArrayList<Picture>();
        for (int i = 0; i < originals.size(); i++) {
            pairs.add(originals.get(i).picture());
            pairs.add(PictureBatches.picture(rebuilt.get(i)));
        }
        return pairs;
    }
}
