package smalti.exporter.precision;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.precision.ActivationType.Steps;

/** Which values are there in bytes, which in float, and the ways from one to the other. */
final class QuantizedValues {
    /** Stands behind the names of values in bytes. */
    static final String SUFFIX = "_quantized";

    private final QuantizationPlan plan;
    private final QdqBuilder builder;
    private final Map<String, Held> held = new HashMap<>();

    /** The nodes of values that are there in bytes, and in float only if someone asks for them. */
    private final Map<String, Node> deferred = new HashMap<>();

    private final Map<Dequantized, String> dequantized = new HashMap<>();

    QuantizedValues(QuantizationPlan plan, QdqBuilder builder) {
        this.plan = plan;
        this.builder = builder;
    }

    /** @param bytes the name of a value in bytes */
    record Held(String bytes, Steps steps) {
        boolean hasOffset() {
            return steps.offset() != 0;
        }
    }

    private record Dequantized(String value, String bytes) {}

    /** A value in bytes; null where it is not there so. */
    @Nullable
    Held held(String value) {
        return held.get(value);
    }

    boolean isHeld(String value) {
        return held.containsKey(value);
    }

    void hold(String value, String bytes, Steps steps) {
        held.put(value, new Held(bytes, steps));
    }

    /** Holds what a node makes, which is the same bytes as before it under other steps. */
    void hold(Node deferred, String bytes, Steps steps) {
        this.deferred.put(deferred.output(), deferred);
        hold(deferred.output(), bytes, steps);
    }

    /** Rounds floats to bytes; they are held as the value. */
    Held quantize(String value, String floats, Steps steps) {
        var bytes = builder.fresh(value + SUFFIX);
        builder.quantize(floats, steps, bytes);
        var now = new Held(bytes, steps);
        held.put(value, now);
        return now;
    }

    /** The value in bytes, rounded now if it is not there so. */
    Held asBytes(String value) {
        var there = held.get(value);
        if (there != null) {
            return there;
        }
        asFloat(value);
        var range = plan.range(value);
        if (range == null) {
            throw new IllegalStateException("no range of " + value);
        }
        var maker = plan.flow().maker(value);
        return quantize(
                value,
                value,
                plan.type().covering(maker != null && Epilogues.isCut(maker) ? plan.rangeOf(maker) : range));
    }

    /** The value in float with the rounding to bytes, from which consumers fuse INT8 kernels. */
    String dequantized(String value) {
        var source = asBytes(value);
        var key = new Dequantized(value, source.bytes());
        var there = dequantized.get(key);
        if (there != null) {
            return there;
        }
        // an offset is in the bias, and the value itself may be there unrounded
        boolean isItself = !source.hasOffset()
                && !builder.isMade(value)
                && !deferred.containsKey(value)
                && plan.flow().maker(value) != null;
        var floats = isItself ? value : builder.fresh(value + "_dequantized");
        builder.dequantize(source.bytes(), source.steps(), floats);
        dequantized.put(key, floats);
        return floats;
    }

    /** Makes sure that a value is there in float, under its own name, if it ever was. */
    void asFloat(String value) {
        if (builder.isMade(value)) {
            return;
        }
        var node = deferred.remove(value);
        if (node != null) {
            node.uses().forEach(this::asFloat);
            builder.add(node);
            return;
        }
        var source = held.get(value);
        if (source != null) {
            builder.dequantize(source.bytes(), source.steps(), value);
        }
    }
}
