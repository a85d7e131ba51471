package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import smalti.runtime.Generator;
import smalti.runtime.Pixels;
import smalti.spec.file.AtomicFiles;

@Command(name = "generate", sortOptions = false, description = "Makes pictures with a generator bundle.")
final class GenerateCommand implements Callable<Integer> {
    private static final int MOST = 1_000_000;
    private static final int MOST_IN_GRID = 10_000;
    private static final int PART = 256;

    static final class Count implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return Values.within(text, 1, MOST);
        }
    }

    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "64",
            converter = Count.class,
            description = "How many; default ${DEFAULT-VALUE}.")
    int count;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "Picture i of a seed is always the same; default ${DEFAULT-VALUE}.")
    long seed;

    @Mixin
    private final ClassOption ofClass = new ClassOption();

    @Option(names = "--out", required = true, paramLabel = "DIR|grid.png", description = "A folder, or one PNG.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    GenerateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (Pngs.isGrid(out) && count > MOST_IN_GRID) {
            throw new WrongUse("--count must be from 1 to " + MOST_IN_GRID + " for one PNG, got " + count);
        }
        Pngs.check(out, overwrite, bundle.path);
        try (var model = bundle.open()) {
            var generator = bundle.generator(model);
            var classes = classes(generator.classes());
            long started = System.nanoTime();
            if (Pngs.isGrid(out)) {
                int columns = ofClass.name == null && generator.classes().size() > 1
                        ? generator.classes().size()
                        : 0;
                Pngs.writeGrid(generate(generator, classes, 0, count), columns, out);
            } else {
                AtomicFiles.writeFolder(out, folder -> writeEach(generator, classes, folder));
            }
            double seconds = (System.nanoTime() - started) / 1e9;
            console.line("generated and wrote %s in %.2f s: %s", Console.pictures(count), seconds, out);
        }
        return 0;
    }

    /** A part at a time, as all of them may not fit the memory. */
    private void writeEach(Generator generator, int[] classes, Path folder) throws IOException {
        for (int first = 0; first < count; first += PART) {
            int part = Math.min(PART, count - first);
            var images = generate(generator, classes, first, part).images();
            for (int i = 0; i < part; i++) {
                Pngs.write(images.get(i), folder.resolve(String.format(Locale.ROOT, "%05d.png", first + i)));
            }
        }
    }

    /** Pictures first…first+part−1 of the seed. */
    private Pixels generate(Generator generator, int[] classes, int first, int part) {
        var noise = new float[part * generator.noiseLength()];
        for (int i = 0; i < part; i++) {
            System.arraycopy(
                    generator.noise(seed, first + i), 0, noise, i * generator.noiseLength(), generator.noiseLength());
        }
        return classes.length == 0
                ? generator.generate(noise)
                : generator.generate(noise, Arrays.copyOfRange(classes, first, first + part));
    }

    /** The class of each picture, or none where the model has no classes. */
    private int[] classes(List<String> names) {
        var choice = new ClassChoice(bundle.path.toString(), names);
        choice.requireNone(ofClass.name);
        if (names.isEmpty()) {
            return new int[0];
        }
        if (ofClass.name == null) {
            return inTurn(count, names.size());
        }
        var same = new int[count];
        Arrays.fill(same, choice.index(ofClass.name));
        return same;
    }

    /** 0, 1, …, classes − 1, 0, 1, … */
    static int[] inTurn(int count, int classes) {
        var indices = new int[count];
        for (int i = 0; i < count; i++) {
            indices[i] = i % classes;
        }
        return indices;
    }
}
