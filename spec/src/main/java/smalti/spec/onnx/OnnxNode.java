package smalti.spec.onnx;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One operator at work.
 *
 * @param domain of the operator; {@code ai.onnx} is read as the empty text
 * @param overload tells functions of one name apart
 * @param inputs an empty name is an input that is left out
 * @param outputs an empty name is an output that nobody asks for
 */
public record OnnxNode(
        String name,
        String op,
        String domain,
        String overload,
        List<String> inputs,
        List<String> outputs,
        Map<String, OnnxAttribute> attributes) {
    public OnnxNode {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        attributes = Map.copyOf(attributes);
    }

    /** Whether this is a standard operator of a name. */
    public boolean is(String operator) {
        return domain.isEmpty() && op.equals(operator);
    }

    /** The name of an input; empty where it is left out. */
    public String input(int index) {
        return index < inputs.size() ? inputs.get(index) : "";
    }

    public Optional<OnnxAttribute> attribute(String attribute) {
        return Optional.ofNullable(attributes.get(attribute));
    }

    /** A whole number, or what holds where the attribute is absent or of another kind. */
    public long whole(String attribute, long absent) {
        return attributes.get(attribute) instanceof OnnxAttribute.Int whole ? whole.value() : absent;
    }

    /** Whole numbers; none where the attribute is absent or of another kind. */
    public List<Long> wholes(String attribute) {
        return attributes.get(attribute) instanceof OnnxAttribute.Ints wholes ? wholes.values() : List.of();
    }

    /** A text, or what holds where the attribute is absent or of another kind. */
    public String text(String attribute, String absent) {
        return attributes.get(attribute) instanceof OnnxAttribute.Text text ? text.text() : absent;
    }

    /** The graphs that the node runs. */
    public Stream<OnnxGraph> bodies() {
        return attributes.values().stream().flatMap(attribute -> {
            if (attribute instanceof OnnxAttribute.Body body) {
                return Stream.of(body.value());
            }
            return attribute instanceof OnnxAttribute.Bodies bodies ? bodies.values().stream() : Stream.of();
        });
    }
}
