package smalti.exporter.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.proto.AttributeProto;
import smalti.exporter.proto.AttributeProto.AttributeType;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.NodeProto;
import smalti.exporter.proto.TensorProto;
import smalti.exporter.proto.TypeProto;
import smalti.exporter.proto.ValueInfoProto;
import smalti.spec.SpecException;

/**
 * Reads an ONNX file from anywhere. All is kept, if only as bytes. Nodes in the wrong order are sorted.
 *
 * <p>A hostile file ends in a {@link SpecException} within memory of a few times its size: a scan counts what it holds
 * before anything is built, and no array is allocated that the file has no data for.
 */
public final class OnnxReader {
    private static final int MOST_NESTED_GRAPHS = 16;
    private static final int MOST_PROBLEMS = 20;
    private static final int LAST_OPSET = 10_000;
    private static final int PIECE = 1 << 20;

    /** Files of more bytes are mapped. Smaller ones are read, so that nothing that happens to the file can matter later. */
    private static final int LEAST_MAPPED = 1 << 26;

    private final String place;
    private final Tensors tensors;
    private final Map<String, Integer> opsets = new HashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();

    private OnnxReader(String place, Tensors tensors) {
        this.place = place;
        this.tensors = tensors;
    }

    /**
     * Reads a file; large weights, in the file or in files of their own in its folder, are mapped and not copied.
     *
     * @throws SpecException if it is no sound ONNX model; the message names the file, the rule and what was received
     */
    public static Model read(Path file) throws IOException {
        return readStrictly(file).model();
    }

    /**
     * A model, and what of its file breaks ONNX's rules and can be read all the same.
     *
     * @param broken one line each, with the file's name
     */
    public record Strict(Model model, List<String> broken) {
        public Strict {
            broken = List.copyOf(broken);
        }
    }

    /**
     * The same, and what is broken.
     *
     * @throws SpecException as {@link #read}
     */
    public static Strict readStrictly(Path file) throws IOException {
        var place = String.valueOf(file.getFileName());
        var parent = file.toAbsolutePath().getParent();
        var reader = new OnnxReader(place, new Tensors(place, parent));
        var model = reader.model(bytes(file));
        return new Strict(model, reader.broken);
    }

    /**
     * The files that weights of a model lie in, as the model names them, whether or not they are there.
     *
     * @throws SpecException if it is no ONNX model
     */
    static Set<String> locations(Path file) throws IOException {
        var place = String.valueOf(file.getFileName());
        try {
            return Scan.of(Structure.of(bytes(file)).message(), place).locations();
        } catch (InvalidProtocolBufferException e) {
            throw unreadable(place, e);
        }
    }

    private static ByteBuffer bytes(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new SpecException(
                    file + ": must be an ONNX file, got " + (Files.exists(file) ? "a folder" : "nothing of that name"));
        }
        long size = Files.size(file);
        if (size > Integer.MAX_VALUE - 16) {
            throw new SpecException(file.getFileName() + ": must have at most 2 GB, got " + size + " bytes");
        }
        if (size >= LEAST_MAPPED) {
            try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
                return channel.map(FileChannel.MapMode.READ_ONLY, 0, size);
            }
        }
        return ByteBuffer.wrap(bytes(file, (int) size));
    }

    /** In pieces: Java reads each by a buffer of its size outside of the heap. */
    private static byte[] bytes(Path file, int size) throws IOException {
        var bytes = new byte[size];
        try (var in = Files.newInputStream(file)) {
            int at = 0;
            while (at < size) {
                int read = in.read(bytes, at, Math.min(PIECE, size - at));
                if (read < 0) {
                    throw new IOException(file + " shrank while it was read");
                }
                at += read;
            }
        }
        return bytes;
    }

    /**
     * Reads the bytes of a file.
     *
     * @param place names them in errors
     * @throws SpecException if they are no sound ONNX model, or one with weights in files of their own
     */
    public static Model parse(byte[] bytes, String place) throws IOException {
        return new OnnxReader(place, new Tensors(place, null)).model(ByteBuffer.wrap(bytes));
    }

    /**
     * Reads the bytes of a file that holds one tensor, a TensorProto.
     *
     * @param place names them in errors
     * @throws SpecException if they are no such tensor
     */
    public static Constant constant(byte[] bytes, String place) throws IOException {
        try {
            return new Tensors(place, null).constant(TensorProto.parseFrom(bytes), "tensor");
        } catch (InvalidProtocolBufferException e) {
            throw new SpecException(place + ": must be a tensor, and is not (" + e.getMessage() + ")", e);
        }
    }

    /**
     * Reads a graph that stands in no file of its own.
     *
     * @param opsets of its nodes
     * @throws SpecException if it is unsound
     */
    static Graph graph(GraphProto proto, Map<String, Integer> opsets, String place) throws IOException {
        var reader = new OnnxReader(place, new Tensors(place, null));
        reader.opsets.putAll(opsets);
        var graph = reader.graph(proto, List.of(), 0, null);
        reader.refuse();
        return graph;
    }

    private Model model(ByteBuffer bytes) throws IOException {
        ModelProto proto;
        List<@Nullable ByteBuffer> weights;
        try {
            var structure = Structure.of(bytes);
            weights = structure.weights();
            Scan.of(structure.message(), place);
            var stream = CodedInputStream.newInstance(structure.message());
            stream.enableAliasing(true);
            stream.setRecursionLimit(Scan.MOST_DEPTH);
            proto = Overloads.named(ModelProto.parseFrom(stream));
        } catch (InvalidProtocolBufferException e) {
            throw unreadable(place, e);
        }
        if (!proto.hasGraph()) {
            throw new SpecException(place + ": must be an ONNX model with a graph, got none");
        }
        if (proto.getIrVersion() < 1 || proto.getIrVersion() > LAST_OPSET) {
            problem("ir_version must be from 1 to %s, got %s", LAST_OPSET, proto.getIrVersion());
        }
        for (var imported : proto.getOpsetImportList()) {
            if (imported.getVersion() < 1 || imported.getVersion() > LAST_OPSET) {
                problem(
                        "the version of opset \"%s\" must be from 1 to %s, got %s",
                        imported.getDomain(), LAST_OPSET, imported.getVersion());
            } else {
                var before = opsets.put(domain(imported.getDomain()), (int) imported.getVersion());
                if (before != null && before != imported.getVersion()) {
                    problem(
                            "the opset \"%s\" must be imported in one version, got %s and %s",
                            imported.getDomain(), before, imported.getVersion());
                }
            }
        }
        if (opsets.isEmpty()) {
            problem("a model must import an opset, got none");
        }
        refuse();
        var metadata = new TreeMap<String, String>();
        proto.getMetadataPropsList().forEach(entry -> metadata.put(entry.getKey(), entry.getValue()));
        var graph = graph(proto.getGraph(), weights, 0, null);
        refuse();
        FormatRules.broken(proto).forEach(rule -> broken.add(place + ": " + rule));
        var rest = proto.toBuilder()
                .clearGraph()
                .clearIrVersion()
                .clearOpsetImport()
                .clearMetadataProps()
                .clearProducerName()
                .clearProducerVersion()
                .build();
        return new Model(
                graph,
                new TreeMap<>(opsets),
                proto.getIrVersion(),
                proto.getProducerName(),
                proto.getProducerVersion(),
                metadata,
                rest.toByteString().asReadOnlyByteBuffer());
    }

    static String domain(String name) {
        return name.equals("ai.onnx") ? "" : name;
    }

    private static SpecException unreadable(String place, InvalidProtocolBufferException e) {
        return new SpecException(
                place + ": must be an ONNX model, and is not, or not all of it (" + e.getMessage() + ")", e);
    }

    /** What a body sees of the graphs around it. */
    private record Scope(Set<String> names, @Nullable Scope around) {
        boolean has(String name) {
            return names.contains(name) || sees(around, name);
        }
    }

    private static boolean sees(@Nullable Scope scope, String name) {
        return scope != null && scope.has(name);
    }

    /** @param weights the data of initializers that lies elsewhere; the rest of the list is null or not there */
    private Graph graph(GraphProto proto, List<@Nullable ByteBuffer> weights, int depth, @Nullable Scope around)
            throws IOException {
        if (depth > MOST_NESTED_GRAPHS) {
            throw new SpecException(
                    place + ": graphs must lie at most " + MOST_NESTED_GRAPHS + " deep in one another, got more");
        }
        var inputs = proto.getInputList().stream().map(OnnxReader::value).toList();
        var outputs = proto.getOutputList().stream().map(OnnxReader::value).toList();
        var initializers = new LinkedHashMap<String, Constant>();
        for (int i = 0; i < proto.getInitializerCount(); i++) {
            var initializer = proto.getInitializer(i);
            var data = i < weights.size() ? weights.get(i) : null;
            var constant = tensors.constant(initializer, data, "initializer \"" + initializer.getName() + "\"");
            define(initializers, initializer.getName(), constant);
        }
        for (var sparse : proto.getSparseInitializerList()) {
            define(initializers, sparse.getValues().getName(), tensors.sparse(sparse));
        }
        var own = new HashSet<>(initializers.keySet());
        inputs.forEach(input -> own.add(input.name()));
        proto.getNodeList().forEach(node -> own.addAll(node.getOutputList()));
        var visible = new Scope(own, around);
        var nodes = new ArrayList<Node>();
        for (var node : proto.getNodeList()) {
            nodes.add(node(node, depth, visible));
        }
        var made = names(inputs, outputs, initializers, nodes);
        // sorting needs names that are sound
        refuse();
        var order = NodeOrder.of(nodes, made, name -> sees(around, name));
        order.problems().forEach(problem -> problem("%s", problem));
        order.misplaced().stream()
                .limit(MOST_PROBLEMS - broken.size())
                .forEach(node -> broken.add(place + ": " + node));
        var values = proto.getValueInfoList().stream()
                .map(OnnxReader::value)
                .filter(value -> made.contains(value.name()))
                .toList();
        for (var output : outputs) {
            if (!made.contains(output.name()) && !sees(around, output.name())) {
                problem("output \"%s\" of graph \"%s\" is made by nothing", output.name(), proto.getName());
            }
        }
        return new Graph(
                proto.getName(),
                inputs,
                outputs,
                initializers,
                order.nodes(),
                values,
                Remarks.keep(proto).toByteString().asReadOnlyByteBuffer());
    }

    private void define(Map<String, Constant> initializers, String name, Constant constant) {
        if (name.isEmpty()) {
            problem("an initializer must have a name, got none");
        } else if (initializers.put(name, constant) != null) {
            problem("two initializers are named \"%s\"", name);
        }
    }

    /** Every value of a graph, once each is known to be made once. */
    private Set<String> names(
            List<Value> inputs, List<Value> outputs, Map<String, Constant> initializers, List<Node> nodes) {
        var made = new HashSet<String>();
        for (var input : inputs) {
            if (input.name().isEmpty() || !made.add(input.name())) {
                problem("inputs must have names of their own, got \"%s\"", input.name());
            }
        }
        made.addAll(initializers.keySet());
        for (var node : nodes) {
            for (var output : node.outputs()) {
                if (!output.isEmpty() && !made.add(output)) {
                    problem("the value \"%s\" is made twice, the second time by %s", output, NodeOrder.told(node));
                }
            }
        }
        var told = new HashSet<String>();
        for (var output : outputs) {
            if (!told.add(output.name())) {
                problem("two outputs are named \"%s\"", output.name());
            }
        }
        return made;
    }

    private Node node(NodeProto proto, int depth, Scope visible) throws IOException {
        var domain = domain(proto.getDomain());
        var told = "node \"" + (proto.getName().isEmpty() ? String.join(",", proto.getOutputList()) : proto.getName())
                + "\"";
        if (proto.getOpType().isEmpty()) {
            problem("%s must have an operator, got none", told);
        }
        if (!opsets.containsKey(domain)) {
            problem("%s: the opset \"%s\" of %s must be imported, got %s", told, domain, proto.getOpType(), opsets);
        }
        if (!proto.getOverload().isEmpty()) {
            problem(
                    "%s: the overload must be one that a function of the file has, got \"%s\"",
                    told, proto.getOverload());
        }
        var attributes = new TreeMap<String, Attribute>();
        for (var attribute : proto.getAttributeList()) {
            var name = attribute.getName();
            if (attributes.put(name, attribute(attribute, told, depth, visible)) != null) {
                problem("%s has the attribute \"%s\" twice", told, name);
            }
        }
        return new Node(
                proto.getName(),
                domain,
                proto.getOpType(),
                List.copyOf(proto.getInputList()),
                List.copyOf(proto.getOutputList()),
                attributes);
    }

    private Attribute attribute(AttributeProto proto, String told, int depth, Scope visible) throws IOException {
        var place = told + ", attribute \"" + proto.getName() + "\"";
        if (!proto.getRefAttrName().isEmpty()) {
            return other(proto);
        }
        return switch (kind(proto)) {
            case FLOAT -> new Attribute.Real(proto.getF());
            case INT -> new Attribute.Int(proto.getI());
            case STRING ->
                proto.getS().isValidUtf8() ? new Attribute.Text(proto.getS().toStringUtf8()) : other(proto);
            case TENSOR -> new Attribute.Array(tensors.constant(proto.getT(), place));
            case GRAPH -> new Attribute.Body(graph(proto.getG(), List.of(), depth + 1, visible));
            case FLOATS -> new Attribute.Reals(proto.getFloatsList());
            case INTS -> new Attribute.Ints(proto.getIntsList());
            case STRINGS -> texts(proto);
            case GRAPHS -> {
                problem("%s: lists of graphs are not supported", place);
                yield other(proto);
            }
            default -> other(proto);
        };
    }

    private static Attribute texts(AttributeProto proto) {
        if (!proto.getStringsList().stream().allMatch(ByteString::isValidUtf8)) {
            return other(proto);
        }
        return new Attribute.Texts(
                proto.getStringsList().stream().map(ByteString::toStringUtf8).toList());
    }

    private static Attribute other(AttributeProto proto) {
        return new Attribute.Other(proto.toByteString().asReadOnlyByteBuffer());
    }

    /** The first formats did not say the type. */
    static AttributeType kind(AttributeProto proto) {
        if (proto.getType() != AttributeType.UNDEFINED) {
            return proto.getType();
        } else if (proto.hasF()) {
            return AttributeType.FLOAT;
        } else if (proto.hasI()) {
            return AttributeType.INT;
        } else if (proto.hasS()) {
            return AttributeType.STRING;
        } else if (proto.hasT()) {
            return AttributeType.TENSOR;
        } else if (proto.hasG()) {
            return AttributeType.GRAPH;
        } else if (proto.getFloatsCount() > 0) {
            return AttributeType.FLOATS;
        } else if (proto.getIntsCount() > 0) {
            return AttributeType.INTS;
        } else if (proto.getStringsCount() > 0) {
            return AttributeType.STRINGS;
        }
        return proto.getGraphsCount() > 0 ? AttributeType.GRAPHS : AttributeType.UNDEFINED;
    }

    private static Value value(ValueInfoProto proto) {
        return new Value(proto.getName(), type(proto.getType()));
    }

    private static Type type(TypeProto proto) {
        var element = ValueType.ofOnnxCode(proto.getTensorType().getElemType());
        if (!proto.hasTensorType() || element.isEmpty()) {
            return new Type.Other(proto.toByteString().asReadOnlyByteBuffer());
        }
        return new Type.OfTensor(element.get(), axes(proto.getTensorType()), layout(proto));
    }

    private static @Nullable List<Axis> axes(TypeProto.Tensor proto) {
        if (!proto.hasShape()) {
            return null;
        }
        var axes = new ArrayList<Axis>();
        for (var dimension : proto.getShape().getDimList()) {
            // some exporters say −1 of a size that is free
            if (dimension.hasDimValue() && dimension.getDimValue() >= 0) {
                axes.add(Axis.of(dimension.getDimValue()));
            } else if (dimension.hasDimParam() && !dimension.getDimParam().isEmpty()) {
                axes.add(Axis.named(dimension.getDimParam()));
            } else {
                axes.add(Axis.UNKNOWN);
            }
        }
        return axes;
    }

    private static Value.Layout layout(TypeProto proto) {
        var denotations = proto.getTensorType().getShape().getDimList().stream()
                .map(dimension -> dimension.getDenotation())
                .toList();
        if (!proto.getDenotation().equals("IMAGE")) {
            return Value.Layout.PLAIN;
        } else if (denotations.equals(Protos.NCHW)) {
            return Value.Layout.NCHW;
        }
        return denotations.equals(Protos.NHWC) ? Value.Layout.NHWC : Value.Layout.PLAIN;
    }

    private void problem(String problem, Object... received) {
        if (problems.size() < MOST_PROBLEMS) {
            problems.add(place + ": " + String.format(Locale.ROOT, problem, received));
        }
    }

    private void refuse() {
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }
}
