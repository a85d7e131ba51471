package smalti.spec.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.model.Adam;
import smalti.spec.model.CodebookStart;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.DataSpec;
import smalti.spec.model.DcganFamily;
import smalti.spec.model.Default;
import smalti.spec.model.EmaQuantizer;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.Kl;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.NonSaturatingLoss;
import smalti.spec.model.Samples;
import smalti.spec.model.SpecKind;
import smalti.spec.model.TrainingSpec;
import smalti.spec.model.VqvaeFamily;

/** Files of every format that there was are read; those of later formats are refused. */
class FormatsTest {
    private static final Path FILES = Path.of("src/test/resources/format-1");

    private static String text(String file) throws IOException {
        return java.nio.file.Files.readString(FILES.resolve(file));
    }

    @Test
    void aCodecsManifestsOfFormat1Open() throws IOException {
        var export = RecordTree.read(FILES.resolve("codec.export.json"), ExportManifest.class);
        var codebook = Contract.Codebook.ofTable(8, 3, 4);
        assertThat(export.contracts()).isEqualTo(Contracts.of(new Contract.Pixels(16, 16, 3, -0.5, 0.5), codebook));
        var json = text("codec.bundle.json");
        var bundle = RecordTree.parse(json, BundleManifest.class, BundleManifest.FILE);
        Seal.check(bundle, json);
        assertThat(bundle.format()).isEqualTo(2);
        var exported = bundle.contracts().get(Contract.Codebook.class);
        assertThat(exported).isEqualTo(codebook.withFingerprint(Objects.requireNonNull(exported.fingerprint())));
        assertThat(bundle.contracts().classes()).isEmpty();
    }

    @Test
    void aGeneratorsManifestsOfFormat1Open() throws IOException {
        var export = RecordTree.read(FILES.resolve("generator.export.json"), ExportManifest.class);
        assertThat(export.contracts().get(Contract.Noise.class)).isEqualTo(Contract.Noise.ofLength(4));
        assertThat(export.contracts().classes()).hasSize(10).startsWith("checker", "disc");
        var json = text("generator.bundle.json");
        var bundle = RecordTree.parse(json, BundleManifest.class, BundleManifest.FILE);
        Seal.check(bundle, json);
        assertThat(bundle.contracts()).isEqualTo(export.contracts());
    }

    @ParameterizedTest
    @ValueSource(strings = {"codec", "generator"})
    void aManifestOfFormat1ComesBackFromItsNewForm(String name) throws IOException {
        for (var type : List.of(BundleManifest.class, ExportManifest.class)) {
            var file = name + (type == BundleManifest.class ? ".bundle.json" : ".export.json");
            var old = RecordTree.read(FILES.resolve(file), type);
            var json = RecordTree.json(old);
            assertThat(json).startsWith("{\n  \"format\" : 2,").contains("\"contracts\" : {\n    \"pixels\" : {");
            assertThat(RecordTree.parse(json, type, "again")).isEqualTo(old);
        }
    }

    /** Its record is of another format: nothing but its own text can be held to it. */
    @Test
    void theSealOfAnOldBundleIsHeldToItsText() throws IOException {
        var json = text("codec.bundle.json");
        Seal.check(RecordTree.parse(json, BundleManifest.class, "b"), json.replace("  ", "      "));
        for (var changed : List.of(
                json.replace("\"opset\" : 17", "\"opset\" : 18"),
                json.replace("\"codes\" : 8,", "\"codes\" : 9,"),
                json.replace("\"format\" : 1,", "\"format\" :  1,  "))) {
            assertThat(changed).isNotEqualTo(json);
            var read = RecordTree.parse(changed, BundleManifest.class, "b");
            if (changed.contains("\"format\" :  1")) {
                Seal.check(read, changed); // another layout
            } else {
                assertThatThrownBy(() -> Seal.check(read, changed))
                        .isInstanceOf(SpecException.class)
                        .hasMessage("bundle.json: must have SHA-256 " + read.sha256()
                                + " as it says itself, and was changed");
            }
        }
        assertThat(RecordTree.json(Seal.on(RecordTree.parse(json, BundleManifest.class, "b"))))
                .satisfies(anew -> Seal.check(RecordTree.parse(anew, BundleManifest.class, "b"), anew));
    }

    @ParameterizedTest
    @ValueSource(strings = {"codec", "generator"})
    void aSpecOfFormat1Opens(String name) throws IOException {
        var spec = RecordTree.read(FILES.resolve(name + ".spec.json"), ModelSpec.class);
        assertThat(spec.name()).isEqualTo("format-1-" + name);
        // what came since is added, nothing else changed
        assertThat(RecordTree.json(spec).replaceAll("[ ,]", "").lines())
                .containsSubsequence(
                        text(name + ".spec.json").replaceAll("[ ,]", "").lines().toList());
        assertThat(spec.training().optimizer()).isEqualTo(new Adam(1e-3, 0.9, 0.999, 1e-8));
        if (spec.model() instanceof DcganFamily gan) {
            assertThat(gan.discriminatorOptimizer()).isEqualTo(spec.training().optimizer());
            assertThat(gan.loss()).isEqualTo(new NonSaturatingLoss());
            assertThat(gan.penalties()).isEmpty();
        }
        assertThat(SpecFile.text(spec))
                .isEqualTo(RecordTree.json(spec).replaceFirst("\\{\n", "{\n  \"format\" : 2,\n"));
        assertThat(RecordTree.parse(SpecFile.text(spec), ModelSpec.class, "again"))
                .isEqualTo(spec);
        // a run's provenance names a spec by the hash of what was written
        assertThat(Checksums.sha256(text(name + ".spec.json").getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(RecordTree.read(FILES.resolve(name + ".bundle.json"), BundleManifest.class)
                        .provenance()
                        .specSha256());
    }

    @Test
    void aLaterFormatIsRefusedWithTheRemedyAlone() throws IOException {
        var remedy = "; it was written by a later Smalti: read it with that one, or have this one write it anew";
        assertThatThrownBy(
                        () -> RecordTree.parse("{\"format\": 3, \"anything\": 1}", BundleManifest.class, "bundle.json"))
                .isInstanceOf(SpecException.class)
                .hasMessage("bundle.json: format must be at most 2, got 3" + remedy);
        assertThatThrownBy(() -> RecordTree.parse("{\"format\": 99}", ExportManifest.class, "export.json"))
                .isInstanceOf(SpecException.class)
                .hasMessage("export.json: format must be at most 2, got 99" + remedy);
        var spec = text("codec.spec.json").replaceFirst("\\{", "{\"format\": 3, ");
        assertThatThrownBy(() -> RecordTree.parse(spec, ModelSpec.class, "spec.json"))
                .isInstanceOf(SpecException.class)
                .hasMessage("spec.json: format must be at most 2, got 3" + remedy);
        assertThatThrownBy(() -> RecordTree.parse(spec.replace("3,", "\"x\","), ModelSpec.class, "spec.json"))
                .isInstanceOf(SpecException.class)
                .hasMessage("spec.json: format must be a whole number from 1 to 2, got \"x\"");
    }

    @Test
    void allProblemsOfAnOldManifestAreToldAtOnce() throws IOException {
        var broken = text("codec.export.json")
                .replace("\"codes\" : 8", "\"codes\" : 1")
                .replace("\"height\" : 16", "\"height\" : 0")
                .replace("\"heldOut\" : \"held-out.npy\"", "\"helfOut\" : \"held-out.npy\"");
        assertThatThrownBy(() -> RecordTree.parse(broken, ExportManifest.class, "export.json"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .contains(
                                        "export.json: contracts.codebook.codes must be at least 2, got 1",
                                        "export.json: contracts.pixels.height and width must be at least 1, got 0x16",
                                        "export.json: heldOut is missing")
                                .anyMatch(problem -> problem.startsWith("export.json: helfOut is not a known key")));
    }

    @Test
    void anUnknownContractListsTheKnownOnes() {
        var json = RecordTree.json(Samples.EXPORT).replace("\"posterior\" :", "\"telepathy\" :");
        assertThatThrownBy(() -> RecordTree.parse(json, ExportManifest.class, "export.json"))
                .isInstanceOf(SpecException.class)
                .hasMessage("export.json: contracts.telepathy is not a known kind; known here: pixels, codebook, noise,"
                        + " classes, posterior");
    }

    @Test
    void whatHasADefaultMayBeLeftOut() {
        var spec = RecordTree.parse("""
                {"name": "small", "image": {"height": 32, "width": 32},
                 "model": {"kind": "vqvae", "hidden": 64},
                 "training": {"steps": 10, "batch": 4, "optimizer": {"learningRate": 0.01}}}
                """, ModelSpec.class, "spec.json");
        var quantizer = new EmaQuantizer(512, 64, 0.99, 1e-5, CodebookStart.UNIFORM, 0);
        assertThat(spec)
                .isEqualTo(new ModelSpec(
                        "small",
                        new ImageSpec(32, 32, 3),
                        new VqvaeFamily(64, 2, 32, 2, 0.25, quantizer),
                        new TrainingSpec(
                                10, 4, new Adam(0.01, 0.9, 0.999, 1e-8), new ConstantSchedule(), 0, 0, 100, 10, 0),
                        new DataSpec(DataSpec.Fit.CROP, DataSpec.BadImages.FAIL, 0.1, false)));
    }

    /** What a user must say: all else of a spec has a default, so that a new component makes no run unreadable. */
    @Test
    void everyComponentOfASpecHasADefaultButThese() {
        var kinds = Samples.smaltisKinds().stream().<Class<?>>map(SpecKind::type);
        var parts = List.<Class<?>>of(ModelSpec.class, ImageSpec.class, TrainingSpec.class, DataSpec.class, Kl.class);
        var without = java.util.stream.Stream.concat(parts.stream(), kinds)
                .flatMap(type -> Arrays.stream(type.getRecordComponents())
                        .filter(component -> !hasDefault(component))
                        .map(component -> type.getSimpleName() + "." + component.getName()))
                .toList();
        assertThat(Set.copyOf(without))
                .isEqualTo(Set.of(
                        "ModelSpec.name",
                        "ModelSpec.image",
                        "ModelSpec.model",
                        "ModelSpec.training",
                        "ImageSpec.height",
                        "ImageSpec.width",
                        "TrainingSpec.steps",
                        "TrainingSpec.batch"));
        // and each default is a value of its component
        for (var kind : Samples.smaltisKinds()) {
            RecordTree.parse("{}", kind.type().asSubclass(Record.class), kind.name());
        }
        assertThat(RecordTree.parse("{}", Adam.class, "defaults")).isEqualTo(new Adam(1e-3, 0.9, 0.999, 1e-8));
    }

    private static boolean hasDefault(RecordComponent component) {
        return component.isAnnotationPresent(Default.class)
                || component.getAnnotatedType().isAnnotationPresent(Nullable.class);
    }
}
