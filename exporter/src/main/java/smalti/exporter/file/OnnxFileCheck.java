package smalti.exporter.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Operators;
import smalti.exporter.graph.Operators.Operator;
import smalti.exporter.graph.Operators.Option;
import smalti.exporter.graph.Operators.Parameter;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.proof.DeadlyNode;
import smalti.exporter.proof.EngineEndedException;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ProofException;
import smalti.spec.SpecException;

/** Holds any ONNX file to the format's rules: its structure, each operator's own, and whether ONNX Runtime opens it. */
public final class OnnxFileCheck {
    private final int opset;
    private final List<String> problems = new ArrayList<>();

    private OnnxFileCheck(int opset) {
        this.opset = opset;
    }

    /** All that is wrong, one line each; empty of a sound file. */
    public static List<String> problems(Path file) throws IOException {
        return problems(file, true);
    }

    /** What keeps a file that was written from being used, whatever its source lacked. */
    static List<String> faults(Path file) throws IOException {
        return problems(file, false);
    }

    private static List<String> problems(Path file, boolean isStrict) throws IOException {
        ModelSession.prepare();
        OnnxReader.Strict read;
        try {
            read = OnnxReader.readStrictly(file);
        } catch (SpecException e) {
            return e.problems();
        }
        var place = String.valueOf(file.getFileName());
        var model = read.model();
        var check = new OnnxFileCheck(model.opset());
        check.graph(model.graph(), null);
        var problems = new ArrayList<>(isStrict ? read.broken() : List.of());
        check.problems.forEach(problem -> problems.add(place + ": " + problem));
        try (var session = ModelSession.open(file, place)) {
            session.inputs();
        } catch (EngineEndedException e) {
            problems.addAll(DeadlyNode.named(
                            e, model, part -> ModelSession.open(part, place).close())
                    .problems());
        } catch (ProofException e) {
            problems.addAll(e.problems().subList(0, 1));
        }
        return problems;
    }

    private void graph(Graph graph, @Nullable Shapes around) {
        var shapes = Shapes.of(graph, opset, around);
        var names = new HashSet<String>();
        for (var node : graph.nodes()) {
            if (!node.name().isEmpty() && !names.add(node.name())) {
                problem("two nodes are named \"%s\"", node.name());
            }
            if (node.domain().isEmpty()) {
                operator(node, shapes);
            }
            node.bodies().forEach(body -> graph(body, shapes));
        }
        graph.outputs().forEach(output -> declared("output", output, shapes));
        graph.values().forEach(value -> declared("value", value, shapes));
    }

    /** What the file says of a value must not contradict what follows from the nodes. */
    private void declared(String kind, Value value, Shapes shapes) {
        if (!(value.type() instanceof Type.OfTensor declared)) {
            return;
        }
        shapes.element(value.name())
                .filter(element -> element != declared.element())
                .ifPresent(element -> problem(
                        "%s \"%s\" must be of %s, as it is said to be, got %s",
                        kind, value.name(), declared.element(), element));
        var said = declared.shape();
        var inferred = shapes.shape(value.name());
        if (said == null || inferred.isEmpty()) {
            return;
        }
        var got = inferred.get();
        if (said.size() != got.size()) {
            problem(
                    "%s \"%s\" must have %s axes, as it is said to have, got %s",
                    kind, value.name(), said.size(), got.size());
            return;
        }
        for (int axis = 0; axis < said.size(); axis++) {
            var one = said.get(axis);
            var other = got.get(axis);
            if (one.isFixed() && other.isFixed() && one.size() != other.size()) {
                problem(
                        "%s \"%s\" must have the size %s on axis %s, as it is said to have, got %s",
                        kind, value.name(), one.size(), axis, other.size());
            }
        }
    }

    private void operator(Node node, Shapes shapes) {
        var place = "node \"" + (node.name().isEmpty() ? String.join(",", node.outputs()) : node.name()) + "\": "
                + node.op();
        var found = Operators.find(node.op(), opset);
        if (found.isEmpty()) {
            problem("%s is no operator of opset %s", place, opset);
            return;
        }
        var operator = found.get();
        count(place, "inputs", node.inputs().size(), operator.leastInputs(), operator.mostInputs());
        count(place, "outputs", node.outputs().size(), operator.leastOutputs(), operator.mostOutputs());
        for (int i = 0; i < Math.min(node.inputs().size(), operator.inputs().size()); i++) {
            if (node.inputs().get(i).isEmpty() && operator.inputs().get(i).option() == Option.SINGLE) {
                problem(
                        "%s must have the input %s",
                        place, operator.inputs().get(i).name());
            }
        }
        node.attributes().forEach((name, attribute) -> {
            var kind = operator.attributes().get(name);
            if (kind == null) {
                problem("%s must not have the attribute %s", place, name);
            } else if (!(attribute instanceof Attribute.Other) && kind != Operators.kind(attribute)) {
                problem(
                        "%s: attribute %s must be of another kind, got %s",
                        place, name, attribute.getClass().getSimpleName().toLowerCase(Locale.ROOT));
            }
        });
        var missing = new TreeSet<>(operator.required());
        missing.removeAll(node.attributes().keySet());
        missing.forEach(name -> problem("%s must have the attribute %s", place, name));
        types(place, node, operator, shapes);
    }

    private void count(String place, String what, int count, int least, int most) {
        if (count < least || count > most) {
            problem("%s must have from %s to %s %s, got %s", place, least, most, what, count);
        }
    }

    /** Each input's type is allowed, and the same as those of the inputs that share its constraint. */
    private void types(String place, Node node, Operator operator, Shapes shapes) {
        var taken = new HashMap<String, ValueType>();
        for (int i = 0; i < node.inputs().size() && !operator.inputs().isEmpty(); i++) {
            Parameter parameter =
                    operator.inputs().get(Math.min(i, operator.inputs().size() - 1));
            var element = shapes.element(node.inputs().get(i));
            if (node.inputs().get(i).isEmpty() || element.isEmpty()) {
                continue;
            }
            var allowed = operator.constraints().get(parameter.type());
            boolean fits = allowed == null
                    ? !parameter.type().startsWith("tensor(")
                            || parameter.type().equals(element.get().text())
                    : allowed.contains(element.get().text());
            if (!fits) {
                problem(
                        "%s: input %s must be one of %s, got %s",
                        place,
                        parameter.name(),
                        allowed == null ? parameter.type() : String.join(" ", new TreeSet<>(allowed)),
                        element.get().text());
            }
            var other = allowed == null ? null : taken.putIfAbsent(parameter.type(), element.get());
            // the values of a loop may all be of other types
            if (other != null && other != element.get() && parameter.option() != Option.VARIADIC) {
                problem(
                        "%s: input %s must be of %s like those before it, got %s",
                        place, parameter.name(), other.text(), element.get().text());
            }
        }
    }

    private void problem(String problem, Object... received) {
        problems.add(String.format(Locale.ROOT, problem, received));
    }
}
