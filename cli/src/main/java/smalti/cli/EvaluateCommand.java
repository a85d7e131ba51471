package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import smalti.runtime.SmaltiModel;
import smalti.spec.AtomicFiles;
import smalti.spec.ImageSpec;
import smalti.spec.RecordTree;
import smalti.spec.SpecException;
import smalti.trainer.data.EvaluationData;
import smalti.trainer.data.LoadListener;
import smalti.trainer.data.Pictures;

@Command(
        name = "evaluate",
        sortOptions = false,
        description = {
            "Measures a bundle on pictures: all of DATA, or, where DATA is what the model was trained on, those that "
                    + "training held out.",
            "A codec is measured by its reconstructions, a generator by the sliced Wasserstein distance between its "
                    + "pictures and real ones, with that between real pictures as the floor."
        })
final class EvaluateCommand implements Callable<Integer> {
    static final String HELD_OUT = "held-out";
    static final String ALL = "all";

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
            if (!model.hasCodec() && !model.hasGenerator()) {
                throw new SpecException(bundle.path + ": holds neither a codec nor a generator to evaluate, got "
                        + model.manifest().graphs().keySet());
            }
            var figures = measure(model, read(model));
            figures.lines().forEach(line -> console.line("%-13s%s", line.name(), line.value()));
            if (json != null) {
                AtomicFiles.writeString(json, RecordTree.json((Record) figures));
            }
        }
        return 0;
    }

    private EvaluationData read(SmaltiModel model) {
        var manifest = model.manifest();
        var pixels = manifest.pixels();
        return EvaluationData.open(
                data,
                new ImageSpec(pixels.height(), pixels.width(), pixels.channels()),
                skip.on(manifest.provenance().data()),
                manifest.provenance().seed(),
                new LoadListener() {
                    @Override
                    public void warning(String message) {
                        console.warning(message);
                    }
                });
    }

    /** Says on what it measures, too. */
    private Figures measure(SmaltiModel model, EvaluationData pictures) {
        var trainedOn = model.manifest().provenance().picturesSha256();
        boolean known = trainedOn != null;
        boolean same = trainedOn != null && trainedOn.equals(Pictures.sha256(pictures.all()));
        int count = pictures.all().count();
        int heldOut = pictures.heldOut().count();
        if (!all && heldOut > 0 && (same || !known)) {
            say(
                    "%s of %s's %d: %s; --all measures all",
                    Console.pictures(heldOut),
                    data,
                    count,
                    same
                            ? "the model was trained on the others"
                            : "those that training would have held out, as this bundle does not note what it was "
                                    + "trained on");
            return model.hasCodec()
                    ? CodecFigures.measure(model, HELD_OUT, pictures.heldOut())
                    : GeneratorFigures.heldOut(model, pictures.heldOut(), pictures.train());
        }
        say(
                "all %s of %s: %s",
                Console.pictures(count),
                data,
                same
                        ? "the model was trained on " + pictures.train().count() + " of them"
                        : known
                                ? "they are other pictures than the model was trained on, or not just those"
                                : "this bundle does not note whether the model was trained on some of them");
        return model.hasCodec()
                ? CodecFigures.measure(model, ALL, pictures.all())
                : GeneratorFigures.all(model, data.toString(), pictures.all());
    }

    private void say(String format, Object... values) {
        console.line("measured on  " + format, values);
    }
}
