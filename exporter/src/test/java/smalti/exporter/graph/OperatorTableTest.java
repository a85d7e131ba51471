package smalti.exporter.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bytedeco.onnx.FormalParameterVector;
import org.bytedeco.onnx.OpSchema;
import org.bytedeco.onnx.OpSchemaRegistry;
import org.junit.jupiter.api.Test;

/**
 * The table of operators is that of the ONNX project: of the library of its 1.17 that is at hand, and over that, of what the registry
 * of its 1.23 said of what came later or was mended.
 */
final class OperatorTableTest {
    private static final Path TABLE = Path.of("src/main/resources/smalti/exporter/graph/operators.txt");
    private static final Path LATER = Path.of("src/test/resources/onnx-1.23-operators.txt");

    /** A type of elements, unless something is made of it. */
    private static final Pattern ELEMENT = Pattern.compile("\\b([a-z0-9]+)\\b(?!\\()");

    @Test
    void isThatOfOnnx() throws IOException {
        var table = table();
        if (System.getenv("SMALTI_WRITE") != null) {
            Files.createDirectories(TABLE.getParent());
            Files.writeString(TABLE, table);
        }
        assertThat(Files.readString(TABLE))
                .as("SMALTI_WRITE=1 in the environment writes it")
                .isEqualTo(table);
    }

    private static String table() throws IOException {
        var lines = new TreeMap<String, String>();
        var schemas = OpSchemaRegistry.get_all_schemas_with_history();
        for (long i = 0; i < schemas.size(); i++) {
            var schema = schemas.get(i);
            var domain = schema.domain(); // null where empty
            if ((domain == null || domain.getString().isEmpty()) && !schema.Deprecated()) {
                int since = schema.since_version();
                lines.put(String.format("%s %03d", schema.Name().getString(), since), line(schema));
            }
        }
        lines.putAll(later());
        return "# Operator, the opset it came with, inputs, outputs, attributes and allowed types, as in the ONNX\n"
                + "# project's registry (github.com/onnx/onnx, Apache License 2.0). ? optional, * any number, ! required.\n"
                + String.join("\n", lines.values()) + "\n";
    }

    /** Rows of ONNX 1.23, their sets of types written out. */
    private static Map<String, String> later() throws IOException {
        var sets = new HashMap<String, String>();
        var rows = new TreeMap<String, String>();
        for (var line : Files.readAllLines(LATER)) {
            if (line.startsWith("#")) {
                continue;
            }
            var parts = line.split("\\|", -1);
            if (parts.length == 1) {
                var set = line.split(" ", 2);
                sets.put(set[0], ELEMENT.matcher(set[1]).replaceAll("tensor($1)"));
                continue;
            }
            for (int i = 5; i < parts.length; i++) {
                var constraint = parts[i].split("=", -1);
                parts[i] = constraint[0] + "=" + Objects.requireNonNull(sets.get(constraint[1]));
            }
            rows.put(String.format("%s %03d", parts[0], Integer.parseInt(parts[1])), String.join("|", parts));
        }
        return rows;
    }

    private static String line(OpSchema schema) {
        var parts = new ArrayList<String>();
        parts.add(schema.Name().getString());
        parts.add(String.valueOf(schema.since_version()));
        parts.add("in " + schema.min_input() + " " + most(schema.max_input()) + parameters(schema.inputs()));
        parts.add("out " + schema.min_output() + " " + most(schema.max_output()) + parameters(schema.outputs()));
        var attributes = new TreeSet<String>();
        var it = schema.attributes().begin();
        for (; !it.equals(schema.attributes().end()); it.increment()) {
            var attribute = it.second();
            attributes.add(attribute.name().getString() + ":" + attribute.type() + (attribute.required() ? "!" : ""));
        }
        parts.add("attributes" + attributes.stream().map(text -> " " + text).collect(Collectors.joining()));
        var constraints = schema.typeConstraintParams();
        for (long i = 0; i < constraints.size(); i++) {
            var allowed = new ArrayList<String>();
            for (long k = 0; k < constraints.get(i).allowed_type_strs().size(); k++) {
                allowed.add(constraints
                        .get(i)
                        .allowed_type_strs()
                        .get(k)
                        .getString()
                        .replace(" ", ""));
            }
            parts.add(constraints.get(i).type_param_str().getString() + "=" + String.join(" ", allowed));
        }
        return new String(String.join("|", parts).getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static String most(int count) {
        return count == Integer.MAX_VALUE ? "*" : String.valueOf(count);
    }

    private static String parameters(FormalParameterVector parameters) {
        var text = new StringBuilder();
        for (long i = 0; i < parameters.size(); i++) {
            var parameter = parameters.get(i);
            text.append(' ')
                    .append(parameter.GetName().getString())
                    .append(':')
                    .append(parameter.GetTypeStr().getString().replace(" ", ""))
                    .append(parameter.GetOption() == 1 ? "?" : parameter.GetOption() == 2 ? "*" : "");
        }
        return text.toString();
    }
}
