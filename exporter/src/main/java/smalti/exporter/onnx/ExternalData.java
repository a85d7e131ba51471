package smalti.exporter.onnx;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import smalti.exporter.graph.Tensor;
import smalti.exporter.proto.StringStringEntryProto;
import smalti.exporter.proto.TensorProto;

/** The file beside a model that its large initializers are written to, one by one as they come. */
final class ExternalData implements AutoCloseable {
    /** Smaller ones stay in the model, as sizes and axes must for those who infer shapes. */
    private static final int LEAST = 1024;

    /** Where a file may be mapped from, on every system with pages of at most this. */
    private static final int ALIGNMENT = 4096;

    private final String location;
    private final FileChannel channel;
    private long taken;

    ExternalData(Path file) throws IOException {
        this.location = String.valueOf(file.getFileName());
        this.channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    }

    boolean takes(Tensor tensor) {
        return tensor.data().remaining() >= LEAST;
    }

    /** Writes the elements, and says where they are. */
    TensorProto put(String name, Tensor tensor) {
        try {
            var data = tensor.data().duplicate();
            long offset = (channel.position() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            long length = data.remaining();
            // what is left out between reads as zeros
            channel.position(offset);
            while (data.hasRemaining()) {
                channel.write(data);
            }
            taken += length;
            return TensorProto.newBuilder()
                    .setName(name)
                    .setDataType(tensor.type().onnxCode())
                    .addAllDims(tensor.dims())
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(entry("location", location))
                    .addExternalData(entry("offset", String.valueOf(offset)))
                    .addExternalData(entry("length", String.valueOf(length)))
                    .build();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The bytes that went here. */
    long taken() {
        return taken;
    }

    private static StringStringEntryProto.Builder entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
