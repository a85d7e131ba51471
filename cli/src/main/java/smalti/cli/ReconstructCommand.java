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
import smalti.runtime.Pixels;
import smalti.spec.Check;
import smalti.spec.SpecException;
import smalti.trainer.data.NamedPicture;
import smalti.trainer.data.Picture;

@Command(
        name = "reconstruct",
        sortOptions = false,
        description =
                "Turns pictures into codes and back. A grid shows each original with its reconstruction beside it.")
final class ReconstructCommand implements Callable<Integer> {
    private static final int GRID_PAIRS = 4;
    private static final int MOST_IN_GRID = 1000;

    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Parameters(index = "1", paramLabel = "IMAGES", description = "A picture, a folder of them, or a ZIP.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path images;

    @Option(names = "--out", required = true, paramLabel = "DIR|grid.png", description = "A folder, or one PNG.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    ReconstructCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Pngs.check(out);
        if (out.toAbsolutePath().normalize().startsWith(images.toAbsolutePath().normalize())) {
            throw new SpecException(out + ": must not be in " + images + ", whose pictures it would replace");
        }
        try (var model = bundle.open()) {
            var codec = model.codec();
            var pictures = PictureBatches.read(images, model);
            if (Pngs.isGrid(out)) {
                checkGrid(pictures);
            }
            var rebuilt = PictureBatches.decode(codec, PictureBatches.encode(codec, pictures));
            if (Pngs.isGrid(out)) {
                Pngs.writeGrid(pairs(pictures, rebuilt), 2 * GRID_PAIRS, out);
            } else {
                Pngs.writeEach(
                        rebuilt.stream().map(pixels -> pixels.image(0)).toList(), PictureBatches.stems(pictures), out);
            }
            console.line("reconstructed %d pictures: %s", pictures.size(), out);
        }
        return 0;
    }

    private void checkGrid(List<NamedPicture> pictures) {
        var first = pictures.get(0).picture();
        Check.that(
                        pictures.size() <= MOST_IN_GRID,
                        "%s: a grid must have at most %s pictures, got %s; write them to a folder instead",
                        images,
                        MOST_IN_GRID,
                        pictures.size())
                .done();
        for (var named : pictures) {
            var picture = named.picture();
            if (picture.height() != first.height() || picture.width() != first.width()) {
                throw new SpecException(images + ": pictures in a grid must have one size, got " + first.width() + "x"
                        + first.height() + " and " + picture.width() + "x" + picture.height() + " (" + named.name()
                        + "); write them to a folder instead");
            }
        }
    }

    private Pixels pairs(List<NamedPicture> originals, List<Pixels> rebuilt) {
        var pairs = new ArrayList<Picture>();
        for (int i = 0; i < originals.size(); i++) {
            var original = originals.get(i).picture();
            pairs.add(original);
            pairs.add(Picture.of(
                    original.height(),
                    original.width(),
                    original.channels(),
                    rebuilt.get(i).bytes()));
        }
        return PictureBatches.pixels(pairs);
    }
}
