package smalti.exporter.dl4j;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UTFDataFormatException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import smalti.spec.SpecException;

/**
 * Reads a file that DL4J's ModelSerializer wrote: a ZIP with the configuration as JSON and all parameters as one array.
 *
 * <p>The file may come from anywhere. DL4J's own reader takes sizes and class names on trust, and other entries of the ZIP
 * hold serialized Java objects; so those are not touched, names of classes must be DL4J's, and memory is taken as bytes
 * arrive.
 */
final class NetworkFile {
    private static final String CONFIGURATION = "configuration.json";
    private static final String PARAMETERS = "coefficients.bin";
    private static final int MOST_CONFIGURATION = 64 << 20;
    private static final Set<String> PACKAGES = Set.of("org.deeplearning4j.nn.", "org.nd4j.linalg.");
    private static final int CHUNK = 1 << 16;

    private NetworkFile() {}

    static boolean isNetwork(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            byte[] magic = in.readNBytes(4);
            if (magic.length < 4 || magic[0] != 'P' || magic[1] != 'K' || magic[2] != 3 || magic[3] != 4) {
                return false;
            }
        }
        try (var zip = new ZipFile(file.toFile())) {
            return zip.getEntry(CONFIGURATION) != null;
        } catch (ZipException e) {
            return false; // whoever reads it says so
        }
    }

    /** @throws SpecException if it is no such file, or not whole */
    static Model read(Path file) throws IOException {
        var place = String.valueOf(file.getFileName());
        try (var zip = new ZipFile(file.toFile())) {
            String json;
            try (var in = entry(zip, CONFIGURATION, place)) {
                byte[] bytes = in.readNBytes(MOST_CONFIGURATION + 1);
                check(
                        bytes.length <= MOST_CONFIGURATION,
                        "%s: %s must have at most %s bytes, got more",
                        place,
                        CONFIGURATION,
                        MOST_CONFIGURATION);
                json = new String(bytes, StandardCharsets.UTF_8);
            }
            boolean layered = checkClasses(json, place);
            INDArray parameters;
            try (var in = new DataInputStream(entry(zip, PARAMETERS, place))) {
                parameters = parameters(in, place);
            }
            return layered ? layers(json, parameters, place) : graph(json, parameters, place);
        } catch (ZipException | EOFException e) {
            throw new SpecException(
                    place + ": must be a whole ZIP file of DL4J's ModelSerializer: " + e.getMessage(), e);
        }
    }

    private static InputStream entry(ZipFile zip, String name, String place) throws IOException {
        var entry = zip.getEntry(name);
        check(
                entry != null,
                "%s: must have an entry %s, as DL4J's ModelSerializer writes it, and has none",
                place,
                name);
        return zip.getInputStream(entry);
    }

    /** @return whether it is a MultiLayerNetwork's */
    private static boolean checkClasses(String json, String place) throws IOException {
        boolean layered = false;
        boolean vertices = false;
        try (var parser = new JsonFactory().createParser(json)) {
            int depth = 0;
            for (var token = parser.nextToken(); token != null; token = parser.nextToken()) {
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (token == JsonToken.FIELD_NAME) {
                    layered |= depth == 1 && parser.currentName().equals("confs");
                    vertices |= depth == 1 && parser.currentName().equals("vertices");
                } else if (token == JsonToken.VALUE_STRING && "@class".equals(parser.currentName())) {
                    var type = parser.getText();
                    check(
                            PACKAGES.stream().anyMatch(type::startsWith),
                            "%s: %s must name classes of DL4J alone, got %s; export such a network from memory",
                            place,
                            CONFIGURATION,
                            type);
                }
            }
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new SpecException(place + ": " + CONFIGURATION + " must be JSON: " + e.getOriginalMessage(), e);
        }
        check(
                layered != vertices,
                "%s: %s must describe a MultiLayerNetwork, by \"confs\", or a ComputationGraph, by \"vertices\"",
                place,
                CONFIGURATION);
        return layered;
    }

    /** nd4j's form: a shape, then the numbers, each after its kind of memory, its length and its type. */
    private static INDArray parameters(DataInputStream in, String place) throws IOException {
        try {
            in.readUTF();
            long shape = in.readLong();
            var shapeType = in.readUTF();
            check(
                    shape >= 4 && shape <= 68 && Set.of("LONG", "INT").contains(shapeType),
                    "%s: %s must begin with a shape, got %s numbers of %s",
                    place,
                    PARAMETERS,
                    shape,
                    shapeType);
            in.skipNBytes(shape * (shapeType.equals("LONG") ? Long.BYTES : Integer.BYTES));
            in.readUTF();
            long count = in.readLong();
            var type = in.readUTF();
            check(
                    count > 0 && count <= Integer.MAX_VALUE - 8,
                    "%s: %s must hold 1 to %s numbers, got %s",
                    place,
                    PARAMETERS,
                    Integer.MAX_VALUE - 8,
                    count);
            return switch (type) {
                case "FLOAT" -> floats(in, (int) count);
                case "DOUBLE" -> doubles(in, (int) count);
                default ->
                    throw new SpecException(place + ": " + PARAMETERS + " must hold FLOAT or DOUBLE, got " + type);
            };
        } catch (EOFException | UTFDataFormatException e) {
            throw new SpecException(place + ": " + PARAMETERS + " must be whole, and is not", e);
        }
    }

    private static INDArray floats(DataInputStream in, int count) throws IOException {
        var numbers = new float[Math.min(count, CHUNK)];
        for (int i = 0; i < count; i++) {
            if (i == numbers.length) {
                numbers = java.util.Arrays.copyOf(numbers, (int) Math.min(count, 2L * i));
            }
            numbers[i] = in.readFloat();
        }
        return Nd4j.create(numbers, new long[] {1, count}, DataType.FLOAT);
    }

    private static INDArray doubles(DataInputStream in, int count) throws IOException {
        var numbers = new double[Math.min(count, CHUNK)];
        for (int i = 0; i < count; i++) {
            if (i == numbers.length) {
                numbers = java.util.Arrays.copyOf(numbers, (int) Math.min(count, 2L * i));
            }
            numbers[i] = in.readDouble();
        }
        return Nd4j.create(numbers, new long[] {1, count}, DataType.DOUBLE);
    }

    private static Model layers(String json, INDArray parameters, String place) {
        try {
            var network = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(json));
            network.init(parameters, false);
            return network;
        } catch (RuntimeException e) {
            throw refused(place, e);
        }
    }

    private static Model graph(String json, INDArray parameters, String place) {
        try {
            var network = new ComputationGraph(ComputationGraphConfiguration.fromJson(json));
            network.init(parameters, false);
            return network;
        } catch (RuntimeException e) {
            throw refused(place, e);
        }
    }

    private static SpecException refused(String place, RuntimeException e) {
        var reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        return new SpecException(place + ": DL4J cannot build the network that it describes: " + reason, e);
    }

    private static void check(boolean holds, String problem, Object... received) {
        if (!holds) {
            throw new SpecException(String.format(java.util.Locale.ROOT, problem, received));
        }
    }
}
