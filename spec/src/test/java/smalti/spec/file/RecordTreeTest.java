package smalti.spec.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Provenance;
import smalti.spec.model.ConstantSchedule;
import smalti.spec.model.ImageSpec;
import smalti.spec.model.ModelSpec;
import smalti.spec.model.Samples;
import smalti.spec.model.Schedule;
import smalti.spec.model.SpecKinds;
import smalti.spec.model.WarmupCosineSchedule;

class RecordTreeTest {
    private static List<Record> samples() {
        var samples = new ArrayList<Record>(List.of(
                Samples.VQVAE_EMA,
                Samples.VQVAE_LOSS,
                Samples.DCGAN,
                Samples.VAE,
                Samples.VAE_MLP,
                Samples.EXPORT,
                Samples.BUNDLE));
        samples.addAll(Samples.LOSSES);
        return samples;
    }

    @ParameterizedTest
    @MethodSource("samples")
    void everyRecordComesBackFromItsJson(Record written) {
        var json = RecordTree.json(written);
        var back = RecordTree.parse(json, written.getClass(), "test");
        assertThat(back).isEqualTo(written);
        assertThat(RecordTree.json(back)).isEqualTo(json).endsWith("}\n").doesNotContain("\r");
        assertThat(RecordTree.parse(RecordTree.line(written), written.getClass(), "test"))
                .isEqualTo(written);
        assertThat(RecordTree.line(written)).doesNotContain("\n");
    }

    @Test
    void whatABundleMayLackIsWhatIsMarkedSo() {
        assertThat(RecordTree.OPTIONAL.keySet())
                .contains(BundleManifest.class)
                .allSatisfy(type -> assertThat(Arrays.stream(type.getRecordComponents())
                                .filter(component ->
                                        component.getAnnotatedType().isAnnotationPresent(Nullable.class))
                                .map(RecordComponent::getName))
                        .containsExactlyInAnyOrderElementsOf(RecordTree.OPTIONAL.get(type)));
    }

    @Test
    void differencesNameEachKeyAndBothValues() {
        var one = new Provenance(
                "vqvae", "a", 1, 2, 3, 0.5, Samples.EXPORT.provenance().data(), Map.of("x", "1"), null);
        var other = new Provenance(
                "vqvae", "a", 1, 9, 3, 0.5, Samples.EXPORT.provenance().data(), Map.of("y", "2"), null);
        assertThat(RecordTree.differences(one, one)).isEmpty();
        assertThat(RecordTree.differences(one, other))
                .containsExactly(
                        "steps must be 9, got 2",
                        "versions.x must be nothing, got \"1\"",
                        "versions.y must be \"2\", got nothing");
    }

    @Test
    void everyKindOfSmaltiIsAmongTheSamples() {
        var written = samples().stream().map(RecordTree::json).toList().toString();
        for (var kind : Samples.smaltisKinds()) {
            assertThat(written).contains("\"kind\" : \"" + kind.name() + "\"");
        }
        for (var kind : SpecKinds.known(Contract.class).keySet()) {
            assertThat(written).contains("\"" + kind + "\" : {");
        }
    }

    @Test
    void absentNullableComponentsAreLeftOut() {
        assertThat(RecordTree.json(Samples.EXPORT))
                .doesNotContain("noise")
                .doesNotContain("fingerprint")
                .contains("\"codes\" : 512");
        assertThat(RecordTree.json(Samples.BUNDLE)).contains("\"4*h\"");
    }

    @Test
    void allProblemsAreReportedAtOnceWithTheirPlaces() {
        var tree = changed(model -> {
            model.put("colour", 1);
            at(model, "/image").put("height", 32.5).remove("width");
            at(model, "/model/quantizer").put("codes", "many").put("start", "warm");
            at(model, "/training")
                    .put("batch", 3_000_000_000L)
                    .put("clipNorm", true)
                    .put("seed", 1e30);
            at(model, "/training/schedule").put("kind", "linear");
            at(model, "/data").put("flip", "yes").put("fit", "squeeze");
        });
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactlyInAnyOrder(
                                        "model.yaml: colour is not a known key; known here: data, image, model, name,"
                                                + " training",
                                        "model.yaml: image.height must be a whole number, got 32.5",
                                        "model.yaml: image.width is missing",
                                        "model.yaml: model.quantizer.codes must be a whole number, got \"many\"",
                                        "model.yaml: model.quantizer.start must be one of uniform, kmeans, got"
                                                + " \"warm\"",
                                        "model.yaml: training.batch must be a whole number of fewer digits, got"
                                                + " 3000000000",
                                        "model.yaml: training.clipNorm must be a number, got true",
                                        "model.yaml: training.seed must be a whole number of fewer digits, got"
                                                + " 1.0E30",
                                        "model.yaml: training.schedule.kind must be one of constant, warmup-cosine,"
                                                + " halving, got \"linear\"",
                                        "model.yaml: data.flip must be true or false, got \"yes\"",
                                        "model.yaml: data.fit must be one of crop, stretch, got \"squeeze\""));
    }

    @Test
    void brokenRulesOfARecordCarryItsPlace() {
        var tree =
                changed(model -> at(model, "/model/quantizer").put("codes", 1).put("decay", 1));
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("model.yaml: model.quantizer.decay must be in (0, 1), got 1.0\n"
                        + "model.yaml: model.quantizer.codes must be from 2 to 1048576, got 1");
    }

    @Test
    void aBrokenPartHidesNoOtherRule() {
        var tree = changed(model -> {
            at(model, "/model").put("hidden", -1).put("residualBlocks", "two");
            at(model, "/model/quantizer").put("codes", 1).put("decay", 1.5);
            at(model, "/training").put("steps", 0).put("batch", 1);
            at(model, "/training/optimizer").put("learningRate", -1);
        });
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactlyInAnyOrder(
                                        "model.yaml: model.residualBlocks must be a whole number, got \"two\"",
                                        "model.yaml: model.hidden must be even and from 2 to 8192, got -1",
                                        "model.yaml: model.quantizer.codes must be from 2 to 1048576, got 1",
                                        "model.yaml: model.quantizer.decay must be in (0, 1), got 1.5",
                                        "model.yaml: training.steps must be at least 1, got 0",
                                        "model.yaml: training.batch must be from 2 to 65536, got 1",
                                        "model.yaml: training.optimizer.learningRate must be in (0, 1], got -1.0"));
    }

    @Test
    void aRuleAboutABrokenPartWaitsForIt() {
        assertThatThrownBy(() -> RecordTree.parse(
                        "{\"height\":0,\"width\":1,\"channels\":4,\"lo\":1,\"hi\":\"x\"}",
                        Contract.Pixels.class,
                        "pixels.json"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactlyInAnyOrder(
                                        "pixels.json: hi must be a number, got \"x\"",
                                        "pixels.json: height and width must be at least 1, got 0x1",
                                        "pixels.json: channels must be 1 (grey) or 3 (RGB), got 4"));
    }

    @Test
    void anotherKindIsOneDifference() {
        assertThat(RecordTree.differences(Samples.VQVAE_EMA, Samples.VQVAE_LOSS))
                .contains("model.quantizer.kind must be \"loss\", got \"ema\"")
                .noneMatch(line -> line.startsWith("model.quantizer.d"));
        assertThat(RecordTree.differences(Samples.DCGAN, Samples.VQVAE_EMA))
                .contains("model.kind must be \"vqvae\", got \"dcgan\"")
                .filteredOn(line -> line.startsWith("model"))
                .hasSize(1);
    }

    @Test
    void aPartWithoutAKindIsOfItsDefaultKind() {
        var tree = changed(model -> at(model, "/training/optimizer").remove("kind"));
        assertThat(RecordTree.bind(tree, ModelSpec.class, "model.yaml")).isEqualTo(Samples.VQVAE_EMA);
        var other = changed(model -> at(model, "/training/optimizer").put("kind", "rmsprop"));
        assertThatThrownBy(() -> RecordTree.bind(other, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("""
                        model.yaml: training.optimizer.beta1 is not a known key; known here: decay, epsilon, learningRate; it is a key of kind adam, adamw
                        model.yaml: training.optimizer.beta2 is not a known key; known here: decay, epsilon, learningRate; it is a key of kind adam, adamw""");
        var unknown = changed(model -> at(model, "/training/optimizer").putNull("kind"));
        assertThatThrownBy(() -> RecordTree.bind(unknown, ModelSpec.class, "model.yaml"))
                .hasMessage("model.yaml: training.optimizer.kind must be one of adam, adamw, sgd, rmsprop, got null");
    }

    @Test
    void aListHoldsKindsEachCheckedAtItsPlace() {
        var tree = JsonNodeFactory.instance.objectNode();
        tree.setAll((ObjectNode) RecordTree.tree(Samples.LOSSES.get(0)));
        var penalties = at(tree, "/model").putArray("penalties");
        penalties.addObject().put("kind", "noise").put("deviation", 2);
        penalties.addObject().put("weight", 1);
        penalties.add(7);
        penalties.addNull();
        at(tree, "/model").put("noise", 0);
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("""
                        model.yaml: model.penalties[0].deviation must be in (0, 1], got 2.0
                        model.yaml: model.penalties[1].kind must be one of noise, got nothing
                        model.yaml: model.penalties[2] must be a mapping of keys, got 7
                        model.yaml: model.penalties[3] must be a mapping of keys, got null
                        model.yaml: model.noise must be from 1 to 65536, got 0""");
    }

    @Test
    void kindIsAKeyOfPartsOfSeveralKindsAlone() {
        var tree = changed(model -> at(model, "/image").put("kind", "large"));
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("model.yaml: image.kind is not a known key; known here: channels, height, width");
    }

    @Test
    void aMissingKindListsTheKnownOnes() {
        var tree = changed(model -> at(model, "/model/quantizer").remove("kind"));
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("model.yaml: model.quantizer.kind must be one of ema, loss, got nothing");
    }

    @ParameterizedTest
    @MethodSource("notFinite")
    void numbersAreFinite(double number) {
        var tree = changed(model -> at(model, "/model").put("commitment", number));
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("model.yaml: model.commitment must be a finite number, got ");
        var whole = changed(model -> at(model, "/model").put("hidden", number));
        assertThatThrownBy(() -> RecordTree.bind(whole, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith("model.yaml: model.hidden must be a whole number");
    }

    private static Stream<Double> notFinite() {
        return Stream.of(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);
    }

    @Test
    void wholeNumbersMayBeWrittenWithAPointOrAnExponent() {
        var tree = changed(model -> at(model, "/training").put("steps", 1e3));
        assertThat(RecordTree.bind(tree, ModelSpec.class, "model.yaml")
                        .training()
                        .steps())
                .isEqualTo(1000);
    }

    @Test
    void listsAndMapsNameTheElement() {
        var json = RecordTree.json(Samples.BUNDLE).replace("\"cat\"", "1").replace("\"N\"", "\"N-1\"");
        assertThatThrownBy(() -> RecordTree.parse(json, BundleManifest.class, "bundle.json"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .contains(
                                        "bundle.json: contracts.classes.names[0] must be text, got 1",
                                        "bundle.json: graphs.encoder.signature.inputs[0].shape[0] must be a size, a"
                                                + " name or SIZE*NAME, got \"N-1\""));
    }

    @Test
    void textThatIsNoJsonNamesItsPlaceAndLine() {
        for (var text : List.of("{\n\"name\": }", "{\n\"a\": 1, \"a\": 2}", "{}\n{}", "{\n\"a\": 1")) {
            assertThatThrownBy(() -> RecordTree.parse(text, ModelSpec.class, "spec.json"))
                    .isInstanceOf(SpecException.class)
                    .hasMessageMatching("(?s)spec\\.json: must be JSON at line [12]: .*");
        }
        assertThatThrownBy(() -> RecordTree.parse("", ModelSpec.class, "spec.json"))
                .hasMessage("spec.json: must be a mapping of keys, got nothing");
        assertThatThrownBy(() -> RecordTree.parse("[1]", ModelSpec.class, "spec.json"))
                .hasMessage("spec.json: must be a mapping of keys, got [1]");
    }

    @Test
    void numbersOfEveryLengthAndLiteralsAreRead() {
        assertThatThrownBy(() -> RecordTree.parse(
                        "{\"height\":123456789012345678901,\"width\":3000000000,\"channels\":[1,-2.5e3,true,null,{}]}",
                        ImageSpec.class,
                        "image.json"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .containsExactly(
                                        "image.json: height must be a whole number of fewer digits, got"
                                                + " 123456789012345678901",
                                        "image.json: width must be a whole number of fewer digits, got" + " 3000000000",
                                        "image.json: channels must be a whole number, got"
                                                + " [1,-2500.0,true,null,{}]"));
    }

    @Test
    void duplicateKeysAreRefused() {
        assertThatThrownBy(() -> RecordTree.parse("{\"height\":8,\"height\":9}", ImageSpec.class, "image.json"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("image.json: must be JSON at line 1: the key height is there twice");
    }

    @Test
    void longTextIsShortenedInErrors() {
        assertThatThrownBy(() -> RecordTree.parse("\"" + "x".repeat(500) + "\"", ImageSpec.class, "image.json"))
                .hasMessage("image.json: must be a mapping of keys, got \"" + "x".repeat(76) + "...");
    }

    @Test
    void anUnreadableFileIsNamed(@TempDir Path folder) throws IOException {
        var file = folder.resolve("spec.json");
        assertThatThrownBy(() -> RecordTree.read(file, ModelSpec.class))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith(file + ": must exist, and does not");
        Files.write(file, new byte[] {(byte) 0xFF, (byte) 0xFE});
        assertThatThrownBy(() -> RecordTree.read(file, ModelSpec.class))
                .isInstanceOf(SpecException.class)
                .hasMessageStartingWith(file + ": cannot be read (");
        Files.writeString(file, RecordTree.json(Samples.DCGAN));
        assertThat(RecordTree.read(file, ModelSpec.class)).isEqualTo(Samples.DCGAN);
    }

    /** Every supported component type, in one record. */
    record Everything(
            int whole,
            long big,
            double real,
            boolean flag,
            String text,
            ElementType constant,
            Dimension dimension,
            Schedule schedule,
            List<Schedule> schedules,
            Map<String, Schedule> named,
            List<Integer> numbers,
            Map<String, Double> reals,
            @Nullable Boolean maybe,
            @Nullable Long maybeBig) {}

    @Test
    void everySupportedTypeComesBack() {
        var everything = new Everything(
                -1,
                Long.MIN_VALUE,
                1e-300,
                true,
                "ü\n\"",
                ElementType.UINT8,
                Dimension.parse("4*h"),
                new ConstantSchedule(),
                new ArrayList<>(List.of(new ConstantSchedule(), new WarmupCosineSchedule(3, 0))),
                Map.of("first", new WarmupCosineSchedule(4, 1)),
                List.of(1, 2),
                Map.of("a", 0.5),
                null,
                5L);
        assertThat(RecordTree.parse(RecordTree.json(everything), Everything.class, "test"))
                .isEqualTo(everything);
    }

    private static ObjectNode at(ObjectNode tree, String path) {
        return (ObjectNode) tree.at(path);
    }

    private static ObjectNode changed(Consumer<ObjectNode> change) {
        var tree = JsonNodeFactory.instance.objectNode();
        tree.setAll((ObjectNode) RecordTree.tree(Samples.VQVAE_EMA));
        change.accept(tree);
        return tree;
    }
}
