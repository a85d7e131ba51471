package smalti.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;
import smalti.exporter.proof.RunLimits;

/** What ONNX Runtime may take for one run: {@code --proof-timeout} and {@code --proof-memory}. */
final class ProofLimits {
    private static final Pattern TIME = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)\\s*(ms|s|m|min|h|)");
    private static final Map<String, Double> SECONDS =
            Map.of("ms", 0.001, "s", 1.0, "", 1.0, "m", 60.0, "min", 60.0, "h", 3600.0);
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)\\s*(k|m|g|t)b?");

    @Option(
            names = "--proof-timeout",
            paramLabel = "TIME",
            defaultValue = "10m",
            description = "What ONNX Runtime may take to open a file or for one run, such as 90s or 1h; default "
                    + "${DEFAULT-VALUE}.")
    String timeout = "10m";

    @Option(
            names = "--proof-memory",
            paramLabel = "SIZE",
            defaultValue = "8g",
            description = "What ONNX Runtime's process may take of memory, such as 500m or 16g; default "
                    + "${DEFAULT-VALUE}.")
    String memory = "8g";

    RunLimits limits() {
        return new RunLimits(time(timeout), bytes(memory));
    }

    private static Duration time(String text) {
        var matcher = TIME.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            long millis = Math.round(
                    Double.parseDouble(matcher.group(1)) * 1000 * SECONDS.getOrDefault(matcher.group(2), 1.0));
            if (millis > 0) {
                return Duration.ofMillis(millis);
            }
        }
        throw new WrongUse("--proof-timeout must be a time such as 90s, 10m or 1h, got " + text);
    }

    private static long bytes(String text) {
        var matcher = SIZE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            int power = 1 + "kmgt".indexOf(matcher.group(2));
            double bytes = Double.parseDouble(matcher.group(1)) * Math.pow(1024, power);
            if (bytes >= 1) {
                return (long) bytes;
            }
        }
        throw new WrongUse("--proof-memory must be a size such as 500m or 16g, got " + text);
    }
}
