package smalti.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.file.RecordTree;
import smalti.trainer.data.Dataset;
import smalti.trainer.data.ProceduralPictures;
import smalti.trainer.graph.RunGraphs;
import smalti.trainer.run.MetricsLog;
import smalti.trainer.run.TrainingListener;

/** Run folders that our trainer wrote in format 1, after 6 steps: they are read and go on for ever. */
class FormatOneRunsTest {
    private static final Path RUNS = Path.of("src/test/resources/runs/format-1");

    @TempDir
    Path folder;

    private static Dataset data() {
        return Dataset.split(ProceduralPictures.draw(20, 16, 3), 0.25, 1);
    }

    private Path copy(String name) throws IOException {
        var copy = Files.createDirectory(folder.resolve(name));
        try (var files = Files.list(RUNS.resolve(name))) {
            for (var file : (Iterable<Path>) files::iterator) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    private static ExportManifest manifest(Path run) {
        return RecordTree.read(run.resolve(ExportManifest.FILE), ExportManifest.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"codec", "generator"})
    void aRunIsReadAndIsFinished(String name) throws IOException {
        var run = copy(name);
        var spec = Trainer.specOf(run);
        assertThat(spec.name()).isEqualTo("format-1-" + name);
        assertThat(spec.training().steps()).isEqualTo(6);
        assertThat(Trainer.resume(run, data(), null, TrainingListener.none())).isZero();
        assertThat(Trainer.specOf(run)).isEqualTo(spec);
    }

    @ParameterizedTest
    @ValueSource(strings = {"codec", "generator"})
    void aRunGoesOn(String name) throws IOException {
        var run = copy(name);
        assertThat(Trainer.resume(run, data(), 8, TrainingListener.none())).isEqualTo(2);
        assertThat(manifest(run).provenance().steps()).isEqualTo(8);
        var steps = MetricsLog.lines(run).stream()
                .map(line -> Objects.requireNonNull(line.figures().get("step")).intValue());
        assertThat(steps).containsExactly(2, 3, 4, 6, 8);
        assertThat(Trainer.specOf(run).training().steps()).isEqualTo(8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"codec", "generator"})
    void itsGraphsStillRun(String name) {
        var run = RUNS.resolve(name);
        var graphs = RunGraphs.open(run, manifest(run));
        var image = name.equals("codec")
                ? graphs.decode(new long[] {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7}, 1, 4, 4)
                : graphs.generate(new float[] {0.5F, -1, 2, 0}, new int[] {3});
        assertThat(image).hasSize(3 * 16 * 16);
        for (float value : image) {
            assertThat(value).isFinite();
        }
    }
}
