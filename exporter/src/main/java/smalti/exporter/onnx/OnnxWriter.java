package smalti.exporter.onnx;

import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.proto.ModelProto;
import smalti.spec.SpecException;
import smalti.spec.file.AtomicFiles;

/**
 * Writes models as ONNX files; the same model gives the same bytes everywhere.
 *
 * <p>Large weights lie in a second file beside the first, {@code model.onnx.data}: each from a multiple of 4,096 bytes
 * on, so that it can be mapped, in the order of the graph.
 */
public final class OnnxWriter {
    /** A protobuf message ends at 2 GB: beyond this many bytes of constants, the large ones lie in a file of their own. */
    public static final long EXTERNAL_DATA_ABOVE = 1_500_000_000L;

    /** Ends the name of the file beside a model that its large constants are in. */
    static final String DATA = ".data";

    private final int opset;
    private final String producerVersion;

    public OnnxWriter(int opset, String producerVersion) {
        this.opset = opset;
        this.producerVersion = producerVersion;
    }

    /**
     * Writes one file.
     *
     * @param metadata of the model, as ONNX's metadata properties
     * @throws SpecException if the graph's constants are too large for one
     */
    public void write(Graph graph, SortedMap<String, String> metadata, Path file) throws IOException {
        write(model(graph, metadata), file);
    }

    /** A graph with all that this writer says around it. */
    public Model model(Graph graph, SortedMap<String, String> metadata) {
        return new Model(
                graph,
                new TreeMap<>(Map.of("", opset)),
                irVersion(opset),
                "smalti",
                producerVersion,
                metadata,
                ByteBuffer.allocate(0));
    }

    /**
     * Writes a whole model, with all that was read of it, as one file.
     *
     * @throws SpecException if its constants are too large for one
     */
    public static void write(Model model, Path file) throws IOException {
        write(new Protos(null).model(HarmlessForms.of(model)), file);
    }

    /**
     * Writes a whole model whole or not at all; where its constants have more bytes than {@code externalDataAbove}, the
     * large ones as {@code file.data} beside it.
     *
     * @param proof looks at the file, and may refuse it, before it comes to its place
     */
    public static void write(Model model, Path file, long externalDataAbove, Proof proof) throws IOException {
        var name = String.valueOf(file.getFileName());
        AtomicFiles.writeGroup(file, List.of(name + DATA), folder -> {
            var unfinished = folder.resolve(name);
            fill(model, unfinished, externalDataAbove);
            proof.of(unfinished);
        });
    }

    /**
     * Writes a whole model for the moment: at once into its place, large constants beside it where it is beyond
     * {@link #EXTERNAL_DATA_ABOVE}, with nothing forced to disk.
     */
    public static void writeTemporary(Model model, Path file) throws IOException {
        fill(model, file, EXTERNAL_DATA_ABOVE);
    }

    private static void fill(Model model, Path file, long externalDataAbove) throws IOException {
        if (Protos.bytes(model.graph()) <= externalDataAbove) {
            write(model, file);
            return;
        }
        var data = file.resolveSibling(file.getFileName() + DATA);
        try (var external = new ExternalData(data)) {
            write(new Protos(external).model(HarmlessForms.of(model)), file);
            if (external.taken() == 0) {
                Files.delete(data);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Looks at a file before it is kept. */
    @FunctionalInterface
    public interface Proof {
        void of(Path file) throws IOException;
    }

    /** The bytes of the file of a whole model. */
    public static byte[] bytes(Model model) {
        return new Protos(null).model(HarmlessForms.of(model)).toByteArray();
    }

    private static void write(ModelProto model, Path file) throws IOException {
        try (var stream = Files.newOutputStream(file)) {
            var coded = CodedOutputStream.newInstance(stream);
            model.writeTo(coded);
            coded.flush();
        }
    }

    /** The version of the file format that came with an opset: old consumers refuse newer ones. */
    public static int irVersion(int opset) {
        if (opset <= 14) {
            return 7;
        }
        if (opset <= 20) {
            return opset <= 18 ? 8 : 9;
        }
        return opset <= 22 ? 10 : opset == 23 ? 11 : opset == 24 ? 12 : 13;
    }
}
