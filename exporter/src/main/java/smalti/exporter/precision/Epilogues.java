package smalti.exporter.precision;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.ValueType;

/** What stands behind a node and becomes part of the QuantizeLinear there: a ReLU or Clip, or the rounding to pixels. */
final class Epilogues {
    private static final int CLIP_BY_INPUTS_OPSET = 11;

    private final Dataflow flow;
    private final ActivationType type;
    private final int opset;

    Epilogues(Dataflow flow, ActivationType type, int opset) {
        this.flow = flow;
        this.type = type;
        this.opset = opset;
    }

    /** Round, Clip to [0, 255] and Cast to bytes, one after the other. */
    record Pixels(Node round, Node clip, Node cast) {
        List<Node> nodes() {
            return List.of(round, clip, cast);
        }
    }

    /**
     * The rounding of a value to pixels: a QuantizeLinear of scale 1, which rounds halves to even as well.
     *
     * @return null where a value does not end so
     */
    @Nullable
    Pixels pixels(String value) {
        if (type != ActivationType.UINT8 || opset < CLIP_BY_INPUTS_OPSET) {
            return null;
        }
        var round = flow.onlyUser(value);
        var clip = round != null && round.is("Round") ? flow.onlyUser(round.output()) : null;
        var cast = clip != null && clip.is("Clip") ? flow.onlyUser(clip.output()) : null;
        if (round == null || clip == null || cast == null || !cast.is("Cast")) {
            return null;
        }
        boolean isByte = cast.whole("to", 0) == ValueType.UINT8.onnxCode()
                && flow.isNumber(clip.input(1), 0)
                && flow.isNumber(clip.input(2), 255);
        return isByte ? new Pixels(round, clip, cast) : null;
    }

    /** The node itself, or the ReLU or Clip that alone takes what it makes and cuts no more than QuantizeLinear does. */
    Node last(Node node) {
        var user = flow.onlyUser(node.output());
        return user != null && isAroundZero(user) && pixels(node.output()) == null ? user : node;
    }

    /** Whether a node cuts off what is below or above two numbers. */
    static boolean isCut(Node node) {
        return node.is("Relu") || node.is("Clip");
    }

    /** A ReLU, or a Clip to constant numbers with zero between: QuantizeLinear's steps always have a zero. */
    private boolean isAroundZero(Node node) {
        if (node.is("Relu")) {
            return true;
        }
        if (!node.is("Clip") || opset < CLIP_BY_INPUTS_OPSET) {
            return false;
        }
        var low = flow.constant(node.input(1));
        var high = flow.constant(node.input(2));
        return low != null
                && high != null
                && low.type() == ValueType.FLOAT32
                && low.number(0) <= 0
                && high.number(0) >= 0;
    }

    /** The range that a ReLU or Clip leaves, whose edges QuantizeLinear must not pass; of other nodes what was measured. */
    ValueRange range(Node node, Map<String, ValueRange> ranges) {
        var range = ranges.get(node.output());
        if (range == null) {
            throw new IllegalStateException("no range of " + node.output());
        }
        if (node.is("Relu")) {
            return new ValueRange(0, Math.max(0, range.greatest()));
        } else if (isAroundZero(node)) {
            var low = flow.constant(node.input(1));
            var high = flow.constant(node.input(2));
            if (low != null && high != null) {
                return new ValueRange(
                        Math.max(range.least(), low.number(0)), Math.min(range.greatest(), high.number(0)));
            }
        }
        return range;
    }
}
