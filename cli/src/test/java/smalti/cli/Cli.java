package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import smalti.pictures.PictureFiles;
import smalti.trainer.data.ProceduralPictures;

/** Runs the command as a user would, in this JVM or in one of its own. */
final class Cli {
    /** Small enough that training takes a second. */
    static final String VQVAE = """
            preset: vqvae-demo
            name: tiny
            image: {height: 16, width: 16}
            model: {hidden: 8, residualHidden: 4, quantizer: {codes: 16, codeDim: 4}}
            training: {steps: 12, batch: 4, checkpointEvery: 3, logEvery: 2}
            """;

    static final String DCGAN = """
            preset: dcgan-demo
            name: tiny-gan
            image: {height: 16, width: 16}
            model: {noise: 8, generatorChannels: 4, discriminatorChannels: 4}
            training: {steps: 6, batch: 4, checkpointEvery: 3, logEvery: 2}
            """;

    private Cli() {}

    record Result(int code, String out, String err) {
        Result succeeds() {
            assertThat(code).as(err).isZero();
            return this;
        }

        /** The command line is wrong, in these words. */
        void isRefusedFor(String... words) {
            assertThat(code).as(out + err).isEqualTo(2);
            assertThat(err).contains(words).contains("error: ").doesNotContain("\tat ", "Exception");
        }

        /** Failed for bad input, with these words among lines that all begin with error. */
        void failsWith(String... words) {
            assertThat(code).as(out + err).isEqualTo(Main.WRONG_INPUT);
            assertThat(err).contains(words).contains("error: ").doesNotContain("\tat ", "Exception");
        }
    }

    static Result run(Object... arguments) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        var console = new Console(print(out), print(err), false);
        int code =
                Main.run(console, Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new));
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** One that nobody reads. */
    static Console console() {
        return new Console(print(new ByteArrayOutputStream()), print(new ByteArrayOutputStream()), false);
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    /** Starts the command in a JVM of its own; its output goes to {@code log}. */
    static Process start(Path log, Object... arguments) throws IOException {
        return process(List.of(), arguments).redirectOutput(log.toFile()).start();
    }

    /** Starts the command in a JVM of its own, with its output and errors together, and {@code folder} for what is temporary. */
    static Process watched(Path folder, Object... arguments) throws IOException {
        return process(List.of("-Djava.io.tmpdir=" + folder), arguments).start();
    }

    private static ProcessBuilder process(List<String> options, Object... arguments) {
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.add("-Xmx512m");
        line.addAll(options);
        line.add(Main.class.getName());
        Arrays.stream(arguments).map(String::valueOf).forEach(line::add);
        var builder = new ProcessBuilder(line).redirectErrorStream(true);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().put("OMP_WAIT_POLICY", "passive");
        return builder;
    }

    /** Ten folders of PNG pictures, one a class. */
    static Path pictures(Path folder, int count) throws IOException {
        var pictures = ProceduralPictures.draw(count, 16, 4);
        for (int i = 0; i < count; i++) {
            var of = pictures.classes().get(pictures.label(i));
            Files.createDirectories(folder.resolve(of));
            PictureFiles.writePng(folder.resolve(of).resolve(i + ".png"), pictures.picture(i));
        }
        return folder;
    }

    static Path spec(Path folder, String yaml) throws IOException {
        return Files.writeString(folder.resolve("model.yaml"), yaml);
    }
}
