package smalti.exporter.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import smalti.exporter.ExportOptions;
import smalti.exporter.OnnxChecker;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.file.RecordTree;

/** Run folders of format 1 that the trainer wrote, a VQ-VAE's and a conditional DCGAN's: they export for ever. */
final class TrainedRunsTest {
    private static final Path RUNS = Path.of("src/test/resources/runs/format-1");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"codec, 17", "generator, 17", "codec, 13", "generator, 21"})
    void aTrainedRunExportsAndEveryGraphPassesTheOnnxChecker(String run, int opset) throws IOException {
        var bundle = folder.resolve(run + ".smalti");
        BundleExporter.export(
                RUNS.resolve(run), bundle, ExportOptions.defaults().withOpset(opset));
        var manifest = RecordTree.read(bundle.resolve(BundleManifest.FILE), BundleManifest.class);
        assertThat(manifest.graphs()).hasSize(run.equals("codec") ? 6 : 2);
        for (var graph : manifest.graphs().values()) {
            OnnxChecker.check(bundle.resolve(graph.file()));
        }
    }
}
