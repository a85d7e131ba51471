package smalti.exporter.lowering;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.GraphAssembler;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.samediff.SourceGraph;
import smalti.exporter.samediff.SourceOp;
import smalti.exporter.samediff.SourceValue;

/**
 * What a lowering reads an operation's surroundings from and writes its nodes to.
 *
 * <p>Most lowerings take their inputs as {@link Piece}s, {@link #apply} operators to them, and {@link #give} the result;
 * where ONNX Runtime has no kernel for a type, {@link #apply} casts and {@link #notes} says so.
 */
final class Emitter {
    private final SourceGraph source;
    private final GraphAssembler graph;
    private final int opset;
    private final Map<String, String> initializers = new HashMap<>();
    private final List<String> notes = new ArrayList<>();

    /** Operators whose output is of one type whatever they take. */
    private static final Map<String, ValueType> OUTPUTS = Map.ofEntries(
            entry("Equal", ValueType.BOOL),
            entry("Greater", ValueType.BOOL),
            entry("GreaterOrEqual", ValueType.BOOL),
            entry("Less", ValueType.BOOL),
            entry("LessOrEqual", ValueType.BOOL),
            entry("IsNaN", ValueType.BOOL),
            entry("IsInf", ValueType.BOOL),
            entry("ArgMax", ValueType.INT64),
            entry("ArgMin", ValueType.INT64),
            entry("Shape", ValueType.INT64),
            entry("Size", ValueType.INT64),
            entry("NonZero", ValueType.INT64));

    /** A value on the way, with its type. */
    record Piece(String name, ValueType type) {}

    Emitter(SourceGraph source, GraphAssembler graph, int opset) {
        this.source = source;
        this.graph = graph;
        this.opset = opset;
    }

    /** The opset that is written. */
    int opset() {
        return opset;
    }

    /** What a reader of the export should know, such as computations in less than the type's precision. */
    List<String> notes() {
        return notes;
    }

    void note(SourceOp op, String text) {
        notes.add("op \"" + op.op() + "\" at node " + op.name() + ": " + text);
    }

    /** How many inputs the operation has. */
    boolean has(SourceOp op, int index) {
        return op.inputs().size() > index;
    }

    /** The operation's input. */
    Piece in(SourceOp op, int index) {
        require(has(op, index), "input %s is needed, got %s", index, op.inputs());
        return new Piece(input(op, index), value(op, index).type());
    }

    /** All of the operation's inputs. */
    List<Piece> ins(SourceOp op) {
        var pieces = new ArrayList<Piece>();
        for (int i = 0; i < op.inputs().size(); i++) {
            pieces.add(in(op, i));
        }
        return pieces;
    }

    Piece apply(SourceOp op, String onnx, Piece... inputs) {
        return apply(op, onnx, Map.of(), inputs);
    }

    /** The first output of an operator; of the type of its inputs unless the operator says otherwise. */
    Piece apply(SourceOp op, String onnx, Map<String, Attribute> attributes, Piece... inputs) {
        return applyAll(op, 1, onnx, attributes, inputs).get(0);
    }

    /** The outputs of an operator, all of the type of its inputs. */
    List<Piece> applyAll(SourceOp op, int outputs, String onnx, Map<String, Attribute> attributes, Piece... inputs) {
        // the input whose type the operator's kernels differ in
        int typed = onnx.equals("Where") ? 1 : onnx.equals("OneHot") ? 2 : 0;
        if (inputs.length == 0) {
            throw new IllegalArgumentException(onnx + " without inputs has a type of its own");
        }
        var type = inputs[typed].type();
        var computed = Kernels.nearest(onnx, type)
                .orElseThrow(() -> new NotCovered("ONNX Runtime computes no " + onnx + " of " + type + " nor near it"));
        if (computed != type) {
            note(
                    op,
                    onnx + " of " + type + " is computed in " + computed
                            + (Kernels.isExact(type, computed) ? "" : ", which holds less"));
        }
        var names = new ArrayList<String>();
        for (int i = 0; i < inputs.length; i++) {
            names.add((inputs[i].type() == type && i >= typed ? cast(op, inputs[i], computed) : inputs[i]).name());
        }
        var hints = new ArrayList<String>();
        for (int i = 0; i < outputs; i++) {
            hints.add(output(op) + "/" + onnx.toLowerCase(Locale.ROOT));
        }
        var made = graph.node(hints, onnx, names, attributes);
        var fixed = OUTPUTS.get(onnx);
        return made.stream()
                .map(name -> fixed != null ? new Piece(name, fixed) : cast(op, new Piece(name, computed), type))
                .toList();
    }

    /** An operator whose output type is given, such as Cast or a random one; nothing is cast around it. */
    Piece make(SourceOp op, ValueType type, String onnx, Map<String, Attribute> attributes, Piece... inputs) {
        require(
                opset <= Kernels.lastOpset(onnx),
                "ONNX Runtime has no kernel for %s beyond opset %s, and %s is written; lower the opset",
                onnx,
                Kernels.lastOpset(onnx),
                opset);
        var names = Arrays.stream(inputs).map(Piece::name).toList();
        return new Piece(graph.node(output(op) + "/" + onnx.toLowerCase(Locale.ROOT), onnx, names, attributes), type);
    }

    Piece cast(SourceOp op, Piece piece, ValueType type) {
        return piece.type() == type
                ? piece
                : make(op, type, "Cast", Map.of("to", Attribute.of((long) type.onnxCode())), piece);
    }

    /** A scalar constant. */
    Piece number(SourceOp op, ValueType type, double value) {
        return constant(op, Tensor.scalar(type, value));
    }

    /** Sizes or axes as a constant. */
    Piece longs(SourceOp op, long... values) {
        return constant(op, Tensor.of(values, values.length));
    }

    Piece longs(SourceOp op, List<Long> values) {
        return constant(op, Tensor.sizes(values));
    }

    Piece constant(SourceOp op, Tensor tensor) {
        return new Piece(graph.constant(output(op) + "/constant", tensor), tensor.type());
    }

    /** What a loop does at one step. */
    @FunctionalInterface
    interface Body {
        Step at(Emitter inside, List<Piece> states, List<Piece> elements);
    }

    /**
     * What one step of a loop makes.
     *
     * @param states for the next step
     * @param outputs of this step
     */
    record Step(List<Piece> states, List<Piece> outputs) {}

    /**
     * Runs a body along axis 0 of sequences, whose size may be free; the body may take any value around it.
     *
     * @return the last states, then the outputs of all steps along a new axis 0
     */
    List<Piece> scan(SourceOp op, List<Piece> states, List<Piece> sequences, Body body) {
        var builder = graph.inside();
        var inside = new Emitter(source, builder, opset);
        var inputs = new ArrayList<Value>();
        var stateIn = ends(op, builder, states, inputs);
        var elements = ends(op, builder, sequences, inputs);
        var step = body.at(inside, stateIn, elements);
        notes.addAll(inside.notes());
        var made = new ArrayList<>(step.states());
        made.addAll(step.outputs());
        var outputs = new LinkedHashMap<Value, String>();
        var bound = new HashMap<String, String>();
        for (var piece : made) {
            var end = builder.reserveNear(output(op) + "/step");
            // what is a state and an output has the name of the state by now
            builder.bind(bound.getOrDefault(piece.name(), piece.name()), end);
            bound.putIfAbsent(piece.name(), end);
            outputs.put(unshaped(end, piece.type()), end);
        }
        var attributes = Map.of(
                "num_scan_inputs",
                Attribute.of((long) sequences.size()),
                "body",
                new Attribute.Body(builder.build(output(op) + "/body", inputs, outputs)));
        var given = Stream.concat(states.stream(), sequences.stream())
                .map(Piece::name)
                .toList();
        var hints = made.stream().map(piece -> output(op) + "/scan").toList();
        var names = graph.node(hints, "Scan", given, attributes);
        var result = new ArrayList<Piece>();
        for (int i = 0; i < names.size(); i++) {
            result.add(new Piece(names.get(i), made.get(i).type()));
        }
        return result;
    }

    private static List<Piece> ends(SourceOp op, GraphAssembler builder, List<Piece> outside, List<Value> inputs) {
        var pieces = new ArrayList<Piece>();
        for (var piece : outside) {
            var name = builder.reserveNear(output(op) + "/element");
            inputs.add(unshaped(name, piece.type()));
            pieces.add(new Piece(name, piece.type()));
        }
        return pieces;
    }

    private static Value unshaped(String name, ValueType type) {
        return new Value(name, type, null, Value.Layout.PLAIN);
    }

    /** An input left out. */
    static Piece none() {
        return new Piece("", ValueType.FLOAT32);
    }

    /** The operation's only output, or its first. */
    void give(SourceOp op, Piece piece) {
        give(op, 0, piece);
    }

    /** One of the operation's outputs, cast to its type. */
    void give(SourceOp op, int index, Piece piece) {
        var output = op.outputs().get(index);
        graph.bind(cast(op, piece, shaped(output).type()).name(), output);
    }

    /** The ONNX value of the operation's input; a constant becomes an initializer at its first use. */
    String input(SourceOp op, int index) {
        var variable = op.inputs().get(index);
        var tensor = source.constants().get(variable);
        return tensor == null
                ? variable
                : initializers.computeIfAbsent(variable, name -> graph.constant(name + "/value", tensor));
    }

    /** The operation's input where it is a constant. */
    @Nullable
    Tensor constant(SourceOp op, int index) {
        return source.constants().get(op.inputs().get(index));
    }

    /**
     * The operation's input, which must be a constant.
     *
     * @param what the input is for, in the error
     */
    Tensor constant(SourceOp op, int index, String what) {
        var tensor = constant(op, index);
        if (tensor == null) {
            throw new NotCovered(
                    what + " must be a constant, got \"" + op.inputs().get(index) + "\"");
        }
        return tensor;
    }

    SourceValue value(SourceOp op, int index) {
        return shaped(op.inputs().get(index));
    }

    ValueType outputType(SourceOp op) {
        return shaped(op.outputs().get(0)).type();
    }

    /** The sizes of the operation's first output, which must be the same in every run. */
    List<Long> outputShape(SourceOp op) {
        var value = shaped(op.outputs().get(0));
        require(!value.fixed().contains(false), "the output must be of a fixed size, got %s", value);
        return value.sampleShape();
    }

    private SourceValue shaped(String variable) {
        var value = source.values().get(variable);
        if (value == null) {
            throw new NotCovered("nothing is known of \"" + variable + "\"");
        }
        return value;
    }

    /**
     * Adds an initializer for this operation.
     *
     * @return its name
     */
    String constant(SourceOp op, String role, Tensor tensor) {
        return graph.constant(output(op) + "/" + role, tensor);
    }

    /**
     * Adds a node on the way to the output.
     *
     * @return its output
     */
    String step(SourceOp op, String role, String onnx, List<String> inputs, Map<String, Attribute> attributes) {
        return graph.node(output(op) + "/" + role, onnx, inputs, attributes);
    }

    /** Adds the node that makes the operation's output. */
    void finish(SourceOp op, String onnx, List<String> inputs, Map<String, Attribute> attributes) {
        graph.nodeInto(output(op), onnx, inputs, attributes);
    }

    void finish(SourceOp op, String onnx, String... inputs) {
        finish(op, onnx, List.of(inputs), Map.of());
    }

    private static String output(SourceOp op) {
        return op.outputs().get(0);
    }

    /** @throws NotCovered unless the rule holds */
    static void require(boolean holds, String rule, Object... received) {
        if (!holds) {
            throw new NotCovered(String.format(java.util.Locale.ROOT, rule, received));
        }
    }

    /** An axis of a tensor of that rank, counted from the front. */
    static long axis(long axis, int rank) {
        require(axis >= -rank && axis < rank, "the axis must be from %s to %s, got %s", -rank, rank - 1, axis);
        return axis < 0 ? axis + rank : axis;
    }
}
