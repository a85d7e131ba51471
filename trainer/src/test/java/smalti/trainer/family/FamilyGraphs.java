package smalti.trainer.family;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.autodiff.samediff.SameDiff;
import smalti.spec.model.Activation;
import smalti.spec.model.Adam;
import smalti.spec.model.AdamW;
import smalti.spec.model.BernoulliLikelihood;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.ConvolutionalNetwork;
import smalti.spec.model.DataSpec;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.Family;
import smalti.spec.model.GaussianLikelihood;
import smalti.spec.model.HingeLoss;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.Kl;
import smalti.spec.model.LeastSquaresLoss;
import smalti.spec.model.LossQuantizer;
import smalti.spec.model.MlpNetwork;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.NoisePenalty;
import smalti.spec.model.RmsProp;
import smalti.spec.model.Sgd;
import smalti.spec.model.TrainingSpec;
import smalti.spec.model.VaeFamily;
import smalti.spec.model.VqvaeFamily;
import smalti.spec.model.WassersteinLoss;
import smalti.trainer.data.Pictures;
import smalti.trainer.data.ProceduralPictures;

/** Small models of every family in every form that changes a graph, and the graphs of all of them. */
public final class FamilyGraphs {
    public static final Adam ADAM = new Adam(1e-3, 0.9, 0.999, 1e-8);
    private static final int BATCH = 4;

    private FamilyGraphs() {}

    public static Map<String, ModelSpec> specs() {
        var specs = new LinkedHashMap<String, ModelSpec>();
        add(
                specs,
                "vqvae-ema",
                new VqvaeFamily(8, 1, 4, 2, 0.25, new EmaQuantizer(16, 4, 0.9, 1e-5, CodebookStart.KMEANS, 3)));
        add(
                specs,
                "vqvae-uniform",
                new VqvaeFamily(8, 1, 4, 1, 0.25, new EmaQuantizer(16, 4, 0.9, 1e-5, CodebookStart.UNIFORM, 0)));
        add(
                specs,
                "vqvae-loss",
                new VqvaeFamily(8, 2, 4, 3, 0.25, new LossQuantizer(16, 4, 1, CodebookStart.KMEANS, 2)));
        add(specs, "dcgan", new DcganFamily(6, 4, 4, false, 0.9, ADAM));
        var mlp = new MlpNetwork(List.of(12, 8), Activation.TANH);
        var convolutional = new ConvolutionalNetwork(List.of(4, 6), 10, Activation.SILU);
        var bernoulli = new BernoulliLikelihood(true);
        var gaussian = new GaussianLikelihood(0.2, true);
        add(specs, "vae-mlp", new VaeFamily(5, mlp, bernoulli, new Kl(1, 0, 0), false));
        add(specs, "vae-conditional", new VaeFamily(5, convolutional, bernoulli, new Kl(1, 0, 0), true));
        add(specs, "vae-gaussian", new VaeFamily(5, convolutional, gaussian, new Kl(0.5, 6, 0.1), false));
        add(
                specs,
                "vae-relu",
                new VaeFamily(
                        3,
                        new MlpNetwork(List.of(7), Activation.RELU),
                        new GaussianLikelihood(0.3, false),
                        new Kl(1, 0, 0),
                        true));
        add(
                specs,
                "dcgan-penalized",
                new DcganFamily(
                        6, 4, 4, false, 0.9, new Sgd(1e-3, 0.9), new HingeLoss(), List.of(new NoisePenalty(100, 0.1))));
        add(
                specs,
                "dcgan-least-squares",
                new DcganFamily(6, 4, 4, false, 0.9, new RmsProp(1e-3, 0.9, 1e-8), new LeastSquaresLoss(), List.of()));
        add(
                specs,
                "dcgan-wasserstein",
                new DcganFamily(
                        6,
                        4,
                        4,
                        false,
                        0.9,
                        new AdamW(1e-3, 0.9, 0.99, 1e-8, 0.1),
                        new WassersteinLoss(),
                        List.of(new NoisePenalty(100, 0.1))));
        add(specs, "dcgan-conditional", new DcganFamily(6, 4, 4, true, 0.9, ADAM));
        return specs;
    }

    public static ModelSpec spec(String name) {
        return Objects.requireNonNull(specs().get(name));
    }

    private static void add(Map<String, ModelSpec> specs, String name, Family family) {
        double ema = name.endsWith("-conditional") ? 0.9 : 0;
        specs.put(
                name,
                new ModelSpec(
                        name,
                        new ImageSpec(16, 16, 3),
                        family,
                        new TrainingSpec(8, BATCH, ADAM, new ConstantSchedule(), 1, ema, 3, 2, 5),
                        new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, true)));
    }

    public static Pictures pictures() {
        return ProceduralPictures.draw(20, 16, 3);
    }

    public static ModelTraining training(ModelSpec spec) {
        var pictures = pictures();
        return ModelTraining.of(spec, pictures, pictures.variance());
    }

    /** Every training and inference graph by a name for messages. */
    public static Map<String, SameDiff> all() {
        var graphs = new LinkedHashMap<String, SameDiff>();
        specs().forEach((name, spec) -> {
            var training = training(spec);
            var trained = training.trainingGraphs();
            for (int i = 0; i < trained.size(); i++) {
                graphs.put(name + " training " + i, trained.get(i).graph());
            }
            training.inference().forEach((role, graph) -> graphs.put(name + " " + role, graph.graph()));
        });
        return graphs;
    }

    static List<Class<?>> families() {
        return specs().values().stream()
                .<Class<?>>map(spec -> spec.model().getClass())
                .distinct()
                .toList();
    }
}
