package smalti.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What numbers pixels become where a model takes floats. */
final class PixelOptions {
    @Option(
            names = "--pixel-range",
            split = ",",
            paramLabel = "LO,HI",
            description = "What 0 and 255 become where the model takes floats; default 0,1.")
    List<Double> range = List.of();

    @Option(names = "--mean", split = ",", paramLabel = "M", description = "Subtracted then; one or one a channel.")
    List<Double> mean = List.of();

    @Option(names = "--std", split = ",", paramLabel = "S", description = "Divided by then; one or one a channel.")
    List<Double> deviation = List.of();

    @Override
    public String toString() {
        return low() + " to " + high() + (mean.isEmpty() ? "" : ", less " + mean)
                + (deviation.isEmpty() ? "" : ", divided by " + deviation)
                + " (bytes as they are, where the model takes those)";
    }

    private double low() {
        return range.isEmpty() ? 0 : range.get(0);
    }

    private double high() {
        return range.isEmpty() ? 1 : range.get(1);
    }

    /**
     * @param option that names pictures
     * @param data what it names
     * @throws WrongUse if any of these options is given, and there are no pictures that it would change
     */
    void requirePictures(String option, @Nullable Path data) {
        boolean given = !range.isEmpty() || !mean.isEmpty() || !deviation.isEmpty();
        if (given && (data == null || data.toString().endsWith(".npz"))) {
            throw new WrongUse("--pixel-range, --mean and --std are for pictures, and must be left out "
                    + (data == null ? "without " + option : "for the arrays of " + data));
        }
    }

    CalibrationSamples.Scaling scaling() {
        if (!range.isEmpty() && (range.size() != 2 || range.get(0) >= range.get(1))) {
            throw new WrongUse("--pixel-range must be two numbers in order, got " + range);
        }
        if (deviation.stream().anyMatch(number -> !(number > 0))) {
            throw new WrongUse("--std must be greater than 0, got " + deviation);
        }
        return new CalibrationSamples.Scaling(low(), high(), mean, deviation);
    }
}
