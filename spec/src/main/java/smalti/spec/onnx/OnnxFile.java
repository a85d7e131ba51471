package smalti.spec.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import smalti.spec.SpecException;
import smalti.spec.file.Unreadable;

/**
 * What an ONNX file holds.
 *
 * <p>Source: onnx.proto3 of ONNX 1.23, and the encoding that protobuf.dev documents. What this does not know is skipped.
 *
 * @param opsets version by domain; the standard operators' domain is the empty text
 */
public record OnnxFile(
        long irVersion, String producer, Map<String, Long> opsets, List<OnnxFunction> functions, OnnxGraph graph) {
    public OnnxFile {
        opsets = Map.copyOf(opsets);
        functions = List.copyOf(functions);
    }

    /**
     * Reads a file by mapping it: weights are not loaded.
     *
     * @throws SpecException as {@link #read(ByteBuffer, String)}, and where the file cannot be read
     */
    public static OnnxFile read(Path file) {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() > Integer.MAX_VALUE) {
                throw new SpecException(file + ": must have at most 2 GB, got " + channel.size() + " bytes");
            }
            return read(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()), file.toString());
        } catch (IOException e) {
            throw Unreadable.because(file, e);
        }
    }

    /** As {@link #read(ByteBuffer, String)}; the array is not copied. */
    public static OnnxFile read(byte[] file, String place) {
        return read(ByteBuffer.wrap(file), place);
    }

    /**
     * Reads the bytes of a file, from the buffer's position to its limit; tensors go on looking into the buffer.
     *
     * @param place names the file in errors
     * @throws SpecException if it is no protobuf message of a model, is cut off, nests deeper than 100 messages, or has
     *     more items than a fixed share of the heap holds; the message names the place inside the file
     */
    public static OnnxFile read(ByteBuffer file, String place) {
        return OnnxParser.file(Wire.of(file, place));
    }

    /** Of the standard operators, if the file names one. */
    public Optional<Long> opset() {
        return Optional.ofNullable(opsets.get(""));
    }
}
