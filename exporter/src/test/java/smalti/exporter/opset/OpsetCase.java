package smalti.exporter.opset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.assertj.core.api.Assertions;
import smalti.exporter.file.OnnxFileCheck;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;

/** A node of one opset, what goes in, and what comes out at every opset, in float64 by a formula. */
final class OpsetCase {
    /** Float32 has 7 digits, and sums of a few dozen numbers lose one. */
    private static final double TOLERANCE = 2e-6;

    private final String name;
    private final int source;
    private final String op;
    private final List<Integer> targets = new ArrayList<>();
    private final Map<String, Attribute> attributes = new TreeMap<>();
    private final List<String> inputs = new ArrayList<>();
    private final Map<String, Value> values = new LinkedHashMap<>();
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final Map<String, Item> fed = new LinkedHashMap<>();
    private final List<Value> outputs = new ArrayList<>();
    private final Map<String, double[]> expected = new LinkedHashMap<>();
    private double tolerance = TOLERANCE;
    private boolean isSourceRun = true;

    private OpsetCase(String name, int source, String op) {
        this.name = name;
        this.source = source;
        this.op = op;
    }

    static OpsetCase of(String name, int source, String op) {
        return new OpsetCase(name, source, op);
    }

    OpsetCase to(int... opsets) {
        for (int opset : opsets) {
            targets.add(opset);
        }
        return this;
    }

    OpsetCase with(String attribute, Attribute value) {
        attributes.put(attribute, value);
        return this;
    }

    OpsetCase with(String attribute, long value) {
        return with(attribute, Attribute.of(value));
    }

    OpsetCase with(String attribute, float value) {
        return with(attribute, Attribute.of(value));
    }

    OpsetCase with(String attribute, String value) {
        return with(attribute, Attribute.of(value));
    }

    OpsetCase with(String attribute, long[] values) {
        return with(attribute, Attribute.ints(values));
    }

    /** Fed, of fixed sizes. */
    OpsetCase in(Tensor tensor) {
        return in(tensor, tensor.dims().stream().map(Axis::of).toList());
    }

    /** Fed, of sizes that nobody knows before. */
    OpsetCase free(Tensor tensor) {
        return in(tensor, Collections.nCopies(tensor.rank(), Axis.UNKNOWN));
    }

    private OpsetCase in(Tensor tensor, List<Axis> axes) {
        var input = "in" + inputs.size();
        inputs.add(input);
        values.put(input, new Value(input, tensor.type(), axes, Value.Layout.PLAIN));
        fed.put(input, new Item.Array(tensor));
        return this;
    }

    OpsetCase constant(Tensor tensor) {
        var input = "in" + inputs.size();
        inputs.add(input);
        constants.put(input, tensor);
        return this;
    }

    /** An input that is left out. */
    OpsetCase none() {
        inputs.add("");
        return this;
    }

    OpsetCase out(ValueType type, double... numbers) {
        var output = "out" + outputs.size();
        outputs.add(new Value(output, type, null, Value.Layout.PLAIN));
        expected.put(output, numbers);
        return this;
    }

    OpsetCase out(double... numbers) {
        return out(ValueType.FLOAT32, numbers);
    }

    /** An output that nobody takes. */
    OpsetCase noOut() {
        outputs.add(new Value("", ValueType.FLOAT32, null, Value.Layout.PLAIN));
        return this;
    }

    OpsetCase within(double share) {
        tolerance = share;
        return this;
    }

    /** ONNX Runtime does not run the node in the opset that it comes from. */
    OpsetCase unrun() {
        isSourceRun = false;
        return this;
    }

    int source() {
        return source;
    }

    List<Integer> targets() {
        return targets;
    }

    Node node() {
        return Node.of(op, inputs, outputs.stream().map(Value::name).toList(), attributes);
    }

    Model model() {
        var shown = outputs.stream().filter(output -> !output.name().isEmpty()).toList();
        return Model.of(
                new Graph("g", List.copyOf(values.values()), shown, constants, List.of(node())),
                source,
                OnnxWriter.irVersion(source));
    }

    void check(Path folder) throws IOException {
        if (isSourceRun) {
            compare(model(), folder, source);
        }
        for (int target : targets) {
            var converted = OpsetConversion.convert(model(), target, "m");
            compare(converted, folder, target);
        }
    }

    private void compare(Model model, Path folder, int opset) throws IOException {
        var file = Files.createTempFile(folder, "m", ".onnx");
        OnnxWriter.write(model, file);
        // the shapes of what comes out are left open
        assertThat(OnnxFileCheck.problems(file))
                .filteredOn(problem -> !problem.contains("must have a shape"))
                .as("%s at opset %s", name, opset)
                .isEmpty();
        try (var session = ModelSession.openAsWritten(model, name + " at opset " + opset)) {
            var made = session.run(fed);
            expected.forEach((output, numbers) -> {
                var tensor = ((Item.Array) Objects.requireNonNull(made.get(output))).tensor();
                assertThat(tensor.count())
                        .as("%s at opset %s: elements of %s", name, opset, output)
                        .isEqualTo(numbers.length);
                for (int i = 0; i < numbers.length; i++) {
                    var place = "%s at opset %s: %s[%s]".formatted(name, opset, output, i);
                    if (Double.isFinite(numbers[i])) {
                        assertThat(tensor.number(i))
                                .as(place)
                                .isCloseTo(numbers[i], Assertions.within(tolerance * (1 + Math.abs(numbers[i]))));
                    } else {
                        assertThat(tensor.number(i)).as(place).isEqualTo(numbers[i]);
                    }
                }
            });
        }
    }

    @Override
    public String toString() {
        return name + ", " + source + " to " + targets;
    }
}
