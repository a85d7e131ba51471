package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.model.DataSpec;
import smalti.trainer.Trainer;

/** A spec changed by options, and folders of few pictures. */
class TrainOptionsTest {
    @TempDir
    private Path folder;

    private Cli.Result train(Path pictures, String run, Object... more) throws IOException {
        var arguments = new Object[7 + more.length];
        var all = new Object[] {
            "train", "--spec", Cli.spec(folder, Cli.VQVAE), "--data", pictures, "--out", folder.resolve(run)
        };
        System.arraycopy(all, 0, arguments, 0, all.length);
        System.arraycopy(more, 0, arguments, all.length, more.length);
        return Cli.run(arguments);
    }

    @Test
    void optionsReachEveryKeyAndARunGoesOnWithThem() throws IOException {
        var pictures = Cli.pictures(folder.resolve("pictures"), 20);
        var more = new Object[] {
            "--batch", 5, "--size", "24x16", "--lr", 1e-3, "--set", "model.hidden=4", "--set", "data.flip=true"
        };
        var said = train(pictures, "run", more).succeeds();
        assertThat(said.err()).containsPattern("a step takes [0-9.e-]+ s, and the training [0-9.]+ GB of memory: 0:0");
        var spec = Trainer.specOf(folder.resolve("run"));
        assertThat(spec.training().batch()).isEqualTo(5);
        assertThat(spec.training().optimizer().learningRate()).isEqualTo(1e-3);
        assertThat(spec.image().width()).isEqualTo(24);
        assertThat(spec.image().height()).isEqualTo(16);
        assertThat(spec.data().flip()).isTrue();
        assertThat(train(pictures, "run", concat(more, "--resume")).succeeds().out())
                .contains("nothing was left to train");
        train(pictures, "run", "--lr", 2e-3, "--resume")
                .failsWith("run: not as the run was begun: training.optimizer.learningRate must be 0.001, got 0.002");
        train(pictures, "other", "--batch", 1, "--set", "model.hiden=4", "--set", "model.quantizer.codes=1")
                .isRefusedFor(
                        "--set: model.hiden is no key of this model; nearest: model.hidden, ",
                        "--batch: training.batch must be from 2 to 65536, got 1",
                        "--set: model.quantizer.codes must be from 2 to 1048576, got 1");
        train(pictures, "other", "--batch", "many", "--seed", "x", "--nonsense")
                .isRefusedFor(
                        "--batch must be a whole number, got many", "--seed must be a whole number", "--nonsense");
        Cli.run("train", "--preset", "x", "--data", pictures, "--out", folder.resolve("other"))
                .isRefusedFor("--preset: preset must be one of vqvae, ", ", got x");
        train(pictures, "other", "--steps", 3, "--set", "training.steps=5")
                .isRefusedFor("--steps and --set training.steps are one and the same; give one of them");
        assertThat(folder.resolve("other")).doesNotExist();
    }

    private static Object[] concat(Object[] first, Object last) {
        var all = java.util.Arrays.copyOf(first, first.length + 1);
        all[first.length] = last;
        return all;
    }

    @Test
    void fewPicturesMakeASmallerBatchAndARunOfThemGoesOn() throws IOException {
        var three = Cli.pictures(folder.resolve("three"), 3);
        assertThat(train(three, "run").succeeds().err())
                .contains("warning: there are 2 pictures to train on, so a batch has 2, not 4");
        assertThat(Trainer.specOf(folder.resolve("run")).training().batch()).isEqualTo(2);
        assertThat(train(three, "run", "--resume").succeeds().out()).contains("nothing was left to train");
        var two = Cli.pictures(folder.resolve("two"), 2);
        train(two, "none").failsWith("must hold at least 3 pictures (2 to train on and 1 to hold out), got 2");
        assertThat(Files.exists(folder.resolve("none"))).isFalse();
    }

    @Test
    void whatIsSkippedOnceIsSkippedForTheRun() throws IOException {
        var pictures = Cli.pictures(folder.resolve("pictures"), 20);
        Files.writeString(pictures.resolve("disc/broken.png"), "no picture");
        train(pictures, "run").failsWith("broken.png: must be PNG", "--skip-bad leaves such out");
        train(pictures, "run", "--skip-bad").succeeds();
        assertThat(Trainer.specOf(folder.resolve("run")).data().badImages()).isEqualTo(DataSpec.BadImages.SKIP);
        var gone = train(pictures, "run", "--resume", "--steps", 14).succeeds();
        assertThat(gone.out()).contains("trained tiny");
        assertThat(gone.err()).contains("1 file left out: 1 unreadable");
    }
}
