package smalti.exporter.graph;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What ONNX says of each operator of its own domain, in each version of it. */
public final class Operators {
    private static final Map<String, NavigableMap<Integer, Operator>> BY_NAME = read();

    private Operators() {}

    /** How often a parameter stands: once, at most once, any number of times. */
    public enum Option {
        SINGLE,
        OPTIONAL,
        VARIADIC
    }

    /** @param type a type such as {@code tensor(int64)}, or the name of one of the operator's constraints */
    public record Parameter(String name, String type, Option option) {}

    /**
     * @param since the opset in which it took this form
     * @param attributes kinds by name: the numbers of AttributeProto's types
     * @param constraints allowed types by name
     */
    public record Operator(
            String name,
            int since,
            int leastInputs,
            int mostInputs,
            List<Parameter> inputs,
            int leastOutputs,
            int mostOutputs,
            List<Parameter> outputs,
            Map<String, Integer> attributes,
            Set<String> required,
            Map<String, Set<String>> constraints) {}

    /** The form of an operator in an opset, if there is one. */
    public static Optional<Operator> find(String name, int opset) {
        var versions = BY_NAME.get(name);
        var entry = versions == null ? null : versions.floorEntry(opset);
        return entry == null ? Optional.empty() : Optional.of(entry.getValue());
    }

    /** An attribute's kind: the number of AttributeProto's type, or −1 for one that no pass looks into. */
    public static int kind(Attribute attribute) {
        if (attribute instanceof Attribute.Real) {
            return 1;
        } else if (attribute instanceof Attribute.Int) {
            return 2;
        } else if (attribute instanceof Attribute.Text) {
            return 3;
        } else if (attribute instanceof Attribute.Array) {
            return 4;
        } else if (attribute instanceof Attribute.Body) {
            return 5;
        } else if (attribute instanceof Attribute.Reals) {
            return 6;
        } else if (attribute instanceof Attribute.Ints) {
            return 7;
        }
        return attribute instanceof Attribute.Texts ? 8 : -1;
    }

    private static Map<String, NavigableMap<Integer, Operator>> read() {
        var operators = new HashMap<String, NavigableMap<Integer, Operator>>();
        try (var stream = Operators.class.getResourceAsStream("/smalti/exporter/graph/operators.txt")) {
            if (stream == null) {
                throw new IllegalStateException("operators.txt is missing from the exporter's jar");
            }
            new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(Operators::operator)
                    .forEach(operator -> operators
                            .computeIfAbsent(operator.name(), unseen -> new TreeMap<>())
                            .put(operator.since(), operator));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return operators;
    }

    private static Operator operator(String line) {
        var parts = line.split("\\|", -1);
        var in = parts[2].split(" ", -1);
        var out = parts[3].split(" ", -1);
        var attributes = new TreeMap<String, Integer>();
        var required = new TreeSet<String>();
        Arrays.stream(parts[4].split(" ", -1)).skip(1).forEach(text -> {
            var pair = text.split(":", -1);
            attributes.put(pair[0], Integer.parseInt(pair[1].replace("!", "")));
            if (text.endsWith("!")) {
                required.add(pair[0]);
            }
        });
        var constraints = Arrays.stream(parts)
                .skip(5)
                .map(text -> text.split("=", -1))
                .collect(Collectors.toMap(pair -> pair[0], pair -> Set.copyOf(List.of(pair[1].split(" ", -1)))));
        return new Operator(
                parts[0],
                Integer.parseInt(parts[1]),
                Integer.parseInt(in[1]),
                most(in[2]),
                parameters(in),
                Integer.parseInt(out[1]),
                most(out[2]),
                parameters(out),
                attributes,
                required,
                constraints);
    }

    private static int most(String text) {
        return text.equals("*") ? Integer.MAX_VALUE : Integer.parseInt(text);
    }

    private static List<Parameter> parameters(String[] words) {
        var parameters = new ArrayList<Parameter>();
        for (int i = 3; i < words.length; i++) {
            var pair = words[i].split(":", -1);
            var option =
                    pair[1].endsWith("?") ? Option.OPTIONAL : pair[1].endsWith("*") ? Option.VARIADIC : Option.SINGLE;
            parameters.add(new Parameter(pair[0], pair[1].replaceAll("[?*]$", ""), option));
        }
        return parameters;
    }
}
