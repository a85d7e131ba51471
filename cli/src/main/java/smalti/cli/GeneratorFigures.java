package smalti.cli;

import java.util.List;
import java.util.Locale;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.trainer.data.Pictures;
import smalti.trainer.metric.SlicedWasserstein;

/**
 * How far a generator's pictures are from real ones.
 *
 * @param measuredOn held-out or all
 * @param pictures that were generated, as many as each set of real ones has
 * @param slicedWasserstein between generated and real pictures, in units of the pixel range [0, 1]
 * @param floor the same between two sets of real pictures
 */
record GeneratorFigures(String measuredOn, int pictures, double slicedWasserstein, double floor, double imagesPerSecond)
        implements Figures {
    private static final int MOST_GENERATED = 2000;
    private static final int PROJECTIONS = 256;

    /** Against held-out pictures, with those that were trained on as the measure of how far real ones are apart. */
    static GeneratorFigures heldOut(SmaltiModel model, Pictures heldOut, Pictures train) {
        int count = Math.min(MOST_GENERATED, Math.min(heldOut.count(), train.count()));
        var made = Made.of(model, count);
        var distance = new SlicedWasserstein(PROJECTIONS, 0);
        var real = spread(heldOut, count);
        return new GeneratorFigures(
                EvaluateCommand.HELD_OUT,
                count,
                distance.distance(made.pictures, real),
                distance.distance(spread(train, count), real),
                made.perSecond);
    }

    /** Against each half of the pictures, the mean of both; the halves against one another are the floor. */
    static GeneratorFigures all(SmaltiModel model, String place, Pictures pictures) {
        if (pictures.count() < 2) {
            throw new SpecException(
                    place + ": must hold at least 2 pictures to measure a generator by, got " + pictures.count());
        }
        int half = pictures.count() / 2;
        int count = Math.min(MOST_GENERATED, half);
        // every second one, as they may be in the order of their classes
        var even = spread(half(pictures, half, 0), count);
        var odd = spread(half(pictures, half, 1), count);
        var made = Made.of(model, count);
        var distance = new SlicedWasserstein(PROJECTIONS, 0);
        return new GeneratorFigures(
                EvaluateCommand.ALL,
                count,
                (distance.distance(made.pictures, even) + distance.distance(made.pictures, odd)) / 2,
                distance.distance(even, odd),
                made.perSecond);
    }

    /** Generated pictures of all classes in turn. */
    private record Made(Pictures pictures, double perSecond) {
        static Made of(SmaltiModel model, int count) {
            var generator = model.generator();
            long started = System.nanoTime();
            var made = generator.classes().isEmpty()
                    ? generator.generate(count, 0)
                    : generator.generate(
                            0, GenerateCommand.inTurn(count, generator.classes().size()));
            double seconds = (System.nanoTime() - started) / 1e9;
            return new Made(Pictures.of(made.height(), made.width(), made.channels(), made.bytes()), count / seconds);
        }
    }

    private static Pictures half(Pictures pictures, int count, int first) {
        var indices = new int[count];
        for (int i = 0; i < count; i++) {
            indices[i] = 2 * i + first;
        }
        return pictures.subset(indices);
    }

    /** {@code count} of them, evenly spread, as they may be in the order of their classes. */
    private static Pictures spread(Pictures pictures, int count) {
        var indices = new int[count];
        for (int i = 0; i < count; i++) {
            indices[i] = (int) ((long) i * pictures.count() / count);
        }
        return pictures.subset(indices);
    }

    @Override
    public List<Line> lines() {
        return List.of(
                new Line(
                        "distance",
                        String.format(
                                Locale.ROOT,
                                "%.4f of the pixel range (sliced Wasserstein, %d generated pictures); lower is better",
                                slicedWasserstein,
                                pictures)),
                new Line(
                        "floor",
                        String.format(Locale.ROOT, "%.4f, as far as real pictures are from other real ones", floor)),
                new Line("speed", String.format(Locale.ROOT, "%.0f pictures a second", imagesPerSecond)));
    }
}
