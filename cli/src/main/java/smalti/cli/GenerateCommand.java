package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import smalti.runtime.Generator;
import smalti.runtime.Pixels;
import smalti.spec.Check;
import smalti.spec.SpecException;

@Command(name = "generate", sortOptions = false, description = "Makes pictures with a generator bundle.")
final class GenerateCommand implements Callable<Integer> {
    private static final int MOST = 1_000_000;

    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "64",
            description = "How many; default ${DEFAULT-VALUE}.")
    int count;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "Picture i of a seed is always the same; default ${DEFAULT-VALUE}.")
    long seed;

    @Option(
            names = "--class",
            paramLabel = "CLASS",
            description = "Name or number of the class, where the model is conditional; default: all in turn.")
    @Nullable
    String className;

    @Option(names = "--out", required = true, paramLabel = "DIR|grid.png", description = "A folder, or one PNG.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path out;

    GenerateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Check.that(count >= 1 && count <= MOST, "--count must be from 1 to %s, got %s", MOST, count)
                .done();
        Pngs.check(out);
        try (var model = bundle.open()) {
            var generator = model.generator();
            long started = System.nanoTime();
            var pixels = generate(generator);
            double seconds = (System.nanoTime() - started) / 1e9;
            if (Pngs.isGrid(out)) {
                Pngs.writeGrid(
                        pixels,
                        className == null && generator.classes().size() > 1
                                ? generator.classes().size()
                                : 0,
                        out);
            } else {
                Pngs.writeEach(pixels.images(), List.of(), out);
            }
            console.line("generated %d pictures in %.2f s (%.0f a second): %s", count, seconds, count / seconds, out);
        }
        return 0;
    }

    private Pixels generate(Generator generator) {
        var classes = generator.classes();
        if (classes.isEmpty()) {
            if (className != null) {
                throw new SpecException(bundle.path + ": has no classes, but --class was given: " + className);
            }
            return generator.generate(count, seed);
        }
        return className == null
                ? generator.generate(seed, inTurn(count, classes.size()))
                : generator.generate(count, seed, index(classes, className));
    }

    /** 0, 1, …, classes − 1, 0, 1, … */
    static int[] inTurn(int count, int classes) {
        var indices = new int[count];
        for (int i = 0; i < count; i++) {
            indices[i] = i % classes;
        }
        return indices;
    }

    private int index(List<String> classes, String name) {
        int index = classes.indexOf(name);
        if (index < 0 && name.matches("\\d{1,6}") && Integer.parseInt(name) < classes.size()) {
            index = Integer.parseInt(name);
        }
        if (index < 0) {
            throw new SpecException(bundle.path + ": --class must be one of " + String.join(", ", classes)
                    + " or a number from 0 to " + (classes.size() - 1) + ", got " + name);
        }
        return index;
    }
}
