package smalti.trainer.family;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.spec.Check;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.TrainingSpec;
import smalti.trainer.data.Pictures;
import smalti.trainer.graph.InferenceGraph;
import smalti.trainer.graph.Parameters;
import smalti.trainer.graph.Statistics;
import smalti.trainer.graph.TrainingGraph;
import smalti.trainer.optimizer.GradientDescent;
import smalti.trainer.optimizer.UpdateRule;
import smalti.trainer.optimizer.WeightsEma;
import smalti.trainer.part.Parts;

/** A model in training: its players move in turn, and what they have in common is done here. Not thread-safe. */
public final class ModelTraining {
    private final TrainingSpec spec;
    private final Parameters parameters;
    private final Statistics statistics;
    private final Model model;
    private final List<Seat> seats = new ArrayList<>();
    private final WeightsEma average;

    /** A player with what follows its gradients. */
    private record Seat(Player player, GradientDescent descent) {
        String normFigure() {
            return player.name().isEmpty() ? "gradientNorm" : player.name() + "GradientNorm";
        }
    }

    private ModelTraining(TrainingSpec spec, Parameters parameters, Statistics statistics, Model model) {
        this.spec = spec;
        this.parameters = parameters;
        this.statistics = statistics;
        this.model = model;
        var averaged = new ArrayList<String>();
        for (var player : model.players()) {
            var rule = Parts.of(player.optimizer(), UpdateRule.class);
            seats.add(new Seat(player, new GradientDescent(rule, parameters, player.trained())));
            averaged.addAll(player.averaged() ? player.trained() : List.of());
        }
        average = new WeightsEma(spec.weightsEma(), parameters, averaged);
    }

    /**
     * A model at its initial weights.
     *
     * @param pixelVariance of the training pixels in [0, 1] units
     * @throws SpecException if the pictures cannot train such a model
     */
    public static ModelTraining of(ModelSpec spec, Pictures pictures, double pixelVariance) {
        checkPictures(spec, pictures, pixelVariance);
        var parameters = new Parameters(spec.training().seed());
        var statistics = new Statistics();
        var model = Parts.of(spec.model(), ModelStart.class)
                .begin(new ModelStart.Given(spec, pictures, pixelVariance, parameters, statistics));
        return new ModelTraining(spec.training(), parameters, statistics, model);
    }

    private static void checkPictures(ModelSpec spec, Pictures pictures, double pixelVariance) {
        var image = spec.image();
        Check.that(
                        pictures.count() >= spec.training().batch(),
                        "training needs at least training.batch = %s pictures, got %s",
                        spec.training().batch(),
                        pictures.count())
                .and(
                        pictures.height() == image.height()
                                && pictures.width() == image.width()
                                && pictures.channels() == image.channels(),
                        "pictures must be %s x %s with %s channels, got %s x %s with %s",
                        image.height(),
                        image.width(),
                        image.channels(),
                        pictures.height(),
                        pictures.width(),
                        pictures.channels())
                .and(
                        !spec.model().conditional()
                                || (pictures.isLabelled() && pictures.classes().size() >= 2),
                        "model.conditional needs pictures of at least 2 classes (a folder a class), got %s",
                        pictures.isLabelled() ? pictures.classes().size() : "none")
                .and(
                        pixelVariance > 0,
                        "training pictures must differ: the variance of their pixels must be above 0, got %s",
                        pixelVariance)
                .done();
    }

    public PixelRange pixelRange() {
        return model.pixelRange();
    }

    /** What has to happen once before step 0. */
    public void begin() {
        model.begin();
    }

    /**
     * One step: each player's move; a function of the state, the data and the step's number alone.
     *
     * @param step from 0
     * @return the loss terms and other figures of this step by name
     */
    public Map<String, Double> step(int step) {
        var figures = new LinkedHashMap<String, Double>();
        for (var seat : seats) {
            if (seat.player().movesAt(step)) {
                move(seat, step, figures);
            }
        }
        average.update(step);
        return figures;
    }

    private void move(Seat seat, int step, Map<String, Double> figures) {
        var player = seat.player();
        var graph = player.graph();
        model.inputs(player, step).forEach(graph::set);
        var outputs = new ArrayList<>(player.figures());
        outputs.addAll(player.watched());
        var pass = graph.run(outputs);
        player.figures().forEach(name -> figures.put(name, pass.scalar(name)));
        double factor = spec.schedule().factor(step, spec.steps());
        double norm = seat.descent().move(pass::gradient, player.moves(step), factor, spec.clipNorm());
        figures.put(seat.normFigure(), norm);
        figures.putAll(model.moved(player, pass, step));
    }

    /** The graphs whose gradients it follows. */
    public List<TrainingGraph> trainingGraphs() {
        return seats.stream().map(seat -> seat.player().graph()).toList();
    }

    /** All that a checkpoint must hold. */
    public TrainingState state() {
        var state = new TrainingState().with(parameters).with(statistics.state());
        seats.forEach(seat -> state.with(seat.descent().state()));
        return state.with(average.state()).with(model.state());
    }

    /** The weights that are exported: the averaged ones where there are any. */
    Parameters exportedWeights() {
        return average.weights();
    }

    /** The statistics that belong to the exported weights. */
    Statistics exportedStatistics(Parameters weights) {
        if (!average.isOn()) {
            return statistics;
        }
        var measured = model.statistics(weights);
        if (!measured.state().keySet().containsAll(statistics.state().keySet())) {
            throw new SpecException(
                    "training.weightsEma must be 0: the statistics of the batch normalisations belong to the"
                            + " last weights, and this kind of model does not measure those of averaged ones");
        }
        return measured;
    }

    /** The graphs that are exported, with placeholders and constants alone. */
    public Map<Role, InferenceGraph> inference() {
        var weights = exportedWeights();
        return model.inference(weights, exportedStatistics(weights));
    }

    /** What the exported graphs take and give, but for the pixels. */
    public List<Contract> contracts() {
        return model.contracts(exportedWeights());
    }

    /** The figures that tell best how it goes, the most telling first. */
    public List<String> headlines() {
        return model.headlines();
    }
}
