package smalti.exporter.onnx;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.exporter.proto.GraphProto;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.TensorProto;
import smalti.exporter.proto.TensorProto.DataType;

/**
 * The message of a model without the large weights of its graph, which stay where they lie in the file.
 *
 * <p>Protobuf for Java copies a message whole into the heap before it looks at it. So the few levels above the weights
 * are walked here: their bytes are views of the file, and what is left for protobuf is small.
 *
 * @param message a ModelProto; the initializers that are taken out have no data in it
 * @param weights of each initializer of the graph, in order; null where the data is in the message
 */
record Structure(ByteBuffer message, List<@Nullable ByteBuffer> weights) {
    /** Smaller ones are not worth a view. */
    private static final int LEAST = 1024;

    Structure {
        weights = Collections.unmodifiableList(weights);
    }

    /** @throws com.google.protobuf.InvalidProtocolBufferException if it is no message, or not all of one */
    static Structure of(ByteBuffer file) throws IOException {
        var weights = new ArrayList<@Nullable ByteBuffer>();
        var model = copied(
                file,
                ModelProto.GRAPH_FIELD_NUMBER,
                graph -> copied(graph, GraphProto.INITIALIZER_FIELD_NUMBER, tensor -> tensor(tensor, weights)));
        return new Structure(model, weights);
    }

    /** What becomes of one kind of field of a message. */
    private interface Change {
        ByteBuffer of(ByteBuffer content) throws IOException;
    }

    /** The message with another content in each field of that number. */
    private static ByteBuffer copied(ByteBuffer message, int number, Change change) throws IOException {
        var out = new ByteArrayOutputStream();
        var coded = CodedOutputStream.newInstance(out);
        for (var in = message.duplicate(); in.hasRemaining(); ) {
            var field = WireField.next(in);
            if (field.number() == number && field.wire() == WireField.LENGTH) {
                var content = change.of(field.content());
                coded.writeTag(number, WireField.LENGTH);
                coded.writeUInt32NoTag(content.remaining());
                coded.write(content);
            } else {
                coded.write(field.whole());
            }
        }
        coded.flush();
        return ByteBuffer.wrap(out.toByteArray());
    }

    /** Without its data, if that is large and in one piece that is laid out as raw data is. */
    private static ByteBuffer tensor(ByteBuffer tensor, List<@Nullable ByteBuffer> weights) throws IOException {
        int type = 0;
        WireField data = null;
        int pieces = 0;
        for (var in = tensor.duplicate(); in.hasRemaining(); ) {
            var field = WireField.next(in);
            switch (field.number()) {
                case TensorProto.DATA_TYPE_FIELD_NUMBER -> type = (int) WireField.varint(field.content());
                case TensorProto.RAW_DATA_FIELD_NUMBER,
                        TensorProto.FLOAT_DATA_FIELD_NUMBER,
                        TensorProto.DOUBLE_DATA_FIELD_NUMBER -> {
                    data = field;
                    pieces++;
                }
                default -> {}
            }
        }
        boolean large = data != null
                && data.wire() == WireField.LENGTH
                && data.content().remaining() >= LEAST;
        if (data == null || !large || pieces != 1 || !isPlain(data.number(), type)) {
            weights.add(null);
            return tensor;
        }
        weights.add(data.content());
        var rest = ByteBuffer.allocate(tensor.remaining() - data.whole().remaining());
        for (var in = tensor.duplicate(); in.hasRemaining(); ) {
            var field = WireField.next(in);
            if (field.number() != data.number()) {
                rest.put(field.whole());
            }
        }
        return rest.flip();
    }

    private static boolean isPlain(int number, int type) {
        return switch (number) {
            case TensorProto.FLOAT_DATA_FIELD_NUMBER ->
                type == DataType.FLOAT_VALUE || type == DataType.COMPLEX64_VALUE;
            case TensorProto.DOUBLE_DATA_FIELD_NUMBER ->
                type == DataType.DOUBLE_VALUE || type == DataType.COMPLEX128_VALUE;
            default -> true;
        };
    }
}
