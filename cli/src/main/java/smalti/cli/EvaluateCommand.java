package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import smalti.runtime.SmaltiModel;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.RecordTree;
import smalti.spec.model.DataSpec;
import smalti.spec.model.ImageSpec;
import smalti.trainer.data.EvaluationData;
import smalti.trainer.data.LoadListener;
import smalti.trainer.data.Pictures;

@Command(
        name = "evaluate",
        sortOptions = false,
        description = {
            "Measures a bundle on pictures: all of DATA, or, where DATA is what the model was trained on, those that "
                    + "training held out.",
            "A codec is measured by its reconstructions, a VAE by bounds on the likelihood of pictures, a generator by the "
                    + "sliced Wasserstein distance between its pictures and real ones, with that between real pictures as the "
                    + "floor.",
            "A VAE that was trained on binarised pixels sees pictures of 0 and 1, drawn once and the same ever after; any other sees "
                    + "pixels as they are."
        })
final class EvaluateCommand implements Callable<Integer> {
    static final String HELD_OUT = "held-out";
    static final String ALL = "all";

    static final class Samples implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return Values.within(text, 1, 100_000);
        }
    }

    private final Console console;

    @Mixin
    private final BundleArgument bundle = new BundleArgument();

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DATA",
            description = "A picture, a folder or a ZIP of pictures, or IDX files.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path data;

    @Option(names = "--all", description = "Measure all of DATA, pictures that the model was trained on too.")
    boolean all;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Also write the figures as JSON, with those of each picture.")
    @Nullable
    Path json;

    @Option(
            names = "--importance-samples",
            paramLabel = "K",
            converter = Samples.class,
            description = "VAE: how many samples of each picture's latents; default 64. 5000 are usual in papers.")
    @Nullable
    Integer samples;

    @Option(
            names = "--pictures",
            paramLabel = "N",
            converter = GenerateCommand.Count.class,
            description = "VAE: measure at most N pictures, evenly spread; default: all.")
    @Nullable
    Integer most;

    @Option(names = "--seed", paramLabel = "S", description = "VAE: of the draws of latents; default 0.")
    @Nullable
    Long seed;

    @Mixin
    private final SkipOption skip = new SkipOption();

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    EvaluateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (json != null) {
            Outputs.requireFile(json, overwrite, bundle.path, data);
        }
        try (var model = bundle.open()) {
            var kind = ModelKinds.of(bundle, model);
            var effort = new ModelKind.Effort(samples, most, seed);
            kind.requireKnown(effort);
            var figures = measure(model, kind, effort);
            figures.lines().forEach(line -> console.line("%-13s%s", line.name(), line.value()));
            if (json != null) {
                AtomicFiles.writeString(json, RecordTree.json((Record) figures));
            }
        }
        return 0;
    }

    private EvaluationData read(SmaltiModel model) {
        return EvaluationData.open(
                data, image(model), rules(model), model.manifest().provenance().seed(), listener());
    }

    private static ImageSpec image(SmaltiModel model) {
        var pixels = model.manifest().pixels();
        return new ImageSpec(pixels.height(), pixels.width(), pixels.channels());
    }

    private DataSpec rules(SmaltiModel model) {
        return skip.on(model.manifest().provenance().data());
    }

    private LoadListener listener() {
        return new LoadListener() {
            @Override
            public void warning(String message) {
                console.warning(message);
            }
        };
    }

    /** Says on what it measures, too. */
    private Figures measure(SmaltiModel model, ModelKind kind, ModelKind.Effort effort) {
        var pictures = read(model);
        var trainedOn = model.manifest().provenance().picturesSha256();
        boolean known = trainedOn != null;
        boolean same = trainedOn != null && trainedOn.equals(Pictures.sha256(pictures.all()));
        int count = pictures.all().count();
        int heldOut = pictures.heldOut().count();
        if (!all && heldOut > 0 && (same || !known)) {
            say(
                    "%s of %s's %d: %s; --all measures all",
                    measured(heldOut, ""),
                    data,
                    count,
                    same
                            ? "the model was trained on the others"
                            : "those that training would have held out, as this bundle does not note what it was "
                                    + "trained on");
            return kind.measureHeldOut(pictures, effort);
        }
        say(
                "%s of %s: %s",
                measured(count, "all "),
                data,
                same
                        ? "the model was trained on " + pictures.train().count() + " of them"
                        : known
                                ? "they are other pictures than the model was trained on, or not just those"
                                : "this bundle does not note whether the model was trained on some of them");
        return kind.measureAll(pictures, effort, data);
    }

    /** So many pictures, or as many of them as --pictures takes. */
    private String measured(int count, String all) {
        return most == null || most >= count
                ? all + Console.pictures(count)
                : Console.pictures(most) + ", evenly spread, of " + all + count;
    }

    private void say(String format, Object... values) {
        console.line("measured on  " + format, values);
    }
}
