package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.micrometer.common.KeyValues;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleFinder;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import smalti.spec.SpecException;

/** Who has the runtime on the module path, as a named module that sees {@code smalti.runtime} alone. */
class ModulePathTest {
    private static final String CONSUMER = """
            package consumer;

            import java.awt.image.BufferedImage;
            import java.nio.file.Path;
            import java.util.List;
            import smalti.runtime.SmaltiModel;
            import smalti.spec.file.RecordTree;
            import smalti.spec.model.Schedule;
            import smalti.spec.model.SpecKind;
            import smalti.spec.model.SpecKinds;

            public final class Main {
                public record Halving(int every) implements Schedule {
                    @Override
                    public double factor(int step, int steps) {
                        return Math.pow(0.5, step / every);
                    }
                }

                public record Trained(Schedule schedule) {}

                public static final class OwnKinds implements SpecKinds {
                    @Override
                    public List<SpecKind<?>> kinds() {
                        return List.of(new SpecKind<>(Schedule.class, "halving", Halving.class));
                    }
                }

                public static void main(String[] args) {
                    try (var model = SmaltiModel.open(Path.of(args[0]))) {
                        var codec = model.codec();
                        var codes = codec.encode(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB));
                        System.out.println(codec.decode(codes) + " by " + model.getClass().getModule().getName()
                                + " of " + model.manifest().getClass().getModule().getName());
                    }
                    var json = "{\\"schedule\\": {\\"kind\\": \\"halving\\", \\"every\\": 3}}";
                    System.out.println(RecordTree.parse(json, Trained.class, "own").schedule());
                }
            }
            """;

    @TempDir
    Path folder;

    @Test
    void aModuleOpensABundleAndReadsKindsOfItsOwn() throws Exception {
        var spec = module("smalti.spec", SpecException.class, Path.of("..", "spec"), libraries());
        var runtime = module(
                "smalti.runtime",
                SmaltiModel.class,
                Path.of(""),
                Stream.concat(libraries().stream(), Stream.of(spec)).toList());
        var path = new ArrayList<>(libraries());
        path.add(spec);
        path.add(runtime);
        Files.createDirectories(folder.resolve("source/consumer"));
        var main = Files.writeString(folder.resolve("source/consumer/Main.java"), CONSUMER);
        var descriptor = Files.writeString(
                folder.resolve("source/module-info.java"),
                "module consumer { requires smalti.runtime; exports consumer;"
                        + " provides smalti.spec.model.SpecKinds with consumer.Main.OwnKinds; }");
        var consumer = folder.resolve("consumer");
        compile("-d", consumer, "--module-path", joined(path), main, descriptor);
        path.add(consumer);

        assertThat(run(path).lines())
                .containsExactly("Pixels[1,8,8,3] by smalti.runtime of smalti.spec", "Halving[every=3]");
        // what is new must be shown to those who serve a bundle, or kept from them
        assertThat(exported(runtime)).containsExactly("smalti.runtime");
        assertThat(exported(spec)).containsExactlyInAnyOrderElementsOf(packages(spec));
    }

    /** Classes and their descriptor in one folder, as the jar has them. */
    private Path module(String name, Class<?> one, Path project, List<Path> needed) throws Exception {
        var classes = location(one);
        if (!Files.isDirectory(classes)) {
            return classes;
        }
        var copy = folder.resolve(name);
        try (var files = Files.walk(classes)) {
            for (var file : files.filter(file -> file.toString().endsWith(".class"))
                    .filter(file -> !file.endsWith("module-info.class"))
                    .toList()) {
                var to = copy.resolve(classes.relativize(file).toString());
                Files.createDirectories(to.getParent());
                Files.copy(file, to);
            }
        }
        var descriptor = project.resolve(Path.of("src", "main", "module", "module-info.java"));
        compile("-d", copy, "--module-path", joined(needed), "--patch-module", name + "=" + copy, descriptor);
        return copy;
    }

    /** What the runtime needs besides the specs: as the jars are, by the classes that are used of them. */
    private static List<Path> libraries() throws URISyntaxException {
        var all = new ArrayList<Path>();
        for (var used : List.of(
                OrtEnvironment.class,
                MeterRegistry.class,
                ObservationRegistry.class,
                KeyValues.class,
                JsonMapper.class,
                JsonFactory.class,
                JsonProperty.class,
                LoggerFactory.class,
                NullMarked.class)) {
            all.add(location(used));
        }
        return all;
    }

    private static Path location(Class<?> type) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(type.getProtectionDomain().getCodeSource())
                .getLocation()
                .toURI());
    }

    private static void compile(Object... arguments) {
        var problems = new StringWriter();
        var javac = ToolProvider.findFirst("javac").orElseThrow();
        var line = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
        assertThat(javac.run(new PrintWriter(problems), new PrintWriter(problems), line))
                .as(problems.toString())
                .isZero();
    }

    private String run(List<Path> path) throws IOException, InterruptedException {
        var log = folder.resolve("error.log");
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "--module-path",
                        joined(path),
                        "--module",
                        "consumer/consumer.Main",
                        Bundles.CODEC.toString())
                .redirectError(log.toFile())
                .start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        return output.strip();
    }

    private static List<String> exported(Path module) {
        return ModuleFinder.of(module).findAll().iterator().next().descriptor().exports().stream()
                .map(export -> export.source())
                .toList();
    }

    private static List<String> packages(Path module) {
        return List.copyOf(
                ModuleFinder.of(module).findAll().iterator().next().descriptor().packages());
    }

    private static String joined(List<Path> path) {
        return path.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }
}
