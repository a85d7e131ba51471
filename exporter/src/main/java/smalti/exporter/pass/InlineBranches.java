package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;

/** Puts the branch of an If that is always taken, and the body of a Loop that runs once, in the node's place. */
final class InlineBranches extends GraphPass {
    InlineBranches() {
        super("branches");
    }

    @Override
    void rewrite(GraphEdit draft) {
        draft.each(node -> {
            if (node.is("If")) {
                choose(node, draft);
            } else if (node.is("Loop")) {
                unroll(node, draft);
            }
        });
    }

    private static void choose(Node node, GraphEdit draft) {
        var condition = number(node.input(0), draft);
        if (condition == null) {
            return;
        }
        var branch = node.attributes().get(condition != 0 ? "then_branch" : "else_branch");
        if (branch instanceof Attribute.Body body) {
            new Inlining(draft).inline(node, body.value(), List.of(), ends(body.value(), 0), 0);
        }
    }

    private static @Nullable Double number(String value, GraphEdit draft) {
        var constant = draft.constant(value);
        return constant != null && constant.count() == 1 ? Double.valueOf(constant.number(0)) : null;
    }

    private static List<String> ends(Graph body, int first) {
        return body.outputs().stream().skip(first).map(Value::name).toList();
    }

    /** A loop that never runs gives what it was given; of one that runs once each gathered output has one part. */
    private static void unroll(Node node, GraphEdit draft) {
        if (!(node.attributes().get("body") instanceof Attribute.Body body)) {
            return;
        }
        var trips = number(node.input(0), draft);
        var condition = number(node.input(1), draft);
        boolean begins = node.input(1).isEmpty() || (condition != null && condition != 0);
        int carried = Math.max(0, node.inputs().size() - 2);
        int gathered = body.value().outputs().size() - 1 - carried;
        var given = new ArrayList<>(node.inputs()
                .subList(node.inputs().size() - carried, node.inputs().size()));
        boolean never = (trips != null && trips <= 0) || (condition != null && condition == 0);
        if (never && gathered == 0) {
            new Inlining(draft).pass(node, given);
        } else if (trips != null && trips == 1 && begins && gathered >= 0 && (gathered == 0 || draft.opset() >= 13)) {
            given.add(0, draft.add(node.output() + "_running", Tensor.scalar(ValueType.BOOL, 1)));
            given.add(0, draft.add(node.output() + "_trip", Tensor.scalar(ValueType.INT64, 0)));
            new Inlining(draft).inline(node, body.value(), given, ends(body.value(), 1), gathered);
        }
    }
}
