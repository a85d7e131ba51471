package smalti.exporter.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.ExportOptions;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.file.Npz;
import smalti.spec.file.RecordTree;

/** A bundle holds any set of services. */
class ServicesTest {
    @TempDir
    Path folder;

    private static ExportManifest manifest(Path run) {
        return RecordTree.read(run.resolve(ExportManifest.FILE), ExportManifest.class);
    }

    /** A codec's run into which the generator of another was put. */
    private Path both() throws IOException {
        var run = folder.resolve("both");
        var other = folder.resolve("other");
        TinyRuns.codec(run, 1);
        TinyRuns.generator(other, 1);
        Files.copy(other.resolve("generator.fb"), run.resolve("generator.fb"));
        var codec = manifest(run);
        var generator = manifest(other);
        var graphs = new LinkedHashMap<>(codec.graphs());
        graphs.putAll(generator.graphs());
        var contracts = codec.contracts()
                .with(generator.contracts().get(Contract.Noise.class))
                .with(generator.contracts().get(Contract.Classes.class));
        var manifest = new ExportManifest(
                codec.format(),
                codec.name(),
                graphs,
                contracts,
                codec.calibration(),
                codec.heldOut(),
                codec.provenance());
        Files.writeString(run.resolve(ExportManifest.FILE), RecordTree.json(manifest));
        return run;
    }

    @Test
    void aBundleOfTwoServicesHoldsTheGraphsSamplesAndCardOfBoth() throws IOException {
        var bundle = folder.resolve("both.smalti");
        var manifest =
                BundleExporter.export(both(), bundle, ExportOptions.defaults().withPrecisions(Set.of(Precision.FP32)));
        assertThat(manifest.graphs())
                .containsOnlyKeys(Arrays.stream(Role.values())
                        .filter(role -> role != Role.POSTERIOR)
                        .map(Role::fileStem)
                        .toList());
        assertThat(manifest.graphs().values())
                .allSatisfy(graph -> assertThat(graph.proof().samples()).isPositive());
        assertThat(manifest.contracts().all())
                .hasSize(4)
                .contains(Contract.Noise.ofLength(6), new Contract.Classes(List.of("red", "green", "blue")));
        assertThat(manifest.files()).containsKeys("samples.png", "samples-2.png");
        var card = Files.readString(bundle.resolve(ModelCard.FILE));
        assertThat(card)
                .contains(
                        "An image codec (tiny): RGB pictures to codes and back. A code is one of 16",
                        "An image generator (tiny): 16x16 RGB pictures out of 6 numbers and a class.",
                        "static BufferedImage reconstruct(",
                        "static List<BufferedImage> generate(",
                        "- Codes belong to this codebook alone",
                        "- It makes pictures like those that it was trained on");
        var samples = Npz.read(bundle.resolve("parity.npz"), 1 << 20);
        assertThat(samples.keySet())
                .containsExactlyInAnyOrder(
                        "tokenize.pixels",
                        "tokenize.codes",
                        "detokenize.codes",
                        "detokenize.pixels",
                        "generator.noise",
                        "generator.class",
                        "generator.pixels");
        assertThat(Service.of(manifest)).hasExactlyElementsOfTypes(CodecService.class, GeneratorService.class);
    }

    @Test
    void everyRoleBelongsToAService() {
        var known = EnumSet.of(Role.GENERATOR_FLOAT); // beside generator
        for (var service : Service.ALL) {
            known.addAll(service.sources());
            known.addAll(service.served());
        }
        assertThat(known).containsExactly(Role.values());
    }
}
