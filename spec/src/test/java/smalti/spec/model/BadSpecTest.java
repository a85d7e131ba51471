package smalti.spec.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import smalti.spec.SpecException;
import smalti.spec.file.RecordTree;

/**
 * Every component of every record that a spec may hold has a value of the wrong type and, where not all of a type will
 * do, one out of range; each is refused by its key, alone.
 */
class BadSpecTest {
    /** Where a sample has such a record; the path is as errors have it, empty for the spec itself. */
    private record Place(ModelSpec spec, String path) {
        String key(String component) {
            return path.isEmpty() ? component : path + "." + component;
        }
    }

    /** A value, in JSON, and what is said of it behind the key. */
    record Case(String component, String value, String said) {
        @Override
        public String toString() {
            return component + " = " + value;
        }
    }

    /** All that is in range but of any value: what a type allows is allowed. */
    private static final Set<String> ANY = Set.of("TrainingSpec.seed");

    private static final List<Case> OUT_OF_RANGE = List.of(
            new Case(
                    "ModelSpec.name",
                    "\"My Model\"",
                    "must be lower-case letters, digits, '.', '_' and '-', got \"My Model\""),
            new Case("ImageSpec.height", "7", "must be from 8 to 1024, got 7"),
            new Case("ImageSpec.width", "1028", "must be from 8 to 1024, got 1028"),
            new Case("ImageSpec.channels", "2", "must be 1 (grey) or 3 (RGB), got 2"),
            new Case("TrainingSpec.steps", "0", "must be at least 1, got 0"),
            new Case("TrainingSpec.batch", "1", "must be from 2 to 65536, got 1"),
            new Case("TrainingSpec.batch", "65537", "must be from 2 to 65536, got 65537"),
            new Case("TrainingSpec.clipNorm", "-1", "must be at least 0 (0: no clipping), got -1.0"),
            new Case("TrainingSpec.weightsEma", "1", "must be in [0, 1), got 1.0"),
            new Case("TrainingSpec.weightsEma", "-0.1", "must be in [0, 1), got -0.1"),
            new Case("TrainingSpec.checkpointEvery", "0", "must be at least 1, got 0"),
            new Case("TrainingSpec.logEvery", "0", "must be at least 1, got 0"),
            new Case("DataSpec.heldOut", "0", "must be in (0, 0.5], got 0.0"),
            new Case("DataSpec.heldOut", "0.6", "must be in (0, 0.5], got 0.6"),
            new Case("WarmupCosineSchedule.warmup", "-1", "must be at least 0, got -1"),
            new Case("WarmupCosineSchedule.floor", "1.5", "must be in [0, 1], got 1.5"),
            new Case("WarmupCosineSchedule.floor", "-1", "must be in [0, 1], got -1.0"),
            new Case("Adam.learningRate", "0", "must be in (0, 1], got 0.0"),
            new Case("Adam.learningRate", "1.1", "must be in (0, 1], got 1.1"),
            new Case("Adam.beta1", "1", "must be in [0, 1), got 1.0"),
            new Case("Adam.beta2", "-0.1", "must be in [0, 1), got -0.1"),
            new Case("Adam.epsilon", "0", "must be in (0, 1], got 0.0"),
            new Case("AdamW.learningRate", "-1", "must be in (0, 1], got -1.0"),
            new Case("AdamW.beta1", "-1", "must be in [0, 1), got -1.0"),
            new Case("AdamW.beta2", "1", "must be in [0, 1), got 1.0"),
            new Case("AdamW.epsilon", "2", "must be in (0, 1], got 2.0"),
            new Case("AdamW.weightDecay", "-0.1", "must be in [0, 1], got -0.1"),
            new Case("AdamW.weightDecay", "1.1", "must be in [0, 1], got 1.1"),
            new Case("Sgd.learningRate", "2", "must be in (0, 1], got 2.0"),
            new Case("Sgd.momentum", "1", "must be in [0, 1) (0: plain descent), got 1.0"),
            new Case("RmsProp.learningRate", "0", "must be in (0, 1], got 0.0"),
            new Case("RmsProp.decay", "1", "must be in [0, 1), got 1.0"),
            new Case("RmsProp.epsilon", "-1e-8", "must be in (0, 1], got -1.0E-8"),
            new Case("VqvaeFamily.hidden", "3", "must be even and from 2 to 8192, got 3"),
            new Case("VqvaeFamily.hidden", "8194", "must be even and from 2 to 8192, got 8194"),
            new Case("VqvaeFamily.residualBlocks", "-1", "must be from 0 to 64, got -1"),
            new Case("VqvaeFamily.residualBlocks", "65", "must be from 0 to 64, got 65"),
            new Case("VqvaeFamily.residualHidden", "0", "must be from 1 to 8192, got 0"),
            new Case("VqvaeFamily.residualHidden", "8193", "must be from 1 to 8192, got 8193"),
            new Case("VqvaeFamily.downsamplings", "0", "must be from 1 to 6, got 0"),
            new Case("VqvaeFamily.downsamplings", "7", "must be from 1 to 6, got 7"),
            new Case("VqvaeFamily.commitment", "-0.25", "must be at least 0, got -0.25"),
            new Case("EmaQuantizer.codes", "1", "must be from 2 to 1048576, got 1"),
            new Case("EmaQuantizer.codeDim", "0", "must be from 1 to 4096, got 0"),
            new Case("EmaQuantizer.decay", "1", "must be in (0, 1), got 1.0"),
            new Case("EmaQuantizer.epsilon", "0", "must be in (0, 1], got 0.0"),
            new Case("EmaQuantizer.restartAfter", "-1", "must be at least 0 (0: never), got -1"),
            new Case("LossQuantizer.codes", "1048577", "must be from 2 to 1048576, got 1048577"),
            new Case("LossQuantizer.codeDim", "4097", "must be from 1 to 4096, got 4097"),
            new Case("LossQuantizer.weight", "0", "must be above 0 and at most 1000, got 0.0"),
            new Case("LossQuantizer.weight", "1001", "must be above 0 and at most 1000, got 1001.0"),
            new Case("LossQuantizer.restartAfter", "-2", "must be at least 0 (0: never), got -2"),
            new Case("DcganFamily.noise", "0", "must be from 1 to 65536, got 0"),
            new Case("DcganFamily.noise", "65537", "must be from 1 to 65536, got 65537"),
            new Case("DcganFamily.generatorChannels", "0", "must be from 1 to 4096, got 0"),
            new Case("DcganFamily.generatorChannels", "4097", "must be from 1 to 4096, got 4097"),
            new Case("DcganFamily.discriminatorChannels", "-1", "must be from 1 to 4096, got -1"),
            new Case("DcganFamily.batchNormMomentum", "1", "must be in [0, 1), got 1.0"),
            new Case(
                    "DcganFamily.penalties",
                    "[{\"kind\": \"noise\"}, {\"kind\": \"noise\"}]",
                    "must be of different kinds, got 2 entries of 1; add their weights"),
            new Case("NoisePenalty.weight", "0", "must be above 0 and at most 1e9, got 0.0"),
            new Case("NoisePenalty.weight", "2e9", "must be above 0 and at most 1e9, got 2.0E9"),
            new Case("NoisePenalty.deviation", "0", "must be in (0, 1], got 0.0"),
            new Case("NoisePenalty.deviation", "1.5", "must be in (0, 1], got 1.5"),
            new Case("VaeFamily.latentDim", "0", "must be from 1 to 65536, got 0"),
            new Case("VaeFamily.latentDim", "65537", "must be from 1 to 65536, got 65537"),
            new Case("MlpNetwork.hidden", "[]", "must have from 1 to 16 entries, got 0"),
            new Case("MlpNetwork.hidden", "[8, 0]", "must be from 1 to 65536 each, got [8, 0]"),
            new Case(
                    "MlpNetwork.hidden",
                    "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]",
                    "must have from 1 to 16 entries, got 17"),
            new Case("ConvolutionalNetwork.channels", "[]", "must have from 1 to 9 entries, got 0"),
            new Case("ConvolutionalNetwork.channels", "[8, 4097]", "must be from 1 to 4096 each, got [8, 4097]"),
            new Case("ConvolutionalNetwork.dense", "0", "must be from 1 to 65536, got 0"),
            new Case("GaussianLikelihood.deviation", "0", "must be from 0.001 to 10, got 0.0"),
            new Case("GaussianLikelihood.deviation", "11", "must be from 0.001 to 10, got 11.0"),
            new Case("Kl.weight", "-1", "must be from 0 to 1000, got -1.0"),
            new Case("Kl.warmupSteps", "-1", "must be at least 0 (0: none), got -1"),
            new Case("Kl.freeBits", "-0.5", "must be from 0 to 100 nats (0: none), got -0.5"),
            new Case("Kl.freeBits", "101", "must be from 0 to 100 nats (0: none), got 101.0"));

    private static final Map<Class<?>, Place> PLACES = places();

    private static Map<Class<?>, Place> places() {
        var places = new LinkedHashMap<Class<?>, Place>();
        var samples = new ArrayList<>(
                List.of(Samples.VQVAE_EMA, Samples.VQVAE_LOSS, Samples.DCGAN, Samples.VAE, Samples.VAE_MLP));
        samples.addAll(Samples.LOSSES);
        samples.forEach(sample -> find(sample, sample, "", places));
        return places;
    }

    private static void find(ModelSpec spec, @Nullable Object part, String path, Map<Class<?>, Place> places) {
        if (part instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                find(spec, list.get(i), path + "[" + i + "]", places);
            }
        } else if (part instanceof Record) {
            var place = new Place(spec, path);
            places.putIfAbsent(part.getClass(), place);
            for (var component : part.getClass().getRecordComponents()) {
                find(spec, value(part, component), place.key(component.getName()), places);
            }
        }
    }

    private static @Nullable Object value(Object part, RecordComponent component) {
        try {
            return component.getAccessor().invoke(part);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Of every component, by its type alone. */
    static Stream<Case> ofWrongTypes() {
        return PLACES.keySet().stream()
                .flatMap(type ->
                        Arrays.stream(type.getRecordComponents()).flatMap(component -> ofWrongType(type, component)));
    }

    private static Stream<Case> ofWrongType(Class<?> type, RecordComponent component) {
        var raw = component.getType();
        var name = type.getSimpleName() + "." + component.getName();
        Map<String, String> said;
        if (raw == int.class || raw == long.class) {
            said = Map.of(
                    "\"ten\"", "must be a whole number, got \"ten\"",
                    "1.5", "must be a whole number, got 1.5",
                    "true", "must be a whole number, got true",
                    "100000000000000000000", "must be a whole number of fewer digits, got 100000000000000000000",
                    "[1]", "must be a whole number, got [1]");
        } else if (raw == double.class) {
            said = Map.of(
                    "\"0.5\"", "must be a number, got \"0.5\"",
                    "{}", "must be a number, got {}",
                    "1e400", "must be a finite number, got \"Infinity\"");
        } else if (raw == boolean.class) {
            said = Map.of("1", "must be true or false, got 1", "\"yes\"", "must be true or false, got \"yes\"");
        } else if (raw == String.class) {
            said = Map.of("7", "must be text, got 7");
        } else if (raw == List.class) {
            said = Map.of("7", "must be a list, got 7", "{}", "must be a list, got {}");
        } else if (raw.isEnum()) {
            said = Map.of("\"x\"", "must be one of ", "\"SILU\"", "must be one of ");
        } else if (raw.isInterface()) {
            said = Map.of("\"x\"", "must be a mapping of keys, got \"x\"", "[]", "must be a mapping of keys, got []");
        } else {
            said = Map.of("\"x\"", "must be a mapping of keys, got \"x\"");
        }
        return said.entrySet().stream().map(entry -> new Case(name, entry.getKey(), entry.getValue()));
    }

    static List<Case> outOfRange() {
        return OUT_OF_RANGE;
    }

    @ParameterizedTest
    @MethodSource({"ofWrongTypes", "outOfRange"})
    void aBadValueIsRefusedByItsKeyAlone(Case bad) {
        var dot = bad.component().indexOf('.');
        var type = PLACES.keySet().stream()
                .filter(known -> known.getSimpleName().equals(bad.component().substring(0, dot)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no record is called so: " + bad));
        var place = Objects.requireNonNull(PLACES.get(type));
        var component = bad.component().substring(dot + 1);
        var tree = RecordTree.tree(place.spec()).<ObjectNode>deepCopy();
        at(tree, place.path()).set(component, json(bad.value()));
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems())
                                .singleElement()
                                .asString()
                                .startsWith("model.yaml: " + place.key(component) + " " + bad.said()));
    }

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private static ObjectNode at(ObjectNode tree, String path) {
        var pointer = path.replace("[", ".").replace("]", "").replace('.', '/');
        return (ObjectNode) tree.at(pointer.isEmpty() ? "" : "/" + pointer);
    }

    @Test
    void everyComponentOfEveryRecordHasItsCase() {
        for (var kind : new SmaltiKinds().kinds()) {
            assertThat(PLACES).as("a sample with kind %s", kind.name()).containsKey(kind.type());
        }
        var ranged = new LinkedHashSet<String>();
        PLACES.keySet()
                .forEach(type -> Arrays.stream(type.getRecordComponents())
                        .filter(component -> Set.of(int.class, long.class, double.class, String.class, List.class)
                                .contains(component.getType()))
                        .forEach(component -> ranged.add(type.getSimpleName() + "." + component.getName())));
        ranged.removeAll(ANY);
        assertThat(OUT_OF_RANGE.stream().map(Case::component).distinct()).containsExactlyInAnyOrderElementsOf(ranged);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void anUnknownKindListsTheKnownOnes(String path, Class<?> of) {
        for (var wrong : List.of("\"x\"", "null", "7")) {
            var tree = RecordTree.tree(sampleWith(path)).<ObjectNode>deepCopy();
            at(tree, path).set("kind", json(wrong));
            assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                    .isInstanceOf(SpecException.class)
                    .hasMessage("model.yaml: " + path + ".kind must be one of "
                            + String.join(", ", Kinds.of(of).keySet()) + ", got " + wrong);
        }
    }

    static Stream<Arguments> kinds() {
        return PLACES.entrySet().stream()
                .flatMap(place -> Arrays.stream(place.getKey().getRecordComponents())
                        .filter(component -> component.getType().isInterface() && component.getType() != List.class)
                        .map(component ->
                                Arguments.of(place.getValue().key(component.getName()), component.getType())));
    }

    private static ModelSpec sampleWith(String path) {
        return PLACES.values().stream()
                .map(Place::spec)
                .filter(spec ->
                        RecordTree.tree(spec).at("/" + path.replace('.', '/')).isObject())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aKeyOfAnotherKindIsNamedAsSuch() {
        var tree = RecordTree.tree(Samples.VAE).<ObjectNode>deepCopy();
        at(tree, "model").putObject("quantizer").put("kind", "ema");
        at(tree, "model.network").putArray("hidden").add(400);
        at(tree, "model.likelihood").put("binarize", true);
        at(tree, "training.optimizer").put("momentum", 0.5);
        at(tree, "training.schedule").put("nonsense", 1);
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("""
                        model.yaml: model.quantizer is not a known key; known here: conditional, kl, latentDim, likelihood, network; it is a key of kind vqvae
                        model.yaml: model.network.hidden is not a known key; known here: activation, channels, dense; it is a key of kind mlp
                        model.yaml: model.likelihood.binarize is not a known key; known here: deviation, learned; it is a key of kind bernoulli
                        model.yaml: training.optimizer.momentum is not a known key; known here: beta1, beta2, epsilon, learningRate, weightDecay; it is a key of kind sgd
                        model.yaml: training.schedule.nonsense is not a known key; known here: floor, warmup""");
    }

    @Test
    void entriesOfAListAreCheckedOneByOne() {
        var tree = RecordTree.tree(Samples.VAE_MLP).<ObjectNode>deepCopy();
        ((ArrayNode) tree.at("/model/network/hidden"))
                .removeAll()
                .add(1.5)
                .addNull()
                .add("x")
                .add(4)
                .add(1L << 40);
        at(tree, "model").put("latentDim", 0);
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("""
                        model.yaml: model.network.hidden[0] must be a whole number, got 1.5
                        model.yaml: model.network.hidden[1] must be a whole number, got null
                        model.yaml: model.network.hidden[2] must be a whole number, got "x"
                        model.yaml: model.network.hidden[4] must be a whole number of fewer digits, got 1099511627776
                        model.yaml: model.latentDim must be from 1 to 65536, got 0""");
    }

    /** Whole numbers of any length, and what is nested at any depth: a word about the text, and no error of ours. */
    @Test
    void whatNoParserWillReadIsRefusedWithItsLine() {
        for (var text :
                List.of("{\"name\": " + "9".repeat(100_000) + "}", "[".repeat(100_000), "{\"a\": 1, \"a\": 2}", "")) {
            assertThatThrownBy(() -> RecordTree.parse(text, ModelSpec.class, "spec.json"))
                    .isInstanceOf(SpecException.class)
                    .hasMessageStartingWith("spec.json: must be ")
                    .satisfies(e -> assertThat(String.valueOf(e.getMessage())).hasSizeLessThan(200));
        }
    }

    @Test
    void aBrokenPartHidesNoRuleOfTheOthers() {
        var tree = RecordTree.tree(Samples.VQVAE_EMA).<ObjectNode>deepCopy();
        tree.put("name", "No Name");
        at(tree, "model").put("downsamplings", "two");
        at(tree, "training").put("weightsEma", 0.5);
        at(tree, "image").put("height", 30);
        assertThatThrownBy(() -> RecordTree.bind(tree, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("""
                        model.yaml: model.downsamplings must be a whole number, got "two"
                        model.yaml: name must be lower-case letters, digits, '.', '_' and '-', got "No Name\"""");
        JsonNode without = tree.deepCopy();
        ((ObjectNode) without).remove("name");
        at((ObjectNode) without, "model").put("downsamplings", 2);
        assertThatThrownBy(() -> RecordTree.bind(without, ModelSpec.class, "model.yaml"))
                .isInstanceOf(SpecException.class)
                .hasMessage("""
                        model.yaml: name is missing
                        model.yaml: image.height must be a multiple of 4 (2^model.downsamplings), got 30
                        model.yaml: training.weightsEma must be 0 for a vqvae, whose codebook belongs to its last weights, got 0.5""");
    }
}
