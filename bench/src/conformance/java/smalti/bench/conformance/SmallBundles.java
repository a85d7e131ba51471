package smalti.bench.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.ExportOptions;
import smalti.exporter.bundle.BundleExporter;
import smalti.spec.file.AtomicFiles;
import smalti.spec.model.Activation;
import smalti.spec.model.Adam;
import smalti.spec.model.BernoulliLikelihood;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.ConvolutionalNetwork;
import smalti.spec.model.DataSpec;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.Family;
import smalti.spec.model.GaussianLikelihood;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.Kl;
import smalti.spec.model.MlpNetwork;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.TrainingSpec;
import smalti.spec.model.VaeFamily;
import smalti.spec.model.VqvaeFamily;
import smalti.trainer.Trainer;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.Pictures;
import smalti.trainer.data.ProceduralPictures;
import smalti.trainer.run.TrainingListener;

/** A bundle of each family and kind, hardly trained: what it makes is poor, how it computes it is what any does. */
final class SmallBundles {
    private static final int PICTURES = 96;
    private static final int STEPS = 60;
    private static final int BATCH = 16;
    private static final double HELD_OUT = 0.25;
    private static final long SEED = 1;
    private static final Adam ADAM = new Adam(2e-3, 0.5, 0.99, 1e-8);

    private static final Path FOLDER = Path.of("target/small-bundles").toAbsolutePath();
    private static final Map<String, Path> WRITTEN = new HashMap<>();
    private static final Map<String, Kind> KINDS = new LinkedHashMap<>();

    static {
        KINDS.put("vqvae-rgb", new Kind(new ImageSpec(32, 32, 3), codec(16)));
        KINDS.put("vqvae-grey", new Kind(new ImageSpec(24, 40, 1), codec(12)));
        KINDS.put("dcgan", new Kind(new ImageSpec(32, 32, 3), new DcganFamily(16, 8, 8, false, 0.5, ADAM)));
        KINDS.put("dcgan-classes-grey", new Kind(new ImageSpec(28, 28, 1), new DcganFamily(12, 8, 8, true, 0.5, ADAM)));
        KINDS.put(
                "vae-grey",
                new Kind(
                        new ImageSpec(28, 28, 1),
                        new VaeFamily(
                                6,
                                new MlpNetwork(List.of(48), Activation.TANH),
                                new BernoulliLikelihood(true),
                                new Kl(1, 0, 0),
                                false)));
        KINDS.put(
                "vae-classes-rgb",
                new Kind(
                        new ImageSpec(32, 32, 3),
                        new VaeFamily(
                                8,
                                new ConvolutionalNetwork(List.of(8, 16), 32, Activation.SILU),
                                new GaussianLikelihood(0.1, true),
                                new Kl(1, 0, 0),
                                true)));
    }

    private record Kind(ImageSpec image, Family family) {}

    private SmallBundles() {}

    static List<String> names() {
        return List.copyOf(KINDS.keySet());
    }

    /** Pictures of the size that a bundle's model was trained on, none of which it was trained on. */
    static Pictures pictures(String name, int count) {
        return pictures(kind(name).image(), count, SEED + 1);
    }

    /** Trains and exports one, once for all tests. */
    static synchronized Path bundle(String name) throws IOException {
        var written = WRITTEN.get(name);
        if (written == null) {
            if (WRITTEN.isEmpty()) {
                // of an earlier run, perhaps of other code
                AtomicFiles.deleteRecursively(FOLDER);
            }
            written = write(name, Files.createDirectories(FOLDER));
            WRITTEN.put(name, written);
        }
        return written;
    }

    private static Path write(String name, Path folder) throws IOException {
        var kind = kind(name);
        var training = new TrainingSpec(STEPS, BATCH, ADAM, new ConstantSchedule(), 0, 0, STEPS, STEPS, SEED);
        var data = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, HELD_OUT, false);
        var spec = new ModelSpec(name, kind.image(), kind.family(), training, data);
        var run = folder.resolve(name + "-run");
        var pictures = Dataset.split(pictures(kind.image(), PICTURES, SEED), HELD_OUT, SEED);
        Trainer.train(spec, pictures, run, TrainingListener.none());
        var bundle = folder.resolve(name + ".smalti");
        // which precisions there are must not depend on the machine's mood
        BundleExporter.export(run, bundle, ExportOptions.defaults().withKeepsSlow(true));
        return bundle;
    }

    private static Kind kind(String name) {
        var kind = KINDS.get(name);
        if (kind == null) {
            throw new IllegalArgumentException(name + " is none of " + KINDS.keySet());
        }
        return kind;
    }

    private static VqvaeFamily codec(int codeDim) {
        return new VqvaeFamily(16, 1, 8, 2, 0.25, new EmaQuantizer(64, codeDim, 0.9, 1e-5, CodebookStart.KMEANS, 0));
    }

    /** The middle of drawn pictures; grey ones by their green. */
    private static Pictures pictures(ImageSpec image, int count, long seed) {
        int side = Math.max(image.height(), image.width());
        var drawn = ProceduralPictures.draw(count, side, seed);
        int top = (side - image.height()) / 2;
        int left = (side - image.width()) / 2;
        var pixels = new byte[count * image.height() * image.width() * image.channels()];
        var labels = new int[count];
        int at = 0;
        for (int i = 0; i < count; i++) {
            var picture = drawn.picture(i);
            labels[i] = drawn.label(i);
            for (int y = 0; y < image.height(); y++) {
                for (int x = 0; x < image.width(); x++) {
                    for (int c = 0; c < image.channels(); c++) {
                        pixels[at++] = (byte) picture.at(top + y, left + x, image.channels() == 1 ? 1 : c);
                    }
                }
            }
        }
        return Pictures.of(image.height(), image.width(), image.channels(), pixels, labels, drawn.classes());
    }
}
