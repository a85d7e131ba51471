package smalti.bench;

import java.io.IOException;
import java.nio.file.Path;
import smalti.exporter.BundleExporter;
import smalti.exporter.ExportOptions;
import smalti.trainer.Presets;
import smalti.trainer.Trainer;
import smalti.trainer.TrainingListener;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.ProceduralPictures;

/**
 * A bundle of the preset {@code vqvae-demo} after a single training step: what it decodes to is noise, what decoding
 * costs is what it costs a trained one.
 */
final class UntrainedBundle {
    private static final int PICTURES = 64;
    private static final double HELD_OUT = 0.25;
    private static final long SEED = 1;

    private UntrainedBundle() {}

    /**
     * @param folder for the run folder and the bundle
     * @return the bundle
     */
    static Path write(Path folder) throws IOException {
        var preset = Presets.named("vqvae-demo");
        var spec = preset.withTraining(preset.training().withSteps(1));
        var pictures = ProceduralPictures.draw(PICTURES, spec.image().height(), SEED);
        var run = folder.resolve("run");
        Trainer.train(spec, Dataset.split(pictures, HELD_OUT, SEED), run, TrainingListener.none());
        var bundle = folder.resolve("untrained.smalti");
        BundleExporter.export(run, bundle, ExportOptions.defaults());
        return bundle;
    }
}
