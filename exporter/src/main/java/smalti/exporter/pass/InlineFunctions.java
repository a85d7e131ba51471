package smalti.exporter.pass;

import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Value;
import smalti.exporter.onnx.OnnxFunctions;

/** Puts what a function of the file's own computes in the place of each call. */
final class InlineFunctions implements Pass {
    /** Functions that call others, one in another. */
    private static final int MOST_NESTED = 32;

    /** A few short functions that call one another make any number of nodes. */
    private static final int MOST_NODES = 1_000_000;

    @Override
    public String name() {
        return "functions";
    }

    @Override
    public Model apply(Model model) {
        var functions = OnnxFunctions.of(model);
        if (functions.isEmpty()) {
            return model;
        }
        Model now = model;
        for (int depth = 0; depth < MOST_NESTED; depth++) {
            var calls = new Calls(functions, MOST_NODES - Passes.nodes(now.graph()));
            var graph = calls.inlined(now);
            if (calls.left < 0) {
                return model;
            }
            if (graph == null) {
                return depth == 0 ? model : functions.with(now.graph());
            }
            now = now.with(graph);
        }
        // functions that call themselves
        return model;
    }

    private static final class Calls extends GraphPass {
        private final OnnxFunctions functions;
        private int left;

        Calls(OnnxFunctions functions, int left) {
            super("calls");
            this.functions = functions;
            this.left = left;
        }

        @Nullable
        @SuppressWarnings("ReferenceEquality") // a pass that changes nothing gives the very same model
        Graph inlined(Model model) {
            var changed = apply(model);
            return changed == model ? null : changed.graph();
        }

        @Override
        void rewrite(GraphEdit draft) {
            draft.each(node -> {
                var body = left < 0 ? null : functions.body(node).orElse(null);
                if (body != null) {
                    left -= Passes.nodes(body);
                    var ends = body.outputs().stream().map(Value::name).toList();
                    new Inlining(draft).inline(node, body, node.inputs(), ends, 0);
                }
            });
        }
    }
}
