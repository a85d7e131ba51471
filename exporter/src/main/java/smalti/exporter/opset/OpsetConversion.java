package smalti.exporter.opset;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Names;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Operators;
import smalti.exporter.graph.Operators.Operator;
import smalti.exporter.graph.Operators.Option;
import smalti.exporter.graph.Shapes;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxFunctions;
import smalti.exporter.onnx.OnnxWriter;
import smalti.exporter.pass.Passes;
import smalti.spec.SpecException;

/** Writes a model's nodes in the forms of another opset; operators of other domains stay as they are. */
public final class OpsetConversion {
    /** The first that models are brought to. */
    public static final int FIRST = 13;

    /** The first that models come from: what an operator means differs in more before. */
    private static final int FIRST_SOURCE = 6;

    /** The last that ONNX Runtime runs. */
    public static final int LAST = 26;

    /** How a node goes to another opset. */
    enum Way {
        /** as it is */
        KEPT,
        /** by what took the operator's place before {@link #FIRST} */
        RENAMED,
        /** by what the operator computes */
        DEFINITION,
        /** by the operator's form at {@link #FIRST}, from one before */
        FIRST_FORM,
        /** by the operator's form there */
        FORM
    }

    private static final Map<Way, Map<String, OpsetRule>> RULES = Map.of(
            Way.KEPT,
            Map.of(),
            Way.RENAMED,
            FirstForms.renamed(),
            Way.DEFINITION,
            Stream.of(
                            AttentionRules.rows(),
                            BitRules.rows(),
                            ElementRules.rows(),
                            NormalizationRules.rows(),
                            PictureRules.rows())
                    .flatMap(rows -> rows.entrySet().stream())
                    .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue)),
            Way.FIRST_FORM,
            FirstForms.rows(),
            Way.FORM,
            FormRules.rows());

    /** What attributes that a form lacks may say, for the node to mean the same without them. */
    private static final Map<String, Attribute> NEUTRAL = Map.ofEntries(
            Map.entry("allowzero", Attribute.of(0L)),
            Map.entry("ceil_mode", Attribute.of(0L)),
            Map.entry("layout", Attribute.of(0L)),
            Map.entry("left_window_size", Attribute.of(-1L)),
            Map.entry("reduction", Attribute.of("none")),
            Map.entry("right_window_size", Attribute.of(-1L)),
            Map.entry("round_mode", Attribute.of("up")),
            Map.entry("training_mode", Attribute.of(0L)));

    private final int source;
    private final int target;
    private final Names names;
    private final List<String> problems = new ArrayList<>();

    /** The operators that have a rule of their own, by the way they go. */
    static Map<Way, Set<String>> registered() {
        return RULES.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().keySet()));
    }

    /** The attributes that are left out where a form lacks them and they say what would be done anyway. */
    static Set<String> neutral() {
        return NEUTRAL.keySet();
    }

    private OpsetConversion(int source, int target, Names names) {
        this.source = source;
        this.target = target;
        this.names = names;
    }

    /**
     * Converts a model; the version of its file format follows the opset.
     *
     * @param place of the model, in errors
     * @throws SpecException if one of the opsets is beyond these, or nodes have no form there: all are named
     */
    public static Model convert(Model model, int target, String place) {
        if (target < FIRST || target > LAST) {
            throw new SpecException("--opset must be from " + FIRST + " to " + LAST + ", got " + target);
        }
        return converted(Passes.inlining().apply(model).model(), target, place);
    }

    private static Model converted(Model model, int target, String place) {
        int source = model.opset();
        if (source != 0 && source < FIRST_SOURCE) {
            throw new SpecException(
                    place + ": must be of opset " + FIRST_SOURCE + " or later to be brought to another, got " + source);
        }
        if (source == 0 || source >= FIRST) {
            return step(model, target, place);
        }
        var first = step(model, FIRST, place);
        return target == FIRST ? first : step(first, target, place);
    }

    private static Model step(Model model, int target, String place) {
        var conversion = new OpsetConversion(model.opset(), target, Names.of(model.graph()));
        conversion.functions(model);
        var graph = conversion.graph(model.graph(), null);
        if (!conversion.problems.isEmpty()) {
            throw new SpecException(conversion.problems.stream()
                    .map(problem -> place + ": " + problem)
                    .toList());
        }
        var opsets = new TreeMap<>(model.opsets());
        opsets.put("", target);
        return new Model(
                graph,
                opsets,
                OnnxWriter.irVersion(target),
                model.producer(),
                model.producerVersion(),
                model.metadata(),
                model.rest());
    }

    /** Those that are left could not be written out. */
    private void functions(Model model) {
        for (var function : OnnxFunctions.of(model).names()) {
            problems.add(
                    "the local function \"" + function
                            + "\" must be one that can be written out in the graph: not of another opset, and not calling itself");
        }
    }

    private Graph graph(Graph graph, @Nullable Shapes around) {
        var shapes = Shapes.of(graph, source, around);
        var nodes = new ArrayList<Node>();
        var constants = new LinkedHashMap<String, Constant>(graph.initializers());
        var taken = new HashSet<String>();
        graph.nodes().forEach(node -> taken.addAll(node.uses()));
        graph.outputs().forEach(output -> taken.add(output.name()));
        for (var node : graph.nodes()) {
            var inside = withoutUnused(inside(node, shapes), taken);
            if (!node.domain().isEmpty()) {
                nodes.add(inside);
                continue;
            }
            var site = new NodeConversion(inside, shapes, names, source, target);
            try {
                write(site, graph);
                nodes.addAll(site.written());
                constants.putAll(site.constants());
            } catch (NoForm e) {
                var name = node.name().isEmpty() ? String.join(",", node.outputs()) : node.name();
                problems.add("node \"" + name + "\": " + node.op() + " of opset " + source + " has no form at opset "
                        + target + ": " + e.getMessage());
            }
        }
        // some are thought of and not needed
        var used = new HashSet<String>();
        nodes.forEach(node -> used.addAll(node.uses()));
        constants.keySet().removeIf(name -> !graph.initializers().containsKey(name) && !used.contains(name));
        return graph.with(constants, nodes);
    }

    /** The same node with its bodies converted. */
    private Node inside(Node node, Shapes shapes) {
        if (node.bodies().isEmpty()) {
            return node;
        }
        var attributes = new TreeMap<>(node.attributes());
        attributes.replaceAll((name, attribute) ->
                attribute instanceof Attribute.Body body ? new Attribute.Body(graph(body.value(), shapes)) : attribute);
        return node.withAttributes(attributes);
    }

    /** Outputs that nobody takes and that may be left out need no form. */
    private Node withoutUnused(Node node, Set<String> taken) {
        var form = node.domain().isEmpty() ? Operators.find(node.op(), source).orElse(null) : null;
        if (form == null || form.outputs().isEmpty()) {
            return node;
        }
        var outputs = new ArrayList<>(node.outputs());
        for (int i = outputs.size() - 1; i > 0; i--) {
            var parameter = form.outputs().get(Math.min(i, form.outputs().size() - 1));
            if (parameter.option() == Option.OPTIONAL && !taken.contains(outputs.get(i))) {
                outputs.set(i, "");
            }
            if (outputs.get(i).isEmpty() && i == outputs.size() - 1) {
                outputs.remove(i);
            }
        }
        return outputs.equals(node.outputs()) ? node : node.withOutputs(outputs);
    }

    private void write(NodeConversion site, Graph graph) {
        var node = site.node();
        var way = way(node, source, target);
        var rule = rules(way).get(node.op());
        switch (way) {
            case KEPT -> site.written().add(node);
            case RENAMED -> Objects.requireNonNull(rule).write(site);
            case DEFINITION -> {
                if (rule == null) {
                    throw new NoForm("it came with opset %s", first(node.op()));
                }
                rule.write(site);
            }
            case FIRST_FORM, FORM -> {
                if (rule == null) {
                    site.same(node.attributes(), node.inputs());
                } else {
                    rule.write(site);
                }
                int end = site.written().size() - 1;
                var last = site.written().get(end);
                if (last.op().equals(node.op())) {
                    var form = Operators.find(node.op(), target).orElseThrow();
                    site.written().set(end, fitted(last, form, site, graph));
                }
            }
        }
    }

    private static Map<String, OpsetRule> rules(Way way) {
        return Objects.requireNonNull(RULES.get(way));
    }

    /** How a node goes from one opset to another. */
    static Way way(Node node, int source, int target) {
        if (source < FIRST && rules(Way.RENAMED).containsKey(node.op())) {
            return Way.RENAMED;
        }
        var before = Operators.find(node.op(), source).orElseThrow(() -> new NoForm("there is no such operator"));
        var after = Operators.find(node.op(), target).orElse(null);
        if (after == null || isDefinition(node, source, target, after)) {
            return Way.DEFINITION;
        }
        if (before.since() == after.since()) {
            return Way.KEPT;
        }
        return source < FIRST ? Way.FIRST_FORM : Way.FORM;
    }

    /** Whether the operator exists there, and yet the node can be said or run by its definition alone. */
    private static boolean isDefinition(Node node, int source, int target, Operator after) {
        return switch (node.op()) {
            // ONNX Runtime has it at opset 24 alone
            case "Swish" -> target > 24;
            // one scale a group became one a channel
            case "GroupNormalization" -> source < 21 != target < 21;
            // the length of what is filled came with opset 24, windows with opset 25
            case "Attention" ->
                node.inputs().size() > after.mostInputs()
                        || (target < 25
                                && (node.whole("left_window_size", -1) >= 0
                                        || node.whole("right_window_size", -1) >= 0));
            default -> false;
        };
    }

    private static int first(String op) {
        for (int opset = 1; opset <= LAST; opset++) {
            if (Operators.find(op, opset).isPresent()) {
                return opset;
            }
        }
        return LAST + 1;
    }

    /** Holds a node to the form of the other opset. */
    private static Node fitted(Node node, Operator form, NodeConversion site, Graph graph) {
        var attributes = new TreeMap<>(node.attributes());
        node.attributes().forEach((name, attribute) -> {
            var kind = form.attributes().get(name);
            if (kind != null) {
                return;
            }
            if (attribute.equals(NEUTRAL.get(name)) || isOfOnes(name, attribute) || isUnheeded(node, name)) {
                attributes.remove(name);
            } else {
                throw new NoForm("its attribute %s has no place there", name);
            }
        });
        if (node.inputs().size() > form.mostInputs()) {
            throw new NoForm(
                    "it takes at most %s inputs there, got %s",
                    form.mostInputs(), node.inputs().size());
        }
        if (node.outputs().size() > form.mostOutputs()) {
            throw new NoForm(
                    "it makes at most %s outputs there, got %s",
                    form.mostOutputs(), node.outputs().size());
        }
        for (int i = 0; i < node.inputs().size() && !form.inputs().isEmpty(); i++) {
            var parameter = form.inputs().get(Math.min(i, form.inputs().size() - 1));
            var allowed = form.constraints().get(parameter.type());
            var type = typeOf(node.inputs().get(i), site, i, graph);
            if (node.inputs().get(i).isEmpty() && parameter.option() == Option.SINGLE) {
                throw new NoForm("it must have the input %s there", parameter.name());
            }
            if (allowed != null && type != null && !allowed.contains(type)) {
                throw new NoForm("its input %s cannot be %s there", parameter.name(), type);
            }
        }
        if (node.op().equals("Cast") && node.attributes().get("to") instanceof Attribute.Int to) {
            var type = TypeTexts.of((int) to.value());
            if (!Objects.requireNonNull(form.constraints().get("T2")).contains(type)) {
                throw new NoForm("there is no %s there", type);
            }
        }
        return node.withAttributes(attributes);
    }

    private static boolean isOfOnes(String name, Attribute attribute) {
        return name.equals("dilations")
                && attribute instanceof Attribute.Ints sizes
                && sizes.values().stream().allMatch(size -> size == 1);
    }

    /**
     * Of a cast to anything but the smallest floats nothing is saturated or rounded otherwise. A size of 0 can only be meant
     * for a tensor without numbers, of which at most the shape becomes another.
     */
    private static boolean isUnheeded(Node node, String name) {
        boolean isOfRounding = name.equals("saturate") || name.equals("round_mode");
        return name.equals("allowzero")
                || (isOfRounding
                        && (!node.op().equals("Cast")
                                || ValueType.ofOnnxCode((int) node.whole("to", 0))
                                        .isPresent()));
    }

    private static @Nullable String typeOf(String value, NodeConversion site, int index, Graph graph) {
        if (index < site.node().inputs().size() && value.equals(site.input(index))) {
            var known = site.knownType(index);
            if (known.isPresent()) {
                return known.get().text();
            }
        }
        var constant = graph.initializers().get(value);
        return constant == null ? null : TypeTexts.of(constant.onnxCode());
    }
}
