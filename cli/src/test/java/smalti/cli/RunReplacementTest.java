package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run gives way to another once that has come to something. */
class RunReplacementTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path folder;

    @Test
    void aRunComesBackIfItsReplacementFails() throws IOException {
        var pictures = Cli.pictures(folder.resolve("pictures"), 40);
        var spec = Cli.spec(folder, Cli.VQVAE);
        var run = folder.resolve("run");
        Cli.run("train", "--spec", spec, "--data", pictures, "--out", run).succeeds();
        var before = Files.readString(run.resolve("spec.json"));
        // a GAN with a class as input, and pictures without one
        var flat = pictures.resolve("disc");
        var refused = Cli.run("train", "--preset", "dcgan-mnist", "--data", flat, "--out", run, "--overwrite");
        refused.failsWith("class");
        assertThat(refused.err()).contains(run + ": no checkpoint was written; the run that was there is as it was");
        assertThat(run.resolve("spec.json")).hasContent(before);
        assertThat(run.resolve("export.json")).exists();
        assertThat(folder).isDirectoryNotContaining("glob:**/.aside-*");

        Cli.run("train", "--spec", spec, "--data", pictures, "--out", run, "--seed", 2, "--overwrite")
                .succeeds();
        assertThat(Files.readString(run.resolve("spec.json"))).isNotEqualTo(before);
        assertThat(folder).isDirectoryNotContaining("glob:**/.aside-*");
    }
}
