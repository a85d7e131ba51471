package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
                new Writer(List.of("export", "none", "--target", "triton"), "--out", "repository", "m/config.pbtxt"),
                new Writer(List.of("export", "none", "--target", "web"), "--out", "page", "page.json"),
                new Writer(List.of("generate", "none"), "--out", "made", "a.png"),
                new Writer(List.of("generate", "none"), "--out", "made.png", ""),
                new Writer(List.of("decode", "none", "none"), "--out", "decoded", "a.png"),
                new Writer(List.of("decode", "none", "none"), "--out", "decoded.png", ""),
                new Writer(List.of("reconstruct", "none", "none"), "--out", "rebuilt", "a.png"),
                new Writer(List.of("reconstruct", "none", "none"), "--out", "rebuilt.png", ""),
                new Writer(List.of("interpolate", "none", "none", "none"), "--out", "strip.png", ""),
                new Writer(List.of("encode", "none", "none"), "--out", "codes.npz", ""),
                new Writer(List.of("convert", "none"), "--out", "x.onnx", ""),
                new Writer(List.of("optimize", "none"), "--out", "x.onnx", ""),
                new Writer(List.of("quantize", "none", "--calibrate", "none"), "--out", "x.onnx", ""),
                new Writer(List.of("inspect", "none.onnx"), "--out", "page.html", ""),
                new Writer(List.of("inspect", "none.smalti"), "--out", "page.html", ""),
                new Writer(List.of("evaluate", "none", "--data", "none"), "--json", "figures.json", ""));
    }

    @Test
    void everyCommandThatWritesIsAmongThem() {
        var commands = new TreeSet<String>();
        new CommandLine(new Main(), new CommandFactory(new Console(System.out, System.err, false)))
                .getSubcommands()
                .forEach((name, command) -> {
                    var spec = command.getCommandSpec();
                    if (spec.findOption("--out") != null || name.equals("evaluate")) {
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

    /** A file by which a folder is known does not make all else in it the command's. */
    @ParameterizedTest
    @MethodSource("writers")
    void whatLiesAmongItIsNeverReplaced(Writer writer) throws IOException {
        if (writer.holds().isEmpty()) {
            return; // a file is a file
        }
        var out = folder.resolve(writer.name());
        var file = existing(writer, out);
        var note =
                Files.writeString(Files.createDirectories(out.resolve("thesis")).resolve("notes.txt"), "mine");
        Cli.run(arguments(writer, out, "--overwrite"))
                .failsWith(out + ": must be new, empty or ", ", which would be lost");
        assertThat(file).hasContent("before");
        assertThat(note).hasContent("mine");
    }

    @Test
    void aProjectWithRunsIsNoDemo() throws IOException {
        var run = folder.resolve("runs/mine/spec.json");
        Files.createDirectories(run.resolveSibling(""));
        Files.writeString(run, "mine");
        Cli.run("demo", "--out", folder).failsWith(folder + ": must be new or empty, and holds runs");
        Cli.run("demo", "--out", folder, "--overwrite")
                .failsWith(folder + ": must be new, empty or a demo's folder", "runs/mine/spec.json");
        assertThat(run).hasContent("mine");
    }

    @Test
    void aDemoWithOnesOwnPicturesIsNotReplaced() throws IOException {
        Files.createDirectories(folder.resolve("runs/vqvae-demo"));
        var picture = Files.createDirectories(folder.resolve("pictures/disc")).resolve("holiday.png");
        Files.writeString(picture, "mine");
        Cli.run("demo", "--out", folder, "--overwrite").failsWith("pictures/disc/holiday.png, which would be lost");
        assertThat(picture).hasContent("mine");
    }

    @Test
    void whatIsReadIsNotReplaced() throws IOException {
        var pictures = Files.createDirectories(folder.resolve("pictures"));
        var picture = Files.writeString(pictures.resolve("a.png"), "mine");
        Cli.run("reconstruct", "none", picture, "--out", pictures, "--overwrite")
                .failsWith(pictures + ": must be another folder than what is read, and holds " + picture);
        var link = Files.createSymbolicLink(folder.resolve("link"), pictures);
        Cli.run("reconstruct", "none", pictures, "--out", link, "--overwrite").failsWith(link + ": must be another");
        Cli.run("train", "--preset", "vqvae-demo", "--data", pictures, "--out", pictures, "--overwrite")
                .failsWith(pictures + ": must be another folder");
        Cli.run("evaluate", "none", "--data", picture, "--json", picture, "--overwrite")
                .failsWith(picture + ": must be another file than what is read");
        assertThat(picture).hasContent("mine");
    }

    /** Else the next run would read what this one wrote. */
    @Test
    void whatIsWrittenDoesNotLieAmongWhatIsRead() throws IOException {
        var pictures = Files.createDirectories(folder.resolve("pictures"));
        var link = Files.createSymbolicLink(folder.resolve("link"), pictures);
        var rule = ": must lie outside of ";
        for (var out : List.of(pictures.resolve("runs/mine"), link.resolve("mine"), pictures.resolve("a/../mine"))) {
            Cli.run("train", "--preset", "vqvae-demo", "--data", pictures, "--out", out)
                    .failsWith(
                            out + rule + pictures, "the next run would find it among them; choose an output elsewhere");
            Cli.run("reconstruct", "none", pictures, "--out", out).failsWith(out + rule + pictures);
        }
        var grid = pictures.resolve("grid.png");
        Cli.run("reconstruct", "none", pictures, "--out", grid).failsWith(grid + rule + pictures);
        var codes = pictures.resolve("codes.npz");
        Cli.run("encode", "none", pictures, "--out", codes).failsWith(codes + rule + pictures);
        var figures = pictures.resolve("figures.json");
        Cli.run("evaluate", "none", "--data", pictures, "--json", figures).failsWith(figures + rule + pictures);
        for (var onnx : List.of(
                List.of("quantize", "none", "--calibrate"),
                List.of("optimize", "none", "--samples"),
                List.of("convert", "none.onnx", "--opset", "18", "--samples"))) {
            var arguments = new ArrayList<Object>(onnx);
            arguments.addAll(List.of(pictures, "--out", pictures.resolve("x.onnx")));
            Cli.run(arguments.toArray()).failsWith(rule + pictures);
        }
        var bundle = Files.createDirectories(folder.resolve("x.smalti"));
        Files.writeString(bundle.resolve("bundle.json"), "{}");
        Cli.run("generate", bundle, "--out", bundle.resolve("made")).failsWith(rule + bundle);
        Cli.run("decode", bundle, "none", "--out", bundle.resolve("made.png"))
                .failsWith(rule + bundle + ", which is replaced as a whole when it is made anew");
        var run = Files.createDirectories(folder.resolve("run"));
        Files.writeString(run.resolve("spec.json"), "{}");
        Cli.run("export", run, "--out", run.resolve("x.smalti")).failsWith(rule + run);
        assertThat(pictures).isEmptyDirectory();
        // beside it is elsewhere, though its name begins alike
        assertThat(Cli.run("train", "--preset", "vqvae-demo", "--data", pictures, "--out", folder.resolve("pictures-2"))
                        .err())
                .doesNotContain(rule);
    }

    @Test
    void whatALinkInTheInputLeadsToIsReadAsWell() throws IOException {
        var pictures = Files.createDirectories(folder.resolve("pictures"));
        var other = Files.createDirectories(folder.resolve("other"));
        var picture = Files.writeString(other.resolve("a.png"), "mine");
        var link = Files.createSymbolicLink(pictures.resolve("more"), other);
        Files.createSymbolicLink(pictures.resolve("loop"), pictures);
        var out = other.resolve("out");
        Cli.run("reconstruct", "none", pictures, "--out", out)
                .failsWith(out + ": must lie outside of " + link + ", whose pictures are read");
        Cli.run("reconstruct", "none", pictures, "--out", other, "--overwrite")
                .failsWith(other + ": must be another folder than what is read, and holds " + link);
        Files.delete(link);
        Files.createSymbolicLink(pictures.resolve("a.png"), picture);
        Cli.run("reconstruct", "none", pictures, "--out", other, "--overwrite")
                .failsWith(other + ": must be another folder than what is read");
        assertThat(picture).hasContent("mine");
        assertThat(out).doesNotExist();
    }

    @ParameterizedTest
    @MethodSource("writers")
    void aLinkToNothingIsRefusedAtTheStart(Writer writer) throws IOException {
        var nothing = folder.resolve("nothing");
        var link = Files.createSymbolicLink(folder.resolve(writer.name()), nothing);
        Cli.run(arguments(writer, link))
                .failsWith(link + ": must be a place to write to, but " + link + " is a link to nothing");
        var dangling = Files.createSymbolicLink(folder.resolve("dangling"), nothing);
        Cli.run(arguments(writer, dangling.resolve(writer.name()))).failsWith(dangling + " is a link to nothing");
        assertThat(nothing).doesNotExist();
    }

    /** What goes beside an output is as much the user's as the output itself. */
    @Test
    void whatBelongsToAnOutputIsLeftAloneToo() throws IOException {
        var data = Files.writeString(folder.resolve("x.onnx.data"), "before");
        var out = folder.resolve("x.onnx");
        for (var command : List.of("optimize", "convert")) {
            Cli.run(command, "none", "--out", out).failsWith(data + ": must be new, and exists", "--overwrite");
        }
        Cli.run("quantize", "none", "--calibrate", "none", "--out", out).failsWith(data + ": must be new, and exists");
        var report = Files.writeString(folder.resolve("x.report.html"), "before");
        Cli.run("export", "none", "--out", folder.resolve("x.smalti")).failsWith(report + ": must be new, and exists");
        assertThat(data).hasContent("before");
        assertThat(report).hasContent("before");
    }

    static List<Writer> writersOfFolders() {
        var tiny = TinyModels.made();
        var spec = tiny.folder().resolve("codec.yaml").toString();
        var pictures = tiny.pictures().toString();
        var codec = tiny.codec().toString();
        var run = tiny.codecRun().toString();
        var generate = List.of("generate", tiny.gan().toString(), "--count", "2");
        return List.of(
                new Writer(List.of("train", "--spec", spec, "--data", pictures), "--out", "run", "spec.json;old.fb"),
                new Writer(List.of("export", run, "--precisions", "fp32"), "--out", "x.smalti", "bundle.json;old.onnx"),
                new Writer(List.of("export", codec, "--target", "triton"), "--out", "repository", "old/config.pbtxt"),
                new Writer(List.of("export", codec, "--target", "web"), "--out", "page", "page.json;old.html"),
                new Writer(generate, "--out", "made", "old.png"),
                new Writer(List.of("reconstruct", codec, pictures), "--out", "rebuilt", "old.png"));
    }

    @ParameterizedTest
    @MethodSource("writersOfFolders")
    void nothingOldStaysInAFolderThatIsReplaced(Writer writer) throws IOException {
        var out = folder.resolve(writer.name());
        for (var name : writer.holds().split(";", -1)) {
            var file = out.resolve(name);
            Files.createDirectories(file.resolveSibling(""));
            Files.writeString(file, "before");
        }
        Cli.run(arguments(writer, out, "--overwrite")).succeeds();
        try (var files = Files.walk(out)) {
            assertThat(files)
                    .hasSizeGreaterThan(2)
                    .noneMatch(file -> String.valueOf(file.getFileName()).startsWith("old"));
        }
        try (var files = Files.list(folder)) {
            assertThat(files)
                    .noneMatch(file -> String.valueOf(file.getFileName()).startsWith("."));
        }
    }

    @Test
    void aLinkIsWhatItLeadsTo() throws IOException {
        var pictures = Files.createDirectories(folder.resolve("pictures"));
        Files.writeString(pictures.resolve("a.png"), "before");
        var link = Files.createSymbolicLink(folder.resolve("link"), pictures);
        Cli.run("generate", "none", "--out", link).failsWith(link + ": must be new or empty, and holds a.png");
    }

    @Test
    void aBundlesOwnFilesStay() throws IOException {
        Files.writeString(folder.resolve("bundle.json"), "{}");
        var graph = Files.writeString(folder.resolve("encoder.onnx"), "before");
        Cli.run("optimize", graph, "--out", graph, "--overwrite")
                .failsWith(graph + ": must lie elsewhere: it is a file of a bundle");
        assertThat(graph).hasContent("before");
    }

    @Test
    void codesGoIntoAnNpz() {
        Cli.run("encode", "none", "none", "--out", folder.resolve("codes.txt"))
                .isRefusedFor("codes.txt: must end in .npz");
    }

    @Test
    void aPipeIsNoFile() throws Exception {
        var pipe = folder.resolve("pipe.npz");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Cli.run("encode", "none", "none", "--out", pipe, "--overwrite")
                .failsWith(pipe + ": must be a file to write, and is a device or a pipe");
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
        var arguments = new ArrayList<Object>(writer.command());
        arguments.add(writer.output());
        arguments.add(out);
        arguments.addAll(List.of(more));
        return arguments.toArray();
    }
}
