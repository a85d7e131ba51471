package smalti.exporter.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.TreeSet;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.onnx.Annotations;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Form;
import smalti.exporter.proof.ProofException;
import smalti.spec.SpecException;

/** Tells two ONNX files apart. */
public final class OnnxDiff {
    private OnnxDiff() {}

    /**
     * @param structure what differs of the graphs, one line each
     * @param weights what differs of the constants, one line each
     * @param outputs what differs in ONNX Runtime on inputs made up from a seed, beyond 1e-4 of the range
     * @param difference the largest of the outputs, as a share of the range; empty where none could be compared
     */
    public record Differences(
            List<String> structure, List<String> weights, List<String> outputs, OptionalDouble difference) {
        public boolean none() {
            return structure.isEmpty() && weights.isEmpty() && outputs.isEmpty();
        }
    }

    /** @throws SpecException if a file is unsound */
    public static Differences of(Path one, Path other, long seed) throws IOException {
        return of(one, other, ProofOptions.defaults().withSeed(seed));
    }

    /** The same, compared as the options say. */
    public static Differences of(Path one, Path other, ProofOptions options) throws IOException {
        return options.limits().during(() -> compared(one, other, options));
    }

    private static Differences compared(Path one, Path other, ProofOptions options) throws IOException {
        ModelSession.prepare();
        var a = OnnxReader.read(one);
        var b = OnnxReader.read(other);
        var structure = structure(a, b);
        var weights = weights(a.graph(), b.graph());
        var outputs = new ArrayList<String>();
        var difference = OptionalDouble.empty();
        if (!names(a.graph().inputs()).equals(names(b.graph().inputs()))) {
            outputs.add("not compared: the inputs differ");
        } else {
            try {
                boolean random = RandomSeeds.isRandom(a) || RandomSeeds.isRandom(b);
                var unseen = new ArrayList<String>();
                var distance = distance(Compared.of(one, a, random), Compared.of(other, b, random), options, unseen);
                outputs.addAll(distance.problems());
                if (!structure.isEmpty() || !weights.isEmpty()) {
                    outputs.addAll(unseen);
                }
                difference = distance.isOfAny() ? OptionalDouble.of(distance.worst()) : OptionalDouble.empty();
            } catch (NotRun e) {
                outputs.add("not compared: " + e.getMessage());
            }
        }
        return new Differences(structure, weights, outputs, difference);
    }

    /** One of the two takes no inputs that the other takes. */
    private static final class NotRun extends Exception {
        private static final long serialVersionUID = 1;

        NotRun(RuntimeException cause) {
            super(String.valueOf(cause.getMessage()).lines().findFirst().orElse(""), cause);
        }
    }

    /**
     * As written and fused: a fault of one fusion in both files would hide itself.
     *
     * @param unseen gets a line for each output that could not be compared
     */
    private static Distance distance(Compared one, Compared other, ProofOptions options, List<String> unseen)
            throws NotRun {
        try {
            SeededRun run;
            try (var session = one.open(Form.AS_WRITTEN)) {
                run = SeededRun.of(session, one.model(), options, one.place());
            }
            unseen.addAll(Seen.of(run.outputs()).notes());
            var asWritten = distance(run, one, other, Form.AS_WRITTEN);
            return asWritten.problems().isEmpty() ? distance(run, one, other, Form.FUSED) : asWritten;
        } catch (ProofException | SpecException e) {
            throw new NotRun(e);
        }
    }

    private static Distance distance(SeededRun run, Compared one, Compared other, Form form) {
        // in fresh sessions: one that ran before goes on in the row of its random numbers
        try (var first = one.open(form);
                var second = other.open(form)) {
            return run.again(first).distance(run.again(second));
        }
    }

    /**
     * One of the two files.
     *
     * @param model as it is run: with seeds for random operators, and made of tensors where Java feeds no other inputs
     * @param isMade whether it is another than that of the file
     */
    private record Compared(Path file, Model model, boolean isMade) {
        @SuppressWarnings("ReferenceEquality") // nothing made gives the very same model
        static Compared of(Path file, Model model, boolean isRandom) {
            var fed = Feeding.of(isRandom ? RandomSeeds.set(model) : model);
            return new Compared(file, fed, fed != model);
        }

        String place() {
            return String.valueOf(file.getFileName());
        }

        ModelSession open(Form form) {
            return isMade ? ModelSession.open(model, place(), form) : ModelSession.open(file, place(), form);
        }
    }

    private static List<String> names(List<Value> values) {
        return values.stream().map(Value::name).toList();
    }

    private static List<String> structure(Model a, Model b) {
        var lines = new ArrayList<String>();
        differ(lines, "IR version", a.irVersion(), b.irVersion());
        differ(lines, "opsets", a.opsets(), b.opsets());
        differ(lines, "metadata", a.metadata(), b.metadata());
        Annotations.dropped(a, b).forEach(line -> lines.add("only the first has the " + line));
        Annotations.dropped(b, a).forEach(line -> lines.add("only the second has the " + line));
        ends(lines, "input", a.graph().inputs(), b.graph().inputs());
        ends(lines, "output", a.graph().outputs(), b.graph().outputs());
        var ops = counts(a.graph());
        var others = counts(b.graph());
        var all = new TreeSet<>(ops.keySet());
        all.addAll(others.keySet());
        for (var op : all) {
            differ(lines, op + " nodes", ops.getOrDefault(op, 0), others.getOrDefault(op, 0));
        }
        var nodes = byOutput(b.graph());
        for (var node : a.graph().nodes()) {
            var same = nodes.get(key(node));
            if (same != null) {
                node(lines, node, same);
            }
        }
        return lines;
    }

    private static void differ(List<String> lines, String what, Object one, Object other) {
        if (!one.equals(other)) {
            lines.add(what + ": " + one + " against " + other);
        }
    }

    private static void ends(List<String> lines, String what, List<Value> ones, List<Value> others) {
        for (int i = 0; i < Math.max(ones.size(), others.size()); i++) {
            var one = i < ones.size() ? shown(ones.get(i)) : "none";
            var other = i < others.size() ? shown(others.get(i)) : "none";
            differ(lines, what + " " + i, one, other);
        }
    }

    private static String shown(Value value) {
        return value.type() instanceof Type.OfTensor tensor
                ? value.name() + " " + tensor.element().text() + " "
                        + (tensor.shape() == null ? "of any rank" : tensor.shape())
                : value.name() + " of no tensor type";
    }

    private static Map<String, Integer> counts(Graph graph) {
        var counts = new TreeMap<String, Integer>();
        graph.nodes().forEach(node -> counts.merge(node.op(), 1, Integer::sum));
        return counts;
    }

    private static String key(Node node) {
        return String.join(",", node.outputs());
    }

    private static Map<String, Node> byOutput(Graph graph) {
        var nodes = new TreeMap<String, Node>();
        graph.nodes().forEach(node -> nodes.put(key(node), node));
        return nodes;
    }

    private static void node(List<String> lines, Node one, Node other) {
        var place = "node of " + key(one);
        differ(lines, place, one.op(), other.op());
        differ(lines, place + ", inputs", one.inputs(), other.inputs());
        if (one.op().equals(other.op()) && !one.attributes().equals(other.attributes())) {
            var names = new TreeSet<>(one.attributes().keySet());
            names.addAll(other.attributes().keySet());
            for (var name : names) {
                var before = one.attributes().get(name);
                var after = other.attributes().get(name);
                if (before == null || !before.equals(after)) {
                    lines.add(place + ", attribute " + name + ": "
                            + (before == null ? "absent" : after == null ? "there" : "one value") + " against "
                            + (before == null ? "there" : after == null ? "absent" : "another"));
                }
            }
        }
    }

    private static String text(Graph graph, String name) {
        var constant = graph.initializers().get(name);
        if (constant == null) {
            return "none";
        }
        return (constant instanceof Tensor tensor ? tensor.type() : "type " + constant.onnxCode()) + " "
                + constant.dims();
    }

    private static List<String> weights(Graph a, Graph b) {
        var lines = new ArrayList<String>();
        var names = new TreeSet<>(a.initializers().keySet());
        names.addAll(b.initializers().keySet());
        for (var name : names) {
            Constant constant = a.initializers().get(name);
            Constant same = b.initializers().get(name);
            if (!text(a, name).equals(text(b, name))) {
                differ(lines, "constant " + name, text(a, name), text(b, name));
            } else if (constant instanceof Tensor one
                    && !one.equals(same)
                    && same instanceof Tensor other
                    && one.type().isFloat()) {
                double worst = 0;
                for (int i = 0; i < one.count(); i++) {
                    worst = Math.max(worst, Math.abs(one.number(i) - other.number(i)));
                }
                lines.add(String.format(Locale.ROOT, "constant %s differs by at most %.3g", name, worst));
            } else if (!Objects.equals(constant, same)) {
                lines.add("constant " + name + " differs");
            }
        }
        return lines;
    }
}
