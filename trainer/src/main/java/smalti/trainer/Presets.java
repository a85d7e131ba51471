package smalti.trainer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import smalti.spec.SpecException;
import smalti.spec.model.Adam;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.DataSpec;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.TrainingSpec;
import smalti.spec.model.VqvaeFamily;
import smalti.spec.model.WarmupCosineSchedule;

/** Specs by name: a start for one's own, or used as they are. */
public final class Presets {
    private static final Map<String, ModelSpec> PRESETS = new LinkedHashMap<>();
    private static final Adam ADAM = new Adam(3e-4, 0.9, 0.999, 1e-8);
    // Source: Radford et al. 2016, section 4.
    private static final Adam GAN_ADAM = new Adam(2e-4, 0.5, 0.999, 1e-8);
    private static final DataSpec DATA = new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false);

    static {
        add(new ModelSpec(
                "vqvae",
                new ImageSpec(32, 32, 3),
                new VqvaeFamily(128, 2, 32, 2, 0.25, new EmaQuantizer(512, 64, 0.99, 1e-5, CodebookStart.KMEANS, 200)),
                new TrainingSpec(10_000, 32, ADAM, new WarmupCosineSchedule(100, 0.1), 1, 0, 100, 10, 0),
                DATA));
        // DeepMind's Sonnet example, exactly: no clipping, no schedule, no k-means, no restarts.
        add(new ModelSpec(
                "vqvae-sonnet",
                new ImageSpec(32, 32, 3),
                new VqvaeFamily(128, 2, 32, 2, 0.25, new EmaQuantizer(512, 64, 0.99, 1e-5, CodebookStart.UNIFORM, 0)),
                new TrainingSpec(10_000, 32, ADAM, new ConstantSchedule(), 0, 0, 100, 10, 0),
                DATA));
        add(new ModelSpec(
                "vqvae-demo",
                new ImageSpec(32, 32, 3),
                new VqvaeFamily(64, 1, 32, 2, 0.25, new EmaQuantizer(256, 32, 0.99, 1e-5, CodebookStart.KMEANS, 100)),
                new TrainingSpec(
                        500,
                        32,
                        new Adam(2e-3, 0.9, 0.999, 1e-8),
                        new WarmupCosineSchedule(25, 0.05),
                        1,
                        0,
                        250,
                        10,
                        0),
                DATA));
        add(new ModelSpec(
                "dcgan",
                new ImageSpec(32, 32, 3),
                new DcganFamily(100, 64, 64, false, 0.9, GAN_ADAM),
                new TrainingSpec(20_000, 64, GAN_ADAM, new ConstantSchedule(), 0, 0.999, 100, 10, 0),
                DATA));
        add(new ModelSpec(
                "dcgan-mnist",
                new ImageSpec(28, 28, 1),
                new DcganFamily(64, 32, 32, true, 0.9, GAN_ADAM),
                new TrainingSpec(10_000, 64, GAN_ADAM, new ConstantSchedule(), 0, 0.999, 100, 10, 0),
                DATA));
        add(new ModelSpec(
                "dcgan-demo",
                new ImageSpec(32, 32, 3),
                // fast rates, a short memory and little noise to read: hearts look like hearts in a minute
                new DcganFamily(16, 32, 32, true, 0.9, new Adam(1e-3, 0.5, 0.99, 1e-8)),
                new TrainingSpec(
                        900,
                        32,
                        new Adam(3e-3, 0.5, 0.99, 1e-8),
                        new WarmupCosineSchedule(0, 0.1),
                        0,
                        0.99,
                        300,
                        10,
                        0),
                DATA));
    }

    private Presets() {}

    private static void add(ModelSpec spec) {
        PRESETS.put(spec.name(), spec);
    }

    public static Set<String> names() {
        return PRESETS.keySet();
    }

    /** @throws SpecException if there is none of that name */
    public static ModelSpec named(String name) {
        var spec = PRESETS.get(name);
        if (spec == null) {
            throw new SpecException("preset must be one of " + String.join(", ", names()) + ", got \"" + name + "\"");
        }
        return spec;
    }
}
