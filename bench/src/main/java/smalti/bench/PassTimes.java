package smalti.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import smalti.exporter.file.OnnxOptimizer;
import smalti.spec.SpecException;

/**
 * What each pass over a graph does to ONNX Runtime's time: prints, for every ONNX file given, the time with the pass as a
 * share of the time without, the median of several comparisons and their least and greatest.
 */
public final class PassTimes {
    private static final int COMPARISONS = 5;

    private PassTimes() {}

    /** @param args ONNX files, and folders to look for them in */
    public static void main(String[] args) throws IOException {
        for (var arg : args) {
            try (var found = Files.walk(Path.of(arg))) {
                for (var file : found.filter(path -> path.toString().endsWith(".onnx"))
                        .sorted()
                        .toList()) {
                    print(file);
                }
            }
        }
    }

    private static void print(Path file) throws IOException {
        var shares = new TreeMap<String, List<Double>>();
        double milliseconds = Double.MAX_VALUE;
        try {
            for (int i = 0; i < COMPARISONS; i++) {
                var speeds = OnnxOptimizer.speeds(file, 1);
                var none = speeds.get("none");
                if (none == null) {
                    throw new IllegalStateException("the file as it is was not timed");
                }
                milliseconds = Math.min(milliseconds, none.milliseconds().get(0));
                speeds.forEach((name, speed) -> {
                    if (!name.equals("none")) {
                        shares.computeIfAbsent(name, unseen -> new ArrayList<>())
                                .add(1 / speed.timesAsFastAs(none));
                    }
                });
            }
        } catch (SpecException e) {
            System.out.printf(Locale.ROOT, "%s: %s%n", file, e.problems().get(0));
            return;
        }
        System.out.printf(Locale.ROOT, "%s, %.3f ms%n", file, milliseconds);
        shares.forEach((name, all) -> {
            all.sort(Double::compare);
            System.out.printf(
                    Locale.ROOT,
                    "  %-14s %.2f (%.2f to %.2f)%n",
                    name,
                    all.get(all.size() / 2),
                    all.get(0),
                    all.get(all.size() - 1));
        });
    }
}
