package smalti.bench;

import java.io.IOException;
import java.nio.file.Path;
import smalti.exporter.ExportOptions;
import smalti.exporter.bundle.BundleExporter;
import smalti.spec.SpecException;
import smalti.trainer.Presets;
import smalti.trainer.Trainer;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.ProceduralPictures;
import smalti.trainer.run.TrainingListener;

/**
 * A bundle of a preset after a single training step: what it makes is noise, what making it costs is what it costs a
 * trained one.
 */
final class UntrainedBundle {
    private static final String DEMO = "vqvae-demo";
    private static final int PICTURES = 96;
    private static final double HELD_OUT = 0.25;
    private static final long SEED = 1;

    private UntrainedBundle() {}

    /** @param args a folder for the bundles, and presets of pictures in colour */
    public static void main(String[] args) throws IOException {
        if (args.length < 2) {
            throw new SpecException("usage: UntrainedBundle FOLDER PRESET…");
        }
        for (int i = 1; i < args.length; i++) {
            System.out.println(write(Path.of(args[0]), args[i]));
        }
    }

    /**
     * That of {@code vqvae-demo}.
     *
     * @param folder for the run folder and the bundle
     * @return the bundle
     */
    static Path write(Path folder) throws IOException {
        return write(folder, DEMO);
    }

    private static Path write(Path folder, String name) throws IOException {
        var preset = Presets.named(name);
        var spec = preset.withTraining(preset.training().withSteps(1));
        var pictures = ProceduralPictures.draw(PICTURES, spec.image().height(), SEED);
        var run = folder.resolve(name + "-run");
        Trainer.train(spec, Dataset.split(pictures, HELD_OUT, SEED), run, TrainingListener.none());
        var bundle = folder.resolve(name + ".smalti");
        BundleExporter.export(run, bundle, ExportOptions.defaults());
        return bundle;
    }
}
