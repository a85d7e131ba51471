package smalti.exporter.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bytedeco.onnx.FormalParameterVector;
import org.bytedeco.onnx.OpSchema;
import org.bytedeco.onnx.OpSchemaRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table of operators is that of the ONNX project, as far as the library of its 1.17 goes that is at hand. */
final class OperatorTableTest {
    private static final Path TABLE = Path.of("src/main/resources/smalti/exporter/graph/operators.txt");

    /** The last opset of ONNX 1.17; the rows of later ones come from the registry of ONNX 1.23. */
    private static final int LAST_AT_HAND = 22;

    /** Rows in which ONNX 1.23 mended what 1.17 says of these. */
    private static final Set<String> MENDED = Set.of("Conv 011", "Erf 013", "GlobalLpPool 002", "GlobalLpPool 022");

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

    /** All that came between opsets 23 and 28. */
    @ParameterizedTest
    @CsvSource({
        "Attention, 23",
        "BitCast, 26",
        "CausalConvWithState, 27",
        "CumProd, 26",
        "LinearAttention, 27",
        "RMSNormalization, 23",
        "RotaryEmbedding, 23",
        "SwiGLU, 28",
        "Swish, 24",
        "TensorScatter, 24"
    })
    void newOperatorsBeginWhereOnnxSaysSo(String name, int opset) {
        assertThat(Operators.find(name, opset - 1)).isEmpty();
        assertThat(Operators.find(name, opset))
                .hasValueSatisfying(found -> assertThat(found.since()).isEqualTo(opset));
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
        for (var line : Files.readAllLines(TABLE)) {
            if (!line.startsWith("#")) {
                var parts = line.split("\\|", 3);
                int since = Integer.parseInt(parts[1]);
                var key = String.format("%s %03d", parts[0], since);
                if (since > LAST_AT_HAND || MENDED.contains(key)) {
                    lines.put(key, line);
                }
            }
        }
        return "# Operator, the opset it came with, inputs, outputs, attributes and allowed types, as in the ONNX\n"
                + "# project's registry (github.com/onnx/onnx, Apache License 2.0). ? optional, * any number, ! required.\n"
                + String.join("\n", lines.values()) + "\n";
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
