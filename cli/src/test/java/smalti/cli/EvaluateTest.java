package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.pictures.PictureFiles;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;
import smalti.trainer.data.ProceduralPictures;

/** What {@code smalti evaluate} measures, and what it says of it. */
class EvaluateTest {
    private static final TinyModels TINY = TinyModels.made();

    @TempDir
    private Path folder;

    private JsonNode figures(Object... arguments) throws IOException {
        var json = folder.resolve("figures.json");
        var all = new Object[arguments.length + 4];
        all[0] = "evaluate";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        all[arguments.length + 1] = "--json";
        all[arguments.length + 2] = json;
        all[arguments.length + 3] = "--overwrite";
        Cli.run(all).succeeds();
        return new ObjectMapper().readTree(json.toFile());
    }

    private Path others(int count) throws IOException {
        var others = folder.resolve("others");
        Files.createDirectories(others.resolve("deep/er"));
        var drawn = ProceduralPictures.draw(count, 20, 99);
        for (int i = 0; i < count; i++) {
            // flat and in folders, as nothing that can be trained on is
            PictureFiles.writePng(others.resolve(i % 2 == 0 ? i + ".png" : "deep/er/" + i + ".png"), drawn.picture(i));
        }
        return others;
    }

    @Test
    void ofTheTrainingPicturesTheHeldOutOnesAreMeasured() throws IOException {
        var said = Cli.run("evaluate", TINY.codec(), "--data", TINY.pictures()).succeeds();
        assertThat(said.out())
                .startsWith("measured on  6 pictures of " + TINY.pictures()
                        + "'s 60: the model was trained on the others; --all measures all\n")
                .containsPattern("PSNR +[0-9.]+ dB, higher is better\n")
                .containsPattern("SSIM +[0-9.-]+, higher is better")
                .containsPattern("MSE .*lower is better")
                .containsPattern("worst +[0-9.]+ dB, SSIM [0-9.-]+: [a-z]+/[0-9]+\\.png\n");
        var figures = figures(TINY.codec(), "--data", TINY.pictures());
        for (var name : java.util.List.of("mse", "nmse", "psnr", "ssim", "perplexity", "usage")) {
            assertThat(figures.path(name).isNumber()).as(name).isTrue();
        }
        assertThat(figures.path("pictures").asInt()).isEqualTo(6);
        assertThat(figures.path("measuredOn").asText()).isEqualTo("held-out");
        // the definition, in double precision
        assertThat(figures.path("psnr").asDouble())
                .isCloseTo(-10 * Math.log10(figures.path("mse").asDouble()), within(1e-9));
        double mean = StreamSupport.stream(figures.path("perPicture").spliterator(), false)
                .mapToDouble(one -> one.path("mse").asDouble())
                .average()
                .orElseThrow();
        assertThat(figures.path("mse").asDouble()).isCloseTo(mean, within(1e-12));
        assertThat(figures.path("perPicture")).hasSize(6);
    }

    @Test
    void theTrainingPicturesAreKnownByTheirPixelsWhereverTheyLie() throws IOException {
        var moved = Files.createDirectories(folder.resolve("moved/in/here"));
        try (var files = Files.walk(TINY.pictures())) {
            for (var file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                var to = moved.resolve(TINY.pictures().relativize(file).toString());
                Files.createDirectories(to.resolveSibling(""));
                Files.copy(file, to);
            }
        }
        var figures = figures(TINY.codec(), "--data", folder.resolve("moved"));
        assertThat(figures.path("measuredOn").asText()).isEqualTo("held-out");
        assertThat(figures.path("psnr"))
                .isEqualTo(figures(TINY.codec(), "--data", TINY.pictures()).path("psnr"));
    }

    @Test
    void ofOtherPicturesAllAreMeasuredHoweverTheyLieAndHoweverFew() throws IOException {
        var others = others(5);
        assertThat(Cli.run("evaluate", TINY.codec(), "--data", others)
                        .succeeds()
                        .out())
                .startsWith("measured on  all 5 pictures of " + others
                        + ": they are other pictures than the model was trained on, or not just those\n");
        var figures = figures(TINY.codec(), "--data", others);
        assertThat(figures.path("pictures").asInt()).isEqualTo(5);
        assertThat(figures.path("perPicture").findValuesAsText("name"))
                .containsExactly("0.png", "2.png", "4.png", "deep/er/1.png", "deep/er/3.png");
        var one = Cli.run("evaluate", TINY.codec(), "--data", others.resolve("0.png"))
                .succeeds();
        assertThat(one.out()).contains("measured on  all 1 picture of ").doesNotContain("worst");
        // a tenth of a folder that was trained on is another folder
        var stars = Cli.run("evaluate", TINY.codec(), "--data", TINY.pictures().resolve("star"));
        assertThat(stars.succeeds().out()).contains("all 6 pictures");
    }

    @Test
    void allMeasuresAll() throws IOException {
        assertThat(Cli.run("evaluate", TINY.codec(), "--all", "--data", TINY.pictures())
                        .succeeds()
                        .out())
                .startsWith("measured on  all 60 pictures of " + TINY.pictures()
                        + ": the model was trained on 54 of them\n");
        var figures = figures(TINY.codec(), "--all", "--data", TINY.pictures());
        assertThat(figures.path("perPicture")).hasSize(60);
        assertThat(figures.path("measuredOn").asText()).isEqualTo("all");
    }

    @Test
    void theWorstAreShownWorstFirst() throws IOException {
        var out = Cli.run("evaluate", TINY.codec(), "--data", TINY.pictures())
                .succeeds()
                .out();
        var each = figures(TINY.codec(), "--data", TINY.pictures()).path("perPicture");
        var worst = StreamSupport.stream(each.spliterator(), false)
                .sorted(Comparator.comparingDouble(one -> one.path("psnr").asDouble()))
                .limit(5)
                .map(one -> one.path("name").asText())
                .toList();
        var shown = out.lines().filter(line -> line.endsWith(".png")).toList();
        assertThat(shown).hasSize(5);
        for (int i = 0; i < 5; i++) {
            assertThat(shown.get(i)).endsWith(": " + worst.get(i));
        }
    }

    @Test
    void aBundleThatDoesNotNoteItsPicturesSaysSo() throws IOException {
        var older = folder.resolve("older.smalti");
        AtomicFiles.writeFolder(older, to -> {
            try (var files = Files.list(TINY.codec())) {
                for (var file : (Iterable<Path>) files::iterator) {
                    Files.copy(file, to.resolve(file.getFileName()));
                }
            }
        });
        var file = older.resolve(BundleManifest.FILE);
        var tree = new ObjectMapper().readTree(file.toFile());
        ((ObjectNode) tree.path("provenance")).remove("picturesSha256");
        ((ObjectNode) tree).remove("sha256");
        Files.writeString(file, RecordTree.json(Seal.on(RecordTree.bind(tree, BundleManifest.class, "older"))));
        assertThat(Cli.run("evaluate", older, "--data", TINY.pictures())
                        .succeeds()
                        .out())
                .contains("measured on  6 pictures of ", "this bundle does not note what it was trained on; --all");
        assertThat(Cli.run("evaluate", older, "--all", "--data", TINY.pictures())
                        .succeeds()
                        .out())
                .contains("measured on  all 60 pictures of ", "this bundle does not note whether");
    }

    @Test
    void aGeneratorIsMeasuredBesideWhatRealPicturesDifferBy() throws IOException {
        var heldOut = figures(TINY.gan(), "--data", TINY.pictures());
        assertThat(heldOut.path("measuredOn").asText()).isEqualTo("held-out");
        assertThat(heldOut.path("slicedWasserstein").asDouble()).isPositive();
        var others = others(20);
        assertThat(Cli.run("evaluate", TINY.gan(), "--data", others).succeeds().out())
                .contains("measured on  all 20 pictures of ", "lower is better", "floor");
        var figures = figures(TINY.gan(), "--data", others);
        assertThat(figures.path("pictures").asInt()).isEqualTo(10); // a half of them beside as many generated ones
        assertThat(figures.path("floor").asDouble()).isPositive();
        Cli.run("evaluate", TINY.gan(), "--data", others.resolve("0.png"))
                .failsWith("0.png: must hold at least 2 pictures to measure a generator by, got 1");
    }
}
