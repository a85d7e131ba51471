package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;

/** Ctrl-C in the midst of each command that takes long: it ends at once and quietly, and nothing half-written is left. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "there is no kill to send a signal with")
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // rather than for ever
class InterruptionTest {
    /** More than a command gets through before it hears a signal. */
    private static final int MANY = 20_000;

    /** What a build that was started in the background ignores, and so do all that it starts. */
    private static final boolean IS_INT_IGNORED = isIgnored(2);

    private static final String SIGNAL = IS_INT_IGNORED ? "TERM" : "INT";
    private static final int EXIT_CODE = IS_INT_IGNORED ? 143 : 130;

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    static Path folder;

    private static Path pictures = Path.of("");
    private static Path many = Path.of("");

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path temporary;

    @BeforeAll
    static void trainAndExport() throws IOException {
        pictures = Cli.pictures(folder.resolve("pictures"), 40);
        for (var model : List.of("codec", "gan")) {
            var spec = Cli.spec(folder, model.equals("codec") ? Cli.VQVAE : Cli.DCGAN);
            var run = folder.resolve("run-" + model);
            Cli.run("train", "--spec", spec, "--data", pictures, "--out", run).succeeds();
            Cli.run("export", run, "--out", folder.resolve(model + ".smalti"), "--precisions", "fp32")
                    .succeeds();
        }
        many = Files.createDirectories(folder.resolve("many"));
        var picture = Files.readAllBytes(pictures.resolve("disc/1.png"));
        for (int i = 0; i < 3000; i++) {
            Files.write(many.resolve(i + ".png"), picture);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void aTrainingSaysHowToGoOn(String signal) throws Exception {
        assumeFalse(signal.equals("INT") && IS_INT_IGNORED, "this process was started to ignore SIGINT");
        var spec = Files.writeString(folder.resolve("long.yaml"), Cli.VQVAE.replace("steps: 12", "steps: 400000"));
        var run = folder.resolve("stopped-" + signal);
        var process = Cli.watched(temporary, "train", "--spec", spec, "--data", pictures, "--out", run);
        try (var output = process.inputReader()) {
            awaitLine(output, "training on 36 pictures");
            awaitFile(run, "checkpoint.npz");
            var said = stop(process, signal, output);
            assertThat(process.waitFor()).as(said).isEqualTo(signal.equals("INT") ? 130 : 143);
            assertThat(said)
                    .endsWith("interrupted; to go on: ./smalti train --spec " + spec + " --data " + pictures + " --out "
                            + run + " --resume");
        }
        assertNothingLeft(run);
        Cli.run("train", "--data", pictures, "--out", run, "--resume", "--steps", 1)
                .failsWith("run is at step ", " of 1 already");
    }

    @Test
    void aDemoSaysHowToGoOn() throws Exception {
        var out = folder.resolve("demo of mine");
        var process = Cli.watched(temporary, "demo", "--out", out);
        try (var output = process.inputReader()) {
            awaitLine(output, "drawing 6000 pictures");
            var said = stop(process, SIGNAL, output);
            assertThat(process.waitFor()).as(said).isEqualTo(EXIT_CODE);
            assertThat(said).endsWith("interrupted; to go on: ./smalti demo --out '" + out + "'");
        }
        assertNothingLeft(out);
    }

    /** What is replaced is gone once the new one is whole, and not before. */
    @Test
    void aDemoThatIsReplacedComesBack() throws Exception {
        var out = Files.createDirectories(folder.resolve("replaced demo"));
        Files.writeString(out.resolve("pictures.png"), "before");
        assertStops(out, "drawing 6000 pictures", "demo", "--out", out, "--overwrite");
        assertThat(out).isDirectoryContaining("glob:**pictures.png");
        assertThat(out.resolve("pictures.png")).hasContent("before");
        assertThat(out.resolve("pictures")).doesNotExist();
    }

    @Test
    void aDemoComesBackAfterOneThatReplacedItWasKilled() throws Exception {
        var out = Files.createDirectories(folder.resolve("demo of a killed one"));
        Files.writeString(out.resolve("pictures.png"), "before");
        var killed = Cli.watched(temporary, "demo", "--out", out, "--overwrite");
        try (var output = killed.inputReader()) {
            awaitLine(output, "drawing 6000 pictures");
            killed.destroyForcibly().waitFor();
        }
        assertThat(out.resolve("pictures.png")).doesNotExist();
        var next = Cli.watched(temporary, "demo", "--out", out);
        try (var output = next.inputReader()) {
            awaitLine(output, out + ": is as it was before the --overwrite that was killed");
            stop(next, SIGNAL, output);
        }
        assertThat(out.resolve("pictures.png")).hasContent("before");
        assertNothingLeft(out);
    }

    @Test
    void anExportLeavesNoBundle() throws Exception {
        var out = folder.resolve("stopped.smalti");
        assertStops(out, "writing ", "export", folder.resolve("run-codec"), "--out", out);
        assertThat(out).doesNotExist();
    }

    /** ONNX files from anywhere run in a process of their own, which has a folder of its own. */
    @ParameterizedTest
    @ValueSource(strings = {"optimize", "quantize", "convert", "check", "diff"})
    void aProofLeavesNothingOfItsProcess(String command) throws Exception {
        var out = folder.resolve("stopped-" + command + ".onnx");
        var graph = folder.resolve("codec.smalti/decoder.onnx");
        var arguments = new ArrayList<Object>(List.of(command, graph));
        switch (command) {
            case "quantize" -> arguments.addAll(List.of("--calibrate", latents(), "--out", out));
            case "convert" -> arguments.addAll(List.of("--opset", 20, "--out", out));
            case "diff" -> arguments.add(graph);
            case "optimize" -> arguments.addAll(List.of("--out", out));
            default -> {}
        }
        assertStopsOnceThereIs(temporary, "smalti-onnxruntime-", out, arguments.toArray());
    }

    private static Path latents() throws IOException {
        var file = folder.resolve("latents.npz");
        var values = new float[8 * 4 * 4 * 4];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i);
        }
        Npz.write(file, Map.of("quantized", NpyArray.of(values, 8, 4, 4, 4)));
        return file;
    }

    @Test
    void anInspectionLeavesNoPage() throws Exception {
        var out = folder.resolve("stopped.html");
        assertStopsOnceThereIs(
                temporary, "onnxruntime-java", out, "inspect", folder.resolve("codec.smalti"), "--out", out);
    }

    @Test
    void anEvaluationLeavesNoFigures() throws Exception {
        var out = folder.resolve("stopped.json");
        assertStops(
                out,
                "measured on  all 3000 pictures",
                "evaluate",
                folder.resolve("codec.smalti"),
                "--data",
                many,
                "--json",
                out);
        assertThat(out).doesNotExist();
    }

    @Test
    void anEncodingLeavesNoFile() throws Exception {
        var out = folder.resolve("stopped.npz");
        assertStops(out, "encoding 3000 pictures", "encode", folder.resolve("codec.smalti"), many, "--out", out);
    }

    @Test
    void aReconstructionLeavesTheFolderThatWasThere() throws Exception {
        var out = Files.createDirectories(folder.resolve("rebuilt"));
        Files.copy(pictures.resolve("disc/1.png"), out.resolve("before.png"));
        assertStops(
                out,
                "reconstructing 3000 pictures",
                "reconstruct",
                folder.resolve("codec.smalti"),
                many,
                "--out",
                out,
                "--overwrite");
        assertThat(out).isDirectoryContaining("glob:**before.png");
    }

    @Test
    void picturesThatAreGeneratedOrDecodedAreAllThereOrNone() throws Exception {
        var generated = folder.resolve("generated");
        assertStopsOnceThereIs(
                folder,
                AtomicFiles.UNFINISHED,
                generated,
                "generate",
                folder.resolve("gan.smalti"),
                "--count",
                MANY,
                "--out",
                generated);
        var one = folder.resolve("one.npz");
        Cli.run("encode", folder.resolve("codec.smalti"), pictures.resolve("disc/1.png"), "--out", one)
                .succeeds();
        var names = new ArrayList<String>();
        for (int i = 0; i < MANY; i++) {
            names.add("picture-" + i);
        }
        var codes = folder.resolve("many.npz");
        new CodesFile(
                        names,
                        Collections.nCopies(MANY, CodesFile.read(one).codes().get(0)))
                .write(codes);
        var decoded = folder.resolve("decoded");
        assertStopsOnceThereIs(
                folder,
                AtomicFiles.UNFINISHED,
                decoded,
                "decode",
                folder.resolve("codec.smalti"),
                codes,
                "--out",
                decoded);
    }

    private void assertStops(Path out, String line, Object... arguments) throws Exception {
        var process = Cli.watched(temporary, arguments);
        try (var output = process.inputReader()) {
            awaitLine(output, line);
            assertStopped(process, output, out);
        }
    }

    /** @param begins what is waited for: a name in a folder begins so */
    private void assertStopsOnceThereIs(Path in, String begins, Path out, Object... arguments) throws Exception {
        try (var watch = in.getFileSystem().newWatchService()) {
            in.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            var process = Cli.watched(temporary, arguments);
            try (var output = process.inputReader()) {
                boolean fills = false;
                while (!fills) {
                    var key = watch.take();
                    fills = key.pollEvents().stream()
                            .anyMatch(event -> String.valueOf(event.context()).startsWith(begins));
                    key.reset();
                }
                assertStopped(process, output, out);
            }
        }
        assertThat(out).doesNotExist();
    }

    private void assertStopped(Process process, BufferedReader output, Path out) throws Exception {
        var said = stop(process, SIGNAL, output);
        assertThat(process.waitFor()).as(said).isEqualTo(EXIT_CODE);
        assertThat(said.lines().reduce((one, last) -> last)).hasValue("interrupted");
        assertNothingLeft(out);
    }

    /** @param signal as numbered by POSIX; where the system does not tell, it is not ignored */
    private static boolean isIgnored(int signal) {
        var status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        try (var lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("SigIgn:"))
                    .map(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                    .anyMatch(mask -> (mask >> (signal - 1) & 1) == 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The signal, and all that the command said from then on. */
    private static String stop(Process process, String signal, BufferedReader output) throws Exception {
        var kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
        assertThat(kill.waitFor()).isZero();
        var said = output.lines().collect(Collectors.joining("\n"));
        assertThat(said).doesNotContain("Exception", "\tat ", "error", "fatal");
        return said;
    }

    private static void awaitLine(BufferedReader output, String beginning) throws IOException {
        var before = new StringBuilder();
        for (var line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith(beginning)) {
                return;
            }
            before.append(line).append('\n');
        }
        throw new AssertionError("ended before it said \"" + beginning + "\":\n" + before);
    }

    private static void awaitFile(Path in, String name) throws IOException, InterruptedException {
        Files.createDirectories(in);
        try (var watch = in.getFileSystem().newWatchService()) {
            in.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            while (!Files.exists(in.resolve(name))) {
                watch.take().reset();
            }
        }
    }

    private void assertNothingLeft(Path out) throws IOException {
        for (var place : List.of(out, out.resolveSibling(""))) {
            if (Files.isDirectory(place.toAbsolutePath())) {
                try (var files = Files.list(place)) {
                    assertThat(files.map(file -> String.valueOf(file.getFileName())))
                            .noneMatch(name -> name.startsWith(AtomicFiles.UNFINISHED) || name.startsWith(".replaced"));
                }
            }
        }
        assertThat(temporary).isEmptyDirectory();
    }
}
