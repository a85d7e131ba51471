package smalti.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.file.AtomicFiles;

/**
 * From the start of a JVM to its first picture, without any warm-up: {@link FirstPicture} beside
 * {@link BareFirstPicture}, each with and without an archive of its classes (AppCDS), in turns. Prints medians over rounds,
 * with their 95% intervals, and the ratio within each round.
 */
public final class ColdStart {
    private static final int ROUNDS = 15;

    private ColdStart() {}

    /**
     * @param args a bundle's folder, how many codes a picture has on each side, the class path of {@link FirstPicture},
     *     and that of {@link BareFirstPicture}; jars alone, as an archive takes no folders
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 4) {
            throw new SpecException("usage: bench/coldstart BUNDLE SIDE");
        }
        var programs = programs(Path.of(args[0]), args[1], args[2], args[3]);
        var temporary = Files.createTempDirectory("smalti-coldstart");
        try {
            var checksums = new HashSet<String>();
            var commands = new LinkedHashMap<String, List<String>>();
            for (var program : programs.entrySet()) {
                var archive = temporary.resolve(program.getKey() + ".jsa");
                checksums.add(start(command(program.getValue(), "-XX:ArchiveClassesAtExit=" + archive))
                        .checksum());
                commands.put(program.getKey(), command(program.getValue()));
                commands.put(
                        program.getKey() + ", AppCDS", command(program.getValue(), "-XX:SharedArchiveFile=" + archive));
            }
            if (checksums.size() != 1) {
                throw new IllegalStateException("both must decode to the same picture, and do not");
            }
            var times = new LinkedHashMap<String, List<Double>>();
            for (int round = -1; round < ROUNDS; round++) {
                for (var command : commands.entrySet()) {
                    double seconds = start(command.getValue()).seconds();
                    if (round >= 0) {
                        times.computeIfAbsent(command.getKey(), name -> new ArrayList<>())
                                .add(seconds);
                    }
                }
            }
            times.forEach((name, seconds) -> Timing.print(name + ", seconds", seconds));
            var bare = Objects.requireNonNull(times.get("ONNX Runtime alone"));
            printRatio(times, "the runtime", bare);
            printRatio(times, "the runtime, AppCDS", bare);
        } finally {
            AtomicFiles.deleteRecursively(temporary);
        }
    }

    private static void printRatio(Map<String, List<Double>> times, String name, List<Double> bare) {
        var seconds = Objects.requireNonNull(times.get(name));
        Timing.print(name + " / ONNX Runtime alone", Timing.ratios(seconds, bare));
    }

    /** What follows {@code java}, by name. */
    private static Map<String, List<String>> programs(Path bundle, String side, String runtimeJars, String bareJars) {
        try (var model = SmaltiModel.open(bundle, RuntimeOptions.defaults())) {
            var codes = Integer.toString(
                    model.manifest().contracts().get(Contract.Codebook.class).codes());
            var graph = Timing.detokenize(model);
            var input = graph.signature().inputs().get(0).name();
            var file = bundle.resolve(graph.file()).toString();
            var programs = new LinkedHashMap<String, List<String>>();
            programs.put(
                    "ONNX Runtime alone",
                    List.of("-cp", bareJars, BareFirstPicture.class.getName(), file, side, codes, input));
            programs.put(
                    "the runtime",
                    List.of("-cp", runtimeJars, FirstPicture.class.getName(), bundle.toString(), side, codes));
            return programs;
        }
    }

    private static List<String> command(List<String> program, String... options) {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return Stream.of(Stream.of(java), Stream.of(options), program.stream())
                .flatMap(part -> part)
                .toList();
    }

    private record Start(double seconds, String checksum) {}

    /** Until the program prints its picture's checksum. */
    private static Start start(List<String> command) throws IOException, InterruptedException {
        var log = File.createTempFile("smalti-coldstart", ".log");
        try {
            long start = System.nanoTime();
            var process = new ProcessBuilder(command).redirectError(log).start();
            try (var out =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                var line = out.readLine();
                double seconds = (System.nanoTime() - start) / 1e9;
                if (process.waitFor() != 0 || line == null || !line.matches("[0-9]+")) {
                    throw new IllegalStateException(command + " failed: " + Files.readString(log.toPath()));
                }
                return new Start(seconds, line);
            }
        } finally {
            Files.delete(log.toPath());
        }
    }
}
