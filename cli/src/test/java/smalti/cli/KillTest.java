package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command is killed without warning at random moments; nothing is lost but what came after the last checkpoint. */
class KillTest {
    private static final int KILLS = Boolean.getBoolean("smalti.full") ? 30 : 3;
    private static final long SEED = 20;

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    @Test
    void aKilledTrainingEndsWithTheNumbersOfAnUnbrokenOne() throws Exception {
        var random = new Random(SEED);
        var pictures = Cli.pictures(folder.resolve("pictures"), 40);
        var spec = Cli.spec(
                folder,
                Cli.VQVAE.replace("steps: 12", "steps: 400").replace("checkpointEvery: 3", "checkpointEvery: 7"));
        var unbroken = folder.resolve("unbroken");
        long began = System.nanoTime();
        assertThat(finish("train", "--spec", spec, "--data", pictures, "--out", unbroken))
                .as(this::log)
                .isZero();
        long millis = (System.nanoTime() - began) / 1_000_000;

        var broken = folder.resolve("broken");
        for (int kill = 0; kill < KILLS; kill++) {
            var process = Cli.start(
                    folder.resolve("log"), "train", "--spec", spec, "--data", pictures, "--out", broken, "--resume");
            if (!process.waitFor((long) (millis * random.nextDouble()), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
        }
        assertThat(finish("train", "--spec", spec, "--data", pictures, "--out", broken, "--resume"))
                .as(() -> "seed " + SEED + ": " + log())
                .isZero();
        assertThat(figures(broken)).as("seed " + SEED).isEqualTo(figures(unbroken));
        for (var file : List.of("export.json", "calibration.npy", "held-out.npy", "spec.json")) {
            assertThat(broken.resolve(file)).hasSameBinaryContentAs(unbroken.resolve(file));
        }
        assertNothingUnfinished(broken);
    }

    @Test
    void aKilledExportLeavesAWholeBundleOrNone() throws Exception {
        var random = new Random(SEED);
        var pictures = Cli.pictures(folder.resolve("pictures"), 40);
        var run = folder.resolve("run");
        Cli.run("train", "--spec", Cli.spec(folder, Cli.VQVAE), "--data", pictures, "--out", run)
                .succeeds();
        var bundle = folder.resolve("out/tiny.smalti");
        long began = System.nanoTime();
        assertThat(finish("export", run, "--out", bundle)).as(this::log).isZero();
        long millis = (System.nanoTime() - began) / 1_000_000;
        for (int kill = 0; kill < KILLS; kill++) {
            var process = Cli.start(folder.resolve("log"), "export", run, "--out", bundle, "--overwrite");
            if (!process.waitFor((long) (millis * random.nextDouble()), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
            if (Files.exists(bundle)) {
                Cli.run("inspect", bundle).succeeds();
            }
        }
        Cli.run("export", run, "--out", bundle, "--overwrite").succeeds();
        Cli.run("inspect", bundle).succeeds();
        assertNothingUnfinished(bundle.resolveSibling(""));
    }

    private int finish(Object... arguments) throws IOException, InterruptedException {
        return Cli.start(folder.resolve("log"), arguments).waitFor();
    }

    private String log() {
        try {
            return Files.readString(folder.resolve("log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Every line's figures but those of time. */
    private static List<String> figures(Path run) throws IOException {
        var mapper = new ObjectMapper();
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> {
                    try {
                        var node = (ObjectNode) mapper.readTree(line);
                        return node.without(List.of("seconds", "imagesPerSecond"))
                                .toString();
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                })
                .toList();
    }

    private static void assertNothingUnfinished(Path folder) throws IOException {
        try (var files = Files.list(folder.toAbsolutePath())) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())))
                    .noneMatch(name -> name.startsWith(".unfinished") || name.startsWith(".replaced"));
        }
    }
}
