package smalti.exporter.pass;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;

/** Passes in order, run again and again until none changes anything. */
public final class Passes {
    /** Each round makes the graph smaller; a pair of passes that undid one another must not run for ever. */
    private static final int MOST_ROUNDS = 50;

    private final List<Pass> simplifying;
    private final List<Pass> lowering;

    private Passes(List<Pass> simplifying, List<Pass> lowering) {
        this.simplifying = List.copyOf(simplifying);
        this.lowering = List.copyOf(lowering);
    }

    /** All that make a graph smaller. */
    public static Passes simplifying() {
        return new Passes(
                List.of(
                        new InlineFunctions(),
                        new InlineBranches(),
                        new RemoveDeadNodes(),
                        new RemoveIdentities(),
                        new FoldConstants(),
                        new MergeCommonNodes(),
                        new FoldBatchNormalizations(),
                        new FoldScales(),
                        new MoveScalesUp(),
                        new FoldInputScales(),
                        new MergeScales(),
                        new CancelTransposes(),
                        new MergeReshapes(),
                        new UnpackSequences(),
                        new FuseLayerNormalizations(),
                        new FuseGelus()),
                List.of());
    }

    /**
     * All there are, those included that ready a graph for INT8: in float32 the sub-pixels were measured slower in ONNX
     * Runtime on a CPU than the ConvTranspose.
     */
    public static Passes all() {
        // last: behind a DepthToSpace no scale finds its layer any more
        return new Passes(simplifying().simplifying, List.of(new LowerTransposedConvolutions(), new PlainProducts()));
    }

    /** Writes out calls of a file's own functions. */
    public static Passes inlining() {
        return of(new InlineFunctions());
    }

    /** Some passes, in this order. */
    public static Passes of(Pass... passes) {
        return new Passes(List.of(passes), List.of());
    }

    /** The passes of {@link #all}, one by one. */
    public List<Pass> list() {
        var list = new ArrayList<>(simplifying);
        list.addAll(lowering);
        return list;
    }

    /**
     * @param nodes how many there are in the end, bodies included
     * @param removed nodes that each pass that changed anything took away in all; negative of one that adds nodes
     */
    public record Result(Model model, int nodesBefore, int nodes, Map<String, Integer> removed) {}

    /** The model after all passes. */
    @SuppressWarnings("ReferenceEquality") // as below
    public Result apply(Model model) {
        var removed = new LinkedHashMap<String, Integer>();
        var done = settled(model, simplifying, removed);
        if (!lowering.isEmpty()) {
            var lowered = settled(done, lowering, removed);
            done = lowered == done ? done : settled(lowered, simplifying, removed);
        }
        return new Result(done, nodes(model.graph()), nodes(done.graph()), removed);
    }

    @SuppressWarnings("ReferenceEquality") // a pass that changes nothing gives the very same model
    private static Model settled(Model model, List<Pass> passes, Map<String, Integer> removed) {
        var now = model;
        for (int round = 0; round < MOST_ROUNDS; round++) {
            var before = now;
            for (var pass : passes) {
                var after = pass.apply(now);
                if (after != now) {
                    removed.merge(pass.name(), nodes(now.graph()) - nodes(after.graph()), Integer::sum);
                    now = after;
                }
            }
            if (now == before) {
                return now;
            }
        }
        return now;
    }

    /** How many nodes a graph has, those of bodies included. */
    public static int nodes(Graph graph) {
        return graph.nodes().stream()
                .mapToInt(node ->
                        1 + node.bodies().stream().mapToInt(Passes::nodes).sum())
                .sum();
    }
}
