package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.file.NpyArray;
import smalti.spec.file.RecordTree;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.VqvaeFamily;
import smalti.trainer.data.Dataset;
import smalti.trainer.family.FamilyGraphs;
import smalti.trainer.run.Checkpoint;
import smalti.trainer.run.MetricsLog;
import smalti.trainer.run.TrainingListener;

class TrainerTest {
    @TempDir
    Path folder;

    static Stream<ModelSpec> specs() {
        return FamilyGraphs.specs().values().stream();
    }

    private static Dataset data() {
        return Dataset.split(FamilyGraphs.pictures(), 0.2, 1);
    }

    /** A listener that stops the training as a crash would, after a number of steps. */
    private static TrainingListener crashAfter(int steps) {
        return new TrainingListener() {
            @Override
            public void step(int done, int of, Map<String, Double> figures) {
                if (done == steps) {
                    throw new IllegalStateException("crash");
                }
            }
        };
    }

    @ParameterizedTest
    @MethodSource("specs")
    void aBrokenTrainingResumesToTheBit(ModelSpec spec) throws IOException {
        var unbroken = folder.resolve("unbroken");
        Trainer.train(spec, data(), unbroken, TrainingListener.none());
        var broken = folder.resolve("broken");
        assertThatThrownBy(() -> Trainer.train(spec, data(), broken, crashAfter(5)))
                .hasMessage("crash");
        Trainer.resume(broken, data(), null, TrainingListener.none());

        assertThat(figures(broken)).isEqualTo(figures(unbroken)).hasSize(5);
        var files = List.of("export.json", "held-out.npy", "calibration.npy", "spec.json", "data.sha256");
        for (var file : files) {
            assertThat(broken.resolve(file)).hasSameBinaryContentAs(unbroken.resolve(file));
        }
        var expected = Checkpoint.read(unbroken).arrays();
        assertThat(Checkpoint.read(broken).arrays())
                .hasSameSizeAs(expected)
                .allSatisfy((name, values) -> assertThat(values).isEqualTo(expected.get(name)));
        try (var left = Files.list(broken)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .noneMatch(name -> name.startsWith(".unfinished"));
        }
    }

    /** Every line's figures but those of time. */
    private static List<Map<String, Double>> figures(Path run) throws IOException {
        return MetricsLog.lines(run).stream()
                .map(MetricsLog.Line::figures)
                .peek(figures -> figures.keySet().removeAll(List.of("seconds", "imagesPerSecond")))
                .toList();
    }

    @Test
    void aRunFolderHoldsWhatTheExporterNeeds() throws IOException {
        var spec = FamilyGraphs.spec("vqvae-ema");
        Trainer.train(spec, data(), folder.resolve("run"), TrainingListener.none());
        var manifest = RecordTree.read(folder.resolve("run/export.json"), ExportManifest.class);
        assertThat(manifest.graphs()).containsOnlyKeys("encoder", "codebook", "lookup", "decoder");
        assertThat(manifest.graphs().values())
                .allSatisfy(graph ->
                        assertThat(folder.resolve("run").resolve(graph.file())).isNotEmptyFile());
        assertThat(manifest.contracts().all())
                .containsExactlyInAnyOrder(
                        new Contract.Pixels(16, 16, 3, -0.5, 0.5), Contract.Codebook.ofTable(16, 4, 4));
        assertThat(Objects.requireNonNull(manifest.graphs().get("decoder")).signature())
                .hasToString("quantized [N,4,h,w] float32 → image [N,3,4*h,4*w] float32");
        var line = MetricsLog.lines(folder.resolve("run")).get(0).figures();
        assertThat(line)
                .containsKeys(
                        "step", "seconds", "imagesPerSecond", "loss", "nmse", "perplexity", "usage", "commitment");
        assertThat(folder.resolve("run/report.html")).isNotEmptyFile();
    }

    private static NpyArray array(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return NpyArray.read(in, file.toString(), Integer.MAX_VALUE);
        }
    }

    /** Of the pictures that are kept: all sixteen of the training, and the four that are held out. */
    @Test
    void aConditionalRunHoldsTheClassesOfItsPictures() throws IOException {
        var run = folder.resolve("run");
        var data = data();
        Trainer.train(FamilyGraphs.spec("vae-conditional"), data, run, TrainingListener.none());
        for (var part :
                Map.of("calibration", data.train(), "held-out", data.heldOut()).entrySet()) {
            var pictures = array(run.resolve(part.getKey() + ".npy"));
            var classes = array(run.resolve(part.getKey() + "-classes.npy"));
            assertThat(pictures.bytes()).isEqualTo(part.getValue().pixels());
            var labels = IntStream.range(0, part.getValue().count())
                    .mapToLong(part.getValue()::label)
                    .toArray();
            assertThat(classes.longs()).isEqualTo(labels);
        }
        Trainer.train(FamilyGraphs.spec("vae-mlp"), data, folder.resolve("other"), TrainingListener.none());
        assertThat(folder.resolve("other/held-out-classes.npy")).doesNotExist();
    }

    @Test
    void aRunIsNotOverwrittenNorResumedWithOtherPictures() throws IOException {
        var spec = FamilyGraphs.spec("vqvae-ema");
        var run = folder.resolve("run");
        Trainer.train(spec, data(), run, TrainingListener.none());
        assertThatThrownBy(() -> Trainer.train(spec, data(), run, TrainingListener.none()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("holds a run already");
        var other = Dataset.split(FamilyGraphs.pictures(), 0.3, 1);
        assertThatThrownBy(() -> Trainer.resume(run, other, null, TrainingListener.none()))
                .isInstanceOf(SpecException.class)
                .hasMessage(run + ": --data must be the pictures and classes that the run began with, and they differ");
        assertThatThrownBy(() -> Trainer.resume(run, data(), 4, TrainingListener.none()))
                .hasMessage(run + ": the run is at step 8 of 4 already; ask for at least as many steps");
        assertThat(Trainer.specOf(run)).isEqualTo(spec);
        assertThatThrownBy(() -> Trainer.resume(folder.resolve("nothing"), data(), null, TrainingListener.none()))
                .hasMessageContaining("must be a run folder");
    }

    @Test
    void aDivergedTrainingSaysSo() {
        var spec = FamilyGraphs.spec("vqvae-loss");
        // a commitment beyond float32's range makes the very first loss infinite
        var family = (VqvaeFamily) spec.model();
        var endless = new VqvaeFamily(8, 1, 4, family.downsamplings(), 1e39, family.quantizer());
        var diverging = new ModelSpec(spec.name(), spec.image(), endless, spec.training(), spec.data());
        assertThatThrownBy(() -> Trainer.train(diverging, data(), folder.resolve("run"), TrainingListener.none()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("training has diverged at step")
                .hasMessageContaining("lower training.optimizer.learningRate");
    }

    @Test
    void aRefusedResumeLeavesTheRunAsItWas() throws IOException {
        var spec = FamilyGraphs.spec("vqvae-ema");
        var run = folder.resolve("run");
        Trainer.train(spec, data(), run, TrainingListener.none());
        var before = Files.readString(run.resolve("spec.json"));
        try (var channel = FileChannel.open(run.resolve(".lock"), StandardOpenOption.WRITE);
                var lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThatThrownBy(() -> Trainer.resume(run, data(), 20, TrainingListener.none()))
                    .isInstanceOf(SpecException.class)
                    .hasMessage(run + ": must be trained by one process at a time, and another is at it");
        }
        assertThat(run.resolve("spec.json")).hasContent(before);

        var other = folder.resolve("other");
        Trainer.train(FamilyGraphs.spec("vqvae-loss"), data(), other, TrainingListener.none());
        Files.copy(other.resolve(Checkpoint.FILE), run.resolve(Checkpoint.FILE), StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> Trainer.resume(run, data(), 20, TrainingListener.none()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("checkpoint.npz: must hold ");
        assertThat(run.resolve("spec.json")).hasContent(before);
        assertThat(run.resolve("export.json")).exists();
    }

    @Test
    void aRefusedBeginningWritesNoSpec() throws IOException {
        var run = Files.createDirectories(folder.resolve("run"));
        try (var channel = FileChannel.open(run.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThatThrownBy(() -> Trainer.train(FamilyGraphs.spec("dcgan"), data(), run, TrainingListener.none()))
                    .hasMessageContaining("another is at it");
        }
        assertThat(run.resolve("spec.json")).doesNotExist();
        assertThat(run.resolve("data.sha256")).doesNotExist();
    }

    @Test
    void aFinishedRunIsNotTrainedAgainButMissingGraphsAreWritten() throws IOException {
        var spec = FamilyGraphs.spec("vqvae-ema");
        var run = folder.resolve("run");
        Trainer.train(spec, data(), run, TrainingListener.none());
        var untouched = new TrainingListener() {
            @Override
            public void phase(String what) {
                throw new IllegalStateException(what);
            }
        };
        assertThat(Trainer.resume(run, data(), null, untouched)).isZero();
        var export = Files.readAllBytes(run.resolve("export.json"));
        Files.delete(run.resolve("export.json"));
        assertThat(Trainer.resume(run, data(), null, crashAfter(1))).isZero();
        assertThat(run.resolve("export.json")).hasBinaryContent(export);
        assertThat(Trainer.resume(run, data(), 10, TrainingListener.none())).isEqualTo(2);
        // a crash between the last checkpoint and the graphs leaves those of fewer steps
        Files.write(run.resolve("export.json"), export);
        assertThat(Trainer.resume(run, data(), null, crashAfter(1))).isZero();
        assertThat(RecordTree.read(run.resolve("export.json"), ExportManifest.class)
                        .provenance()
                        .steps())
                .isEqualTo(10);
    }
}
