package smalti.exporter.graph;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A graph with all that an ONNX file says around it.
 *
 * @param opsets the version of each operator set that the nodes use; ONNX's own has the empty name
 * @param irVersion of the file format
 * @param producer the program that made the file
 * @param rest a ModelProto of what no pass looks into, such as local functions; written as it was read
 */
public record Model(
        Graph graph,
        SortedMap<String, Integer> opsets,
        long irVersion,
        String producer,
        String producerVersion,
        SortedMap<String, String> metadata,
        ByteBuffer rest) {
    public Model {
        opsets = Collections.unmodifiableSortedMap(new TreeMap<>(opsets));
        metadata = Collections.unmodifiableSortedMap(new TreeMap<>(metadata));
    }

    /** A model of ONNX's own operators. */
    public static Model of(Graph graph, int opset, long irVersion) {
        return new Model(
                graph, new TreeMap<>(Map.of("", opset)), irVersion, "", "", new TreeMap<>(), ByteBuffer.allocate(0));
    }

    /** The version of ONNX's own operators; 0 where the model uses none. */
    public int opset() {
        return opsets.getOrDefault("", 0);
    }

    /** Whether a constant need not be an input as well, which the first formats demanded. */
    public boolean allowsPlainInitializers() {
        return irVersion >= 4;
    }

    public Model with(Graph other) {
        return new Model(other, opsets, irVersion, producer, producerVersion, metadata, rest);
    }
}
