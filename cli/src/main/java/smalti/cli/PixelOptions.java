package smalti.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** What numbers pixels become where a model takes floats. */
final class PixelOptions {
    @Option(
            names = "--pixel-range",
            split = ",",
            paramLabel = "LO,HI",
            description = "What 0 and 255 become where the model takes floats; default 0,1.")
    List<Double> range = List.of(0.0, 1.0);

    @Option(names = "--mean", split = ",", paramLabel = "M", description = "Subtracted then; one or one a channel.")
    List<Double> mean = List.of();

    @Option(names = "--std", split = ",", paramLabel = "S", description = "Divided by then; one or one a channel.")
    List<Double> deviation = List.of();

    @Override
    public String toString() {
        return range.get(0) + " to " + range.get(1) + (mean.isEmpty() ? "" : ", less " + mean)
                + (deviation.isEmpty() ? "" : ", divided by " + deviation)
                + " (bytes as they are, where the model takes those)";
    }

    CalibrationSamples.Scaling scaling() {
        if (range.size() != 2 || range.get(0) >= range.get(1)) {
            throw new WrongUse("--pixel-range must be two numbers in order, got " + range);
        }
        if (deviation.stream().anyMatch(number -> !(number > 0))) {
            throw new WrongUse("--std must be greater than 0, got " + deviation);
        }
        return new CalibrationSamples.Scaling(range.get(0), range.get(1), mean, deviation);
    }
}
