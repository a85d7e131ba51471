package smalti.exporter.pass;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Type;
import smalti.exporter.graph.ValueType;
import smalti.exporter.onnx.OnnxReader;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.ProofException;
import smalti.exporter.proto.TensorProto;

/** A model that someone else made, with inputs and the outputs that they expect. */
final class ForeignModel {
    /** Fields of OptionalProto and SequenceProto. */
    private static final int TENSOR = 3;

    private static final int SEQUENCE = 5;

    /** The field of TypeProto for optionals. */
    private static final int OPTIONAL_TYPE = 9;

    private final String name;
    private final Path file;
    private final Model model;

    private ForeignModel(String name, Path file, Model model) {
        this.name = name;
        this.file = file;
        this.model = model;
    }

    static ForeignModel read(Path file) throws IOException {
        return new ForeignModel(name(file), file, OnnxReader.read(file));
    }

    /** Such as {@code node/test_abs}. */
    static String name(Path file) {
        var folder = parent(file);
        return parent(folder).getFileName() + "/" + folder.getFileName();
    }

    private static Path parent(Path path) {
        var parent = path.getParent();
        if (parent == null) {
            throw new IllegalStateException(path + " lies nowhere");
        }
        return parent;
    }

    Model model() {
        return model;
    }

    /** The tensors that it must give, by name. */
    Map<String, Tensor> expected() throws IOException {
        var expected = new LinkedHashMap<String, Tensor>();
        int i = 0;
        for (var output : model.graph().outputs()) {
            var data = parent(file).resolve("test_data_set_0").resolve("output_" + i++ + ".pb");
            if (Files.exists(data)
                    && output.type() instanceof Type.OfTensor
                    && item(data, output.type()) instanceof Item.Array array) {
                expected.put(output.name(), array.tensor());
            }
        }
        return expected;
    }

    /** Nothing if ONNX Runtime gives what is expected, else what it gives or says. */
    Optional<String> problem() throws IOException {
        return problem(() -> ModelSession.open(file, name));
    }

    Optional<String> problem(Model changed) throws IOException {
        return problem(() -> ModelSession.open(changed, name));
    }

    private Optional<String> problem(Supplier<ModelSession> opened) throws IOException {
        try (var session = opened.get()) {
            var folder = parent(file).resolve("test_data_set_0");
            var inputs = new LinkedHashMap<String, Item>();
            int i = 0;
            for (var input : model.graph().inputs()) {
                var data = folder.resolve("input_" + i++ + ".pb");
                if (Files.exists(data)) {
                    inputs.put(input.name(), item(data, input.type()));
                }
            }
            var outputs = session.run(inputs);
            i = 0;
            for (var output : model.graph().outputs()) {
                var data = folder.resolve("output_" + i++ + ".pb");
                if (!Files.exists(data)) {
                    continue;
                }
                var actual = outputs.get(output.name());
                var difference =
                        actual == null ? Optional.of("is missing") : difference(item(data, output.type()), actual);
                if (difference.isPresent()) {
                    return Optional.of(output.name() + " " + difference.get());
                }
            }
            return Optional.empty();
        } catch (ProofException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static Item item(Path file, Type type) throws IOException {
        var bytes = Files.readAllBytes(file);
        if (type instanceof Type.OfTensor declared) {
            var item = tensor(TensorProto.parseFrom(bytes));
            // the data of bfloat16 are written as uint16
            return item instanceof Item.Array array && array.tensor().type() == ValueType.UINT16
                    ? new Item.Array(new Tensor(
                            declared.element(),
                            array.tensor().dims(),
                            array.tensor().data()))
                    : item;
        }
        var items = items(bytes);
        boolean optional = ((Type.Other) type).encoded().get(0) >>> 3 == OPTIONAL_TYPE;
        return optional && items.size() == 1 ? items.get(0) : new Item.Sequence(items);
    }

    private static Item tensor(TensorProto proto) throws IOException {
        if (proto.getDataType() == ValueType.STRING.onnxCode()) {
            return new Item.Texts(
                    proto.getDimsList(),
                    proto.getStringDataList().stream()
                            .map(text -> text.toStringUtf8())
                            .toList());
        }
        return new Item.Array((Tensor) OnnxReader.constant(proto.toByteArray(), "test data"));
    }

    /** What is in a SequenceProto or OptionalProto of tensors or sequences. */
    private static List<Item> items(byte[] bytes) throws IOException {
        var items = new ArrayList<Item>();
        var in = CodedInputStream.newInstance(bytes);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case TENSOR -> items.add(tensor(TensorProto.parseFrom(in.readByteArray())));
                case SEQUENCE -> items.add(new Item.Sequence(items(in.readByteArray())));
                default -> in.skipField(tag);
            }
        }
        return items;
    }

    /** How far two outputs are apart, if further than rounding explains. */
    private static Optional<String> difference(Item expected, Item actual) {
        if (expected instanceof Item.Array wanted && actual instanceof Item.Array got) {
            return difference(wanted.tensor(), got.tensor());
        } else if (expected instanceof Item.Sequence wanted && actual instanceof Item.Sequence got) {
            if (wanted.items().size() != got.items().size()) {
                return Optional.of("must have " + wanted.items().size() + " items, got "
                        + got.items().size());
            }
            for (int i = 0; i < wanted.items().size(); i++) {
                var difference = difference(wanted.items().get(i), got.items().get(i));
                if (difference.isPresent()) {
                    return difference;
                }
            }
            return Optional.empty();
        }
        return expected.equals(actual) ? Optional.empty() : Optional.of("must be " + expected + ", got " + actual);
    }

    private static Optional<String> difference(Tensor expected, Tensor actual) {
        if (expected.type() != actual.type() || !expected.dims().equals(actual.dims())) {
            return Optional.of(
                    "must be " + expected.type() + expected.dims() + ", got " + actual.type() + actual.dims());
        }
        double range = 1;
        for (int i = 0; i < expected.count(); i++) {
            double size = Math.abs(expected.number(i));
            range = size < Double.POSITIVE_INFINITY ? Math.max(range, size) : range;
        }
        boolean half = expected.type() == ValueType.FLOAT16 || expected.type() == ValueType.BFLOAT16;
        for (int i = 0; i < expected.count(); i++) {
            double wanted = expected.number(i);
            double got = actual.number(i);
            // as the ONNX project's own backend test compares, and of sums near 0 their range
            double bound = expected.type().isFloat()
                    ? (half ? 1e-2 : 1e-3) * Math.abs(wanted) + (half ? 1e-3 : 1e-5) * range
                    : 0;
            boolean same =
                    wanted == got || (Double.isNaN(wanted) && Double.isNaN(got)) || Math.abs(wanted - got) <= bound;
            if (!same) {
                return Optional.of("must have " + wanted + " at " + i + ", got " + got);
            }
        }
        return Optional.empty();
    }

    /** The models of Debian's package, in an order that stays; none where it is absent. */
    static List<Path> all() throws IOException {
        var root = Path.of("/usr/share/libonnx-testdata/data");
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (var files = Files.walk(root)) {
            return files.filter(file -> file.endsWith("model.onnx")).sorted().toList();
        }
    }

    static Map<String, String> reasons(List<String> lines) {
        var reasons = new LinkedHashMap<String, String>();
        lines.stream().filter(line -> !line.startsWith("#") && !line.isBlank()).forEach(line -> {
            var parts = line.split(": ", 2);
            reasons.put(parts[0], parts[1]);
        });
        return reasons;
    }
}
