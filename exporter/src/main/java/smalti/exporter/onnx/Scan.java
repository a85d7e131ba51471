package smalti.exporter.onnx;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.TreeSet;
import smalti.exporter.proto.ModelProto;
import smalti.exporter.proto.StringStringEntryProto;
import smalti.exporter.proto.TensorProto;
import smalti.spec.SpecException;

/** Counts what a model's message holds, without building any of it. */
final class Scan {
    /** Messages inside messages; protobuf's own limit. */
    static final int MOST_DEPTH = 100;

    /** Each becomes a few objects. The largest models have some 100,000. */
    private static final int MOST_ITEMS = 4_000_000;

    private static final FieldDescriptor EXTERNAL =
            TensorProto.getDescriptor().findFieldByNumber(TensorProto.EXTERNAL_DATA_FIELD_NUMBER);

    private final String place;
    private final Set<String> locations = new TreeSet<>();
    private int items;

    private Scan(String place) {
        this.place = place;
    }

    /**
     * @param place names the model in errors
     * @throws SpecException if it holds too much
     * @throws InvalidProtocolBufferException if it is no message, or not all of one
     */
    static Scan of(ByteBuffer message, String place) throws IOException {
        var scan = new Scan(place);
        scan.message(CodedInputStream.newInstance(message), ModelProto.getDescriptor(), 0);
        return scan;
    }

    /** The files that tensors anywhere in the message, training and functions included, say their data lies in. */
    Set<String> locations() {
        return locations;
    }

    private void message(CodedInputStream in, Descriptor type, int depth) throws IOException {
        if (depth > MOST_DEPTH) {
            throw new SpecException(
                    place + ": messages must lie at most " + MOST_DEPTH + " deep in one another, got more");
        }
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            int wire = tag & 7;
            if (wire == 2 && ++items > MOST_ITEMS) {
                throw new SpecException(place + ": must hold at most " + MOST_ITEMS
                        + " nodes, constants, attributes, names and the like, got more");
            }
            var field = type.findFieldByNumber(tag >>> 3);
            if (wire == 2 && field == EXTERNAL) {
                var entry = StringStringEntryProto.parseFrom(in.readByteArray());
                if (entry.getKey().equals("location")) {
                    locations.add(entry.getValue());
                }
            } else if (wire == 2 && field != null && field.getJavaType() == JavaType.MESSAGE) {
                int limit = in.pushLimit(in.readRawVarint32());
                message(in, field.getMessageType(), depth + 1);
                in.popLimit(limit);
            } else if (!in.skipField(tag)) {
                throw new InvalidProtocolBufferException("a group ends that never began");
            }
        }
    }
}
