package smalti.spec.file;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Provenance;
import smalti.spec.model.Default;
import smalti.spec.model.DefaultKind;
import smalti.spec.model.SpecKinds;

/**
 * Records as JSON trees and back, strictly: an unknown key, a missing key and a value of the wrong type are problems,
 * and all of them are reported in one {@link SpecException} (a plain mapper stops at the first).
 *
 * <p>Supported components: {@code int}, {@code long}, {@code double}, {@code boolean}, {@code String}, enums (lower
 * case in the file), records, interfaces of records (told apart by the key {@code kind}: of a sealed interface the
 * permitted ones, of an open one those that a {@link SpecKinds} registers), {@code List}, {@code Map<String, …>},
 * {@link Dimension}, {@link Contracts}, and any of the reference types marked {@code @Nullable}. A component with a
 * {@link Default} may be left out, and so may the {@code kind} of an interface with a {@link DefaultKind}.
 */
public final class RecordTree {
    /**
     * Components that are marked {@code @Nullable}, of what a bundle is read by: reading a process's first annotations
     * takes a tenth of the time in which a model opens.
     */
    static final Map<Class<?>, Set<String>> OPTIONAL = Map.of(
            BundleManifest.class, Set.of("sha256"),
            BundleManifest.Graph.class, Set.of("variants"),
            BundleManifest.Variant.class, Set.of("psnr", "agreement", "reconstructionLoss"),
            BundleManifest.Proof.class, Set.of("histogram"),
            Provenance.class, Set.of("picturesSha256"),
            Contract.Pixels.class, Set.of(),
            Contract.Codebook.class, Set.of("dim", "levels", "fingerprint"),
            Contract.Noise.class, Set.of(),
            Contract.Classes.class, Set.of(),
            Contract.Posterior.class, Set.of("deviation", "binarized"));

    private static final String KIND = "kind";

    private RecordTree() {}

    /** Parses a JSON file into a record. */
    public static <T extends Record> T read(Path file, Class<T> type) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw Unreadable.because(file, e);
        }
        return parse(text, type, file.toString());
    }

    /** Parses JSON text into a record; {@code place} names the text in errors. */
    public static <T extends Record> T parse(String json, Class<T> type, String place) {
        return bind(JsonText.tree(json, place), type, place);
    }

    /**
     * Binds a tree to a record. A manifest and a spec may be of any format that there was.
     *
     * @param place stands in front of every problem
     */
    public static <T extends Record> T bind(JsonNode tree, Class<T> type, String place) {
        var problems = new ArrayList<String>();
        var today = Formats.today(tree, type, problems);
        var value = problems.isEmpty() ? record(today, type, null, "", problems) : null;
        if (value == null || !problems.isEmpty()) {
            throw new SpecException(problems).at(place);
        }
        return type.cast(value);
    }

    /** The record as a tree; {@code null} components are left out. */
    public static JsonNode tree(Record value) {
        return object(value, null);
    }

    /** The record as indented JSON with a final newline; the same record gives the same bytes everywhere. */
    public static String json(Record value) {
        return JsonText.indented(tree(value));
    }

    /** The record as JSON on one line, without a newline. */
    public static String line(Record value) {
        return tree(value).toString();
    }

    /** A line for each key whose value differs, with both values. */
    public static List<String> differences(Record given, Record expected) {
        var lines = new ArrayList<String>();
        differences(tree(given), tree(expected), "", lines);
        return lines;
    }

    private static void differences(JsonNode given, JsonNode expected, String path, List<String> lines) {
        if (given.isObject() && expected.isObject() && kindsDiffer(given, expected)) {
            // two kinds have other keys: each of them would be a line that says the same
            differences(given.get(KIND), expected.get(KIND), child(path, KIND), lines);
        } else if (given.isObject() && expected.isObject()) {
            var keys = new TreeSet<String>();
            given.fieldNames().forEachRemaining(keys::add);
            expected.fieldNames().forEachRemaining(keys::add);
            for (var key : keys) {
                differences(given.path(key), expected.path(key), child(path, key), lines);
            }
        } else if (!given.equals(expected)) {
            lines.add(path + " must be " + shown(expected) + ", got " + shown(given));
        }
    }

    private static boolean kindsDiffer(JsonNode given, JsonNode expected) {
        return given.has(KIND) && expected.has(KIND) && !given.get(KIND).equals(expected.get(KIND));
    }

    /** @param parent of which the record is a kind, to be told beside its components */
    private static ObjectNode object(Record value, @Nullable Class<?> parent) {
        var node = JsonNodeFactory.instance.objectNode();
        if (parent != null) {
            node.put(KIND, SpecKinds.name(parent, value.getClass()));
        }
        for (var component : value.getClass().getRecordComponents()) {
            var part = component(value, component);
            if (part != null) {
                node.set(component.getName(), node(part, component.getGenericType()));
            }
        }
        return node;
    }

    /** What a component is where it is not given; null where it has no default. */
    private static @Nullable JsonNode defaultOf(Class<?> type, RecordComponent component) {
        var preset = OPTIONAL.containsKey(type) ? null : component.getAnnotation(Default.class);
        if (preset == null) {
            return null;
        }
        boolean text =
                component.getType() == String.class || component.getType().isEnum();
        return text
                ? JsonNodeFactory.instance.textNode(preset.value())
                : JsonText.tree(preset.value(), type.getSimpleName() + "." + component.getName());
    }

    private static boolean mayLack(Class<?> type, RecordComponent component) {
        var optional = OPTIONAL.get(type);
        return optional == null
                ? component.getAnnotatedType().isAnnotationPresent(Nullable.class)
                : optional.contains(component.getName());
    }

    private static @Nullable Object component(Record value, RecordComponent component) {
        try {
            var accessor = component.getAccessor();
            accessor.setAccessible(true);
            return accessor.invoke(value);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @param declared decides whether a record needs its kind beside it */
    private static JsonNode node(Object value, Type declared) {
        var factory = JsonNodeFactory.instance;
        if (value instanceof Record part && !(value instanceof Dimension)) {
            return object(part, declared instanceof Class<?> type && type.isInterface() ? type : null);
        } else if (value instanceof Contracts contracts) {
            var node = factory.objectNode();
            for (var contract : contracts.all()) {
                node.set(Contracts.name(contract.getClass()), object((Record) contract, null));
            }
            return node;
        } else if (value instanceof List<?> list) {
            ArrayNode array = factory.arrayNode();
            list.forEach(element -> array.add(node(element, argument(declared, 0))));
            return array;
        } else if (value instanceof Map<?, ?> map) {
            var node = factory.objectNode();
            map.forEach((key, element) -> node.set(String.valueOf(key), node(element, argument(declared, 1))));
            return node;
        } else if (value instanceof Enum<?> constant) {
            return factory.textNode(constant.name().toLowerCase(Locale.ROOT));
        } else if (value instanceof Integer number) {
            return factory.numberNode(number);
        } else if (value instanceof Long number) {
            return factory.numberNode(number);
        } else if (value instanceof Double number) {
            return factory.numberNode(number);
        } else if (value instanceof Boolean flag) {
            return factory.booleanNode(flag);
        }
        return factory.textNode(value.toString());
    }

    private static Type argument(Type generic, int index) {
        return ((ParameterizedType) generic).getActualTypeArguments()[index];
    }

    /** @param parent of which the record is a kind, told beside its components */
    private static @Nullable Object record(
            JsonNode tree, Class<?> type, @Nullable Class<?> parent, String path, List<String> problems) {
        if (!tree.isObject()) {
            problems.add(at(path) + "must be a mapping of keys, got " + shown(tree));
            return null;
        }
        var components = type.getRecordComponents();
        var known = new TreeSet<String>();
        for (var component : components) {
            known.add(component.getName());
        }
        for (var field : tree.properties()) {
            var key = field.getKey();
            if (!known.contains(key) && !(parent != null && key.equals(KIND))) {
                problems.add(child(path, key) + " is not a known key; known here: " + String.join(", ", known)
                        + (parent == null ? "" : ofOtherKinds(parent, key)));
            }
        }
        var arguments = new @Nullable Object[components.length];
        var broken = new LinkedHashSet<String>();
        for (int i = 0; i < components.length; i++) {
            var component = components[i];
            var whole = problems.size();
            var part = tree.get(component.getName());
            if (part == null || part.isNull()) {
                part = defaultOf(type, component);
            }
            if (part == null) {
                if (!mayLack(type, component)) {
                    problems.add(child(path, component.getName()) + " is missing");
                }
            } else {
                arguments[i] = value(part, component.getGenericType(), child(path, component.getName()), problems);
            }
            if (problems.size() > whole) {
                broken.add(component.getName());
                arguments[i] = standIn(component.getType());
            }
        }
        if (broken.isEmpty()) {
            return construct(type, components, arguments, path, problems);
        }
        // a broken part must not hide which rules the others break
        var others = new ArrayList<String>();
        try {
            construct(type, components, arguments, "", others);
        } catch (IllegalStateException rulesOfTheBrokenPart) {
            // they wait until it is there
        }
        others.stream()
                .filter(problem -> broken.stream().noneMatch(name -> names(problem, name)))
                .forEach(problem -> problems.add(path.isEmpty() ? problem : path + "." + problem));
        return null;
    }

    /** A hint where a key was meant for another kind. */
    private static String ofOtherKinds(Class<?> parent, String key) {
        var kinds = SpecKinds.known(parent).entrySet().stream()
                .filter(kind -> Arrays.stream(kind.getValue().getRecordComponents())
                        .anyMatch(component -> component.getName().equals(key)))
                .map(Map.Entry::getKey)
                .toList();
        return kinds.isEmpty() ? "" : "; it is a key of kind " + String.join(", ", kinds);
    }

    /** What a constructor takes in place of a part that is broken. */
    private static @Nullable Object standIn(Class<?> type) {
        if (type == List.class) {
            return List.of(); // constructors copy it
        } else if (type == String.class) {
            return ""; // and match it
        }
        return type.isPrimitive() ? Array.get(Array.newInstance(type, 1), 0) : null;
    }

    /** Whether a broken rule is about a component, or about others in the light of it. */
    private static boolean names(String problem, String component) {
        return Pattern.compile("\\b" + component + "\\b").matcher(problem).find();
    }

    private static @Nullable Object construct(
            Class<?> type,
            RecordComponent[] components,
            @Nullable Object[] arguments,
            String path,
            List<String> problems) {
        try {
            var types = new Class<?>[components.length];
            for (int i = 0; i < types.length; i++) {
                types[i] = components[i].getType();
            }
            var constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof SpecException broken) {
                broken.problems().forEach(problem -> problems.add(path.isEmpty() ? problem : path + "." + problem));
                return null;
            }
            throw new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static @Nullable Object value(JsonNode tree, Type type, String path, List<String> problems) {
        if (type instanceof ParameterizedType generic) {
            return generic.getRawType() == List.class
                    ? list(tree, argument(generic, 0), path, problems)
                    : map(tree, argument(generic, 1), path, problems);
        }
        var raw = (Class<?>) type;
        if (raw == int.class || raw == Integer.class) {
            var number = integer(tree, path, Integer.MIN_VALUE, Integer.MAX_VALUE, problems);
            return number == null ? null : Integer.valueOf(number.intValue());
        } else if (raw == long.class || raw == Long.class) {
            return integer(tree, path, Long.MIN_VALUE, Long.MAX_VALUE, problems);
        } else if (raw == double.class || raw == Double.class) {
            boolean finite = tree.isNumber() && Double.isFinite(tree.doubleValue());
            var rule = tree.isNumber() ? "a finite number" : "a number";
            return expect(finite, tree, path, rule, problems) ? tree.doubleValue() : null;
        } else if (raw == boolean.class || raw == Boolean.class) {
            return expect(tree.isBoolean(), tree, path, "true or false", problems) ? tree.booleanValue() : null;
        } else if (raw == String.class) {
            return expect(tree.isTextual(), tree, path, "text", problems) ? tree.textValue() : null;
        } else if (raw == Dimension.class) {
            return dimension(tree, path, problems);
        } else if (raw.isEnum()) {
            return constant(tree, raw, path, problems);
        } else if (raw == Contracts.class) {
            return contracts(tree, path, problems);
        } else if (raw.isInterface()) {
            return kind(tree, raw, path, problems);
        } else if (raw.isRecord()) {
            return record(tree, raw, null, path, problems);
        }
        throw new IllegalStateException("no form in files for " + raw);
    }

    private static @Nullable Long integer(JsonNode tree, String path, long least, long most, List<String> problems) {
        if (tree.isNumber() && Double.isFinite(tree.doubleValue())) {
            try {
                var number = new BigDecimal(tree.asText()).longValueExact();
                if (number >= least && number <= most) {
                    return number;
                }
            } catch (ArithmeticException notWhole) {
                // reported below with everything else that is not a whole number in range
            }
        }
        boolean tooFar = tree.isNumber() && Double.isFinite(tree.doubleValue()) && tree.doubleValue() % 1 == 0;
        expect(false, tree, path, "a whole number" + (tooFar ? " of fewer digits" : ""), problems);
        return null;
    }

    private static @Nullable Object list(JsonNode tree, Type element, String path, List<String> problems) {
        if (!expect(tree.isArray(), tree, path, "a list", problems)) {
            return null;
        }
        var before = problems.size();
        var values = new ArrayList<@Nullable Object>();
        for (int i = 0; i < tree.size(); i++) {
            values.add(value(tree.get(i), element, path + "[" + i + "]", problems));
        }
        return problems.size() > before ? null : List.copyOf(values);
    }

    private static @Nullable Object map(JsonNode tree, Type element, String path, List<String> problems) {
        if (!expect(tree.isObject(), tree, path, "a mapping of keys", problems)) {
            return null;
        }
        var before = problems.size();
        var values = new LinkedHashMap<String, @Nullable Object>();
        for (var entry : tree.properties()) {
            values.put(entry.getKey(), value(entry.getValue(), element, child(path, entry.getKey()), problems));
        }
        return problems.size() > before ? null : values;
    }

    private static @Nullable Object dimension(JsonNode tree, String path, List<String> problems) {
        try {
            return Dimension.parse(tree.asText());
        } catch (SpecException e) {
            problems.add(path + " " + e.getMessage());
            return null;
        }
    }

    private static @Nullable Object constant(JsonNode tree, Class<?> type, String path, List<String> problems) {
        var names = new ArrayList<String>();
        for (var constant : type.getEnumConstants()) {
            var name = ((Enum<?>) constant).name().toLowerCase(Locale.ROOT);
            if (tree.isTextual() && tree.textValue().equals(name)) {
                return constant;
            }
            names.add(name);
        }
        expect(false, tree, path, "one of " + String.join(", ", names), problems);
        return null;
    }

    private static @Nullable Object kind(JsonNode tree, Class<?> parent, String path, List<String> problems) {
        if (!expect(tree.isObject(), tree, path, "a mapping of keys", problems)) {
            return null;
        }
        var kind = tree.path(KIND);
        var kinds = SpecKinds.known(parent);
        var type = kind.isTextual() ? kinds.get(kind.textValue()) : kind.isMissingNode() ? defaultKind(parent) : null;
        if (type == null) {
            expect(false, kind, child(path, KIND), "one of " + String.join(", ", kinds.keySet()), problems);
            return null;
        }
        return record(tree, type, parent, path, problems);
    }

    private static @Nullable Class<?> defaultKind(Class<?> parent) {
        var preset = parent.getAnnotation(DefaultKind.class);
        return preset == null ? null : SpecKinds.known(parent).get(preset.value());
    }

    private static @Nullable Object contracts(JsonNode tree, String path, List<String> problems) {
        if (!expect(tree.isObject(), tree, path, "a mapping of keys", problems)) {
            return null;
        }
        var before = problems.size();
        var kinds = SpecKinds.known(Contract.class);
        var contracts = new ArrayList<Contract>();
        for (var entry : tree.properties()) {
            var place = child(path, entry.getKey());
            var type = kinds.get(entry.getKey());
            if (type == null) {
                problems.add(place + " is not a known kind; known here: " + String.join(", ", kinds.keySet()));
            } else if (record(entry.getValue(), type, null, place, problems) instanceof Contract contract) {
                contracts.add(contract);
            }
        }
        return problems.size() > before ? null : Contracts.of(contracts);
    }

    private static boolean expect(boolean holds, JsonNode tree, String path, String rule, List<String> problems) {
        if (!holds) {
            problems.add(path + " must be " + rule + ", got " + shown(tree));
        }
        return holds;
    }

    private static String shown(JsonNode tree) {
        var text = tree.isMissingNode() ? "nothing" : tree.toString();
        return text.length() <= 80 ? text : text.substring(0, 77) + "...";
    }

    private static String at(String path) {
        return path.isEmpty() ? "" : path + " ";
    }

    private static String child(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
