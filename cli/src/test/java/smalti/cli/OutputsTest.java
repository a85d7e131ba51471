package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** One rule for what every command writes: what exists is replaced by --overwrite alone, and then whole. */
class OutputsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    /**
     * A command up to its output.
     *
     * @param output the option that names it
     * @param name of an output
     * @param holds a file by which the folder is one that the command wrote; "" where it writes a file
     */
    record Writer(List<String> command, String output, String name, String holds) {
        @Override
        public String toString() {
            return String.join(" ", command) + " " + output + " " + name;
        }
    }

    static List<Writer> writers() {
        return List.of(
                new Writer(List.of("train", "--preset", "vqvae-demo", "--data", "none"), "--out", "run", "spec.json"),
                new Writer(List.of("demo", "--seed", "1"), "--out", "demo", "runs/x"),
                new Writer(List.of("export", "none"), "--out", "x.smalti", "bundle.json"),
                new Writer(List.of("export", "none", "--target", "triton"), "--out", "repository", "README.md"),
                new Writer(List.of("export", "none", "--target", "web"), "--out", "page", "page.json"),
                new Writer(List.of("generate", "none"), "--out", "made", "a.png"),
                new Writer(List.of("generate", "none"), "--out", "made.png", ""),
                new Writer(List.of("decode", "none", "none"), "--out", "decoded", "a.png"),
                new Writer(List.of("decode", "none", "none"), "--out", "decoded.png", ""),
                new Writer(List.of("reconstruct", "none", "none"), "--out", "rebuilt", "a.png"),
                new Writer(List.of("reconstruct", "none", "none"), "--out", "rebuilt.png", ""),
                new Writer(List.of("encode", "none", "none"), "--out", "codes.npz", ""),
                new Writer(List.of("convert", "none"), "--out", "x.onnx", ""),
                new Writer(List.of("optimize", "none"), "--out", "x.onnx", ""),
                new Writer(List.of("quantize", "none", "--calibrate", "none"), "--out", "x.onnx", ""),
                new Writer(List.of("inspect", "none.onnx"), "--out", "page.html", ""));
    }

    @Test
    void everyCommandThatWritesIsAmongThem() {
        var commands = new TreeSet<String>();
        new CommandLine(new Main(), new CommandFactory(new Console(System.out, System.err, false)))
                .getSubcommands()
                .forEach((name, command) -> {
                    if (command.getCommandSpec().findOption("--out") != null) {
                        commands.add(name);
                    }
                });
        assertThat(writers().stream().map(writer -> writer.command().get(0))).containsAll(commands);
    }

    /** A demo goes on with its own folder. */
    static List<Writer> writersOfWhatExists() {
        return writers().stream()
                .filter(writer -> !writer.command().get(0).equals("demo"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("writersOfWhatExists")
    void whatExistsIsLeftAlone(Writer writer) throws IOException {
        var out = folder.resolve(writer.name());
        var file = existing(writer, out);
        var refused = Cli.run(arguments(writer, out));
        refused.failsWith(out + ": ", "--overwrite");
        assertThat(refused.err().lines()).hasSize(1);
        assertThat(file).hasContent("before");
    }

    @ParameterizedTest
    @MethodSource("writers")
    void whatTheCommandDidNotWriteIsNeverReplaced(Writer writer) throws IOException {
        if (writer.holds().isEmpty()) {
            return; // a file is a file
        }
        var out = folder.resolve(writer.name());
        Files.createDirectories(out);
        var file = Files.writeString(out.resolve("notes.txt"), "mine");
        Cli.run(arguments(writer, out)).failsWith(out + ": must be new or empty, and holds notes.txt", "--overwrite");
        Cli.run(arguments(writer, out, "--overwrite"))
                .failsWith(out + ": must be new, empty or ", " and holds notes.txt, which would be lost");
        assertThat(file).hasContent("mine");
    }

    /** What any project has at its top says nothing of what a command wrote. */
    @Test
    void aFolderWithAReadmeIsNoModelRepository() throws IOException {
        var readme = Files.writeString(folder.resolve("README.md"), "mine");
        Files.createDirectories(folder.resolve("src"));
        Cli.run("export", "none", "--target", "triton", "--out", folder, "--overwrite")
                .failsWith(
                        folder + ": must be new, empty or a model repository to be overwritten", "which would be lost");
        assertThat(readme).hasContent("mine");
    }

    private static Path existing(Writer writer, Path out) throws IOException {
        var file = writer.holds().isEmpty() ? out : out.resolve(writer.holds());
        Files.createDirectories(file.resolveSibling(""));
        return Files.writeString(file, "before");
    }

    private static Object[] arguments(Writer writer, Path out, String... more) {
        var arguments = new java.util.ArrayList<Object>(writer.command());
        arguments.add(writer.output());
        arguments.add(out);
        arguments.addAll(List.of(more));
        return arguments.toArray();
    }
}
