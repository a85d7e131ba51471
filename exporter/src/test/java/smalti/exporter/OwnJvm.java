package smalti.exporter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Runs a class of these tests in a JVM of its own. */
public final class OwnJvm {
    private OwnJvm() {}

    /** @param folder for its output, which a failure shows */
    public static void run(Path folder, Class<?> main, Path... arguments) throws IOException, InterruptedException {
        var line = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g", main.getName()));
        Arrays.stream(arguments).map(Path::toString).forEach(line::add);
        var output = folder.resolve("output.txt");
        var builder = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(output.toFile());
        // the class path goes by the environment: ONNX Runtime 1.29 crashes on command lines beyond 4,000 bytes
        var path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        builder.environment()
                .put(
                        "CLASSPATH",
                        Arrays.stream(path.split(File.pathSeparator))
                                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                                .collect(Collectors.joining(File.pathSeparator)));
        var process = builder.start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    }
}
