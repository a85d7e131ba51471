package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;

/** What only a JVM of its own shows. */
class OwnJvmTest {
    @TempDir
    Path folder;

    /** As in a container, whose quota is what the JVM says that it may use. */
    private final Map<String, String> environment = new HashMap<>();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void threadsFollowTheProcessorsOfTheJvm(int processors) throws Exception {
        assertThat(output(List.of("-XX:ActiveProcessorCount=" + processors), CountThreads.class))
                .isEqualTo("device " + processors + ", budget " + processors);
    }

    @Test
    void aProcessThatOpensAndEndsLeavesNoLibraryBehind() throws Exception {
        var options = List.of("-Djava.io.tmpdir=" + folder);

        assertThat(output(options, Open.class, Bundles.CODEC)).isEqualTo("closed");
        var damaged = Bundles.copy(Bundles.CODEC, folder);
        Bundles.edit(damaged, manifest -> manifest.put("format", 99));
        assertThat(output(options, Open.class, damaged)).isEqualTo("refused");

        // ONNX Runtime itself leaves its folder, empty
        try (var left = Files.walk(folder)) {
            assertThat(left.filter(Files::isRegularFile)
                            .map(path -> path.getFileName().toString()))
                    .noneMatch(name -> name.contains("onnxruntime"));
        }
    }

    /** Without a word from the environment: ONNX Runtime would write each session into a file of its user's folder. */
    @Test
    void whatIsRunIsNotReported() throws Exception {
        environment.put("ORT_DISABLE_TELEMETRY", "0");
        environment.put("HOME", folder.toString());
        assertThat(output(List.of(), Decode.class, Bundles.CODEC)).isEqualTo("decoded");
        try (var left = Files.walk(folder)) {
            for (var file : (Iterable<Path>) left.filter(Files::isRegularFile)::iterator) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain("SessionCreation");
            }
        }
    }

    /** As with a long class path: ONNX Runtime's telemetry recurses over each character of it. */
    @Test
    void aLongCommandLineEndsNothing() throws Exception {
        environment.put("ORT_DISABLE_TELEMETRY", "0");
        environment.put("HOME", folder.toString());
        assertThat(output(List.of("-Dlong=" + "/a/library.jar:".repeat(8_000)), Decode.class, Bundles.CODEC))
                .isEqualTo("decoded");
    }

    /** Buffers of small pictures that are kept must not stand in the way of a large one for ever. */
    @Test
    void whatIsKeptGivesWayToWhatIsAskedFor() throws Exception {
        assertThat(output(List.of("-XX:MaxDirectMemorySize=40m"), FillPool.class))
                .isEqualTo("lent");
    }

    /** Lends buffers of all sizes, gives them back, and then lends one of nearly all there is. */
    static final class FillPool {
        private FillPool() {}

        public static void main(String[] args) {
            var pool = new BufferPool();
            for (int size = 1 << 20; size <= 8 << 20; size *= 2) {
                try (var one = pool.lend(size);
                        var other = pool.lend(size)) {
                    assertThat(one.bytes()).isNotSameAs(other.bytes());
                }
            }
            try (var large = pool.lend(32 << 20)) {
                assertThat(large.bytes().capacity()).isEqualTo(32 << 20);
            }
            System.out.println("lent");
        }
    }

    /** Decodes a picture. */
    static final class Decode {
        private Decode() {}

        public static void main(String[] args) {
            try (var model = SmaltiModel.open(Path.of(args[0]))) {
                var codebook = model.manifest().contracts().get(Contract.Codebook.class);
                model.codec().decode(new Codes(1, 2, 2, new long[4], codebook.exportedFingerprint()));
            }
            System.out.println("decoded");
        }
    }

    /** Prints the threads that runs take. */
    static final class CountThreads {
        private CountThreads() {}

        public static void main(String[] args) {
            System.out.println("device " + Device.cpu().threads() + ", budget "
                    + ThreadBudget.ofProcess().threads());
        }
    }

    /** Opens a bundle, runs nothing, and ends at once. */
    static final class Open {
        private Open() {}

        public static void main(String[] args) {
            try (var model = SmaltiModel.open(Path.of(args[0]))) {
                assertThat(model.hasCodec()).isTrue();
            } catch (SpecException e) {
                System.out.println("refused");
                System.exit(0);
            }
            System.out.println("closed");
            System.exit(0);
        }
    }

    private String output(List<String> options, Class<?> program, Object... arguments)
            throws IOException, InterruptedException {
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.add("-Xmx256m");
        line.addAll(options);
        line.add(program.getName());
        for (var argument : arguments) {
            line.add(argument.toString());
        }
        // on the command line it may be too long for ONNX Runtime
        var log = folder.resolve("error.log");
        var builder = new ProcessBuilder(line).redirectError(log.toFile());
        builder.environment().putAll(environment);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        var process = builder.start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        return output.strip();
    }
}
