package smalti.spec.onnx;

import java.util.List;
import java.util.Map;

/**
 * An operator that the file itself defines by nodes.
 *
 * @param domain with the name (and the overload) what nodes call it by
 * @param attributes names of those that a call may give
 * @param defaults of attributes, by name
 */
public record OnnxFunction(
        String domain,
        String name,
        String overload,
        List<String> inputs,
        List<String> outputs,
        List<String> attributes,
        Map<String, OnnxAttribute> defaults,
        Map<String, Long> opsets,
        List<OnnxNode> nodes) {
    public OnnxFunction {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
        attributes = List.copyOf(attributes);
        defaults = Map.copyOf(defaults);
        opsets = Map.copyOf(opsets);
        nodes = List.copyOf(nodes);
    }
}
