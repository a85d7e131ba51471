package smalti.exporter.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.ExportOptions;
import smalti.exporter.bundle.BundleExporter;
import smalti.exporter.bundle.TinyRuns;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Role;
import smalti.spec.file.RecordTree;

/** The proof sees when a file holds another model's graph. */
final class SwappedGraphsTest {
    @TempDir
    private Path folder;

    @Test
    void anotherGenerator() throws Exception {
        for (int seed = 1; seed <= 2; seed++) {
            TinyRuns.generator(folder.resolve("run" + seed), seed);
            BundleExporter.export(
                    folder.resolve("run" + seed), folder.resolve("bundle" + seed), ExportOptions.defaults());
        }
        swap("generator.onnx");
        swap("generator-float.onnx");
        var manifest = manifest();
        var source = Objects.requireNonNull(sources(manifest).get(Role.GENERATOR));
        var failure = catchThrowableOfType(
                ProofException.class,
                () -> GeneratorProver.prove(manifest.pixels(), 6, 3, source, folder.resolve("bundle1"), 1, line -> {}));
        assertThat(failure.problems())
                .hasSize(2)
                .anyMatch(line ->
                        line.matches("generator-float.onnx: image of seeded noise \\d+ differs from SameDiff by .*"))
                .anyMatch(line -> line.matches(
                        "generator.onnx: pixels of seeded noise \\d+ differs from SameDiff by \\d+ levels.*"));
    }

    private void swap(String file) throws Exception {
        Files.copy(
                folder.resolve("bundle2").resolve(file),
                folder.resolve("bundle1").resolve(file),
                StandardCopyOption.REPLACE_EXISTING);
    }

    private ExportManifest manifest() {
        return RecordTree.read(folder.resolve("run1").resolve(ExportManifest.FILE), ExportManifest.class);
    }

    private Map<Role, SameDiffRunner> sources(ExportManifest manifest) {
        var sources = new EnumMap<Role, SameDiffRunner>(Role.class);
        manifest.graphs()
                .forEach((name, graph) -> sources.put(
                        Role.valueOf(name.toUpperCase(java.util.Locale.ROOT)),
                        SameDiffRunner.open(folder.resolve("run1").resolve(graph.file()), name, graph.signature())));
        return sources;
    }
}
