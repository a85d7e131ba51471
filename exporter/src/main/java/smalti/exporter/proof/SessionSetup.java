package smalti.exporter.proof;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a session is made.
 *
 * @param isAsWritten whether the nodes run one by one, none merged with another
 * @param isOnAllCores or on one, so that the same inputs give the same bits everywhere
 * @param config entries of the session's configuration
 * @param small ONNX's numbers of the types of inputs and outputs that {@link smalti.exporter.graph.ValueType} has not: floats and
 *     whole numbers of 8 bits or fewer, which go in and come out as float32
 */
record SessionSetup(
        Path file, boolean isAsWritten, boolean isOnAllCores, Map<String, String> config, Map<String, Integer> small) {
    SessionSetup {
        file = file.toAbsolutePath();
        config = Map.copyOf(config);
        small = Map.copyOf(small);
    }

    void write(DataOutputStream out) throws IOException {
        Items.writeText(file.toString(), out);
        out.writeBoolean(isAsWritten);
        out.writeBoolean(isOnAllCores);
        out.writeInt(config.size());
        for (var entry : config.entrySet()) {
            Items.writeText(entry.getKey(), out);
            Items.writeText(entry.getValue(), out);
        }
        out.writeInt(small.size());
        for (var entry : small.entrySet()) {
            Items.writeText(entry.getKey(), out);
            out.writeInt(entry.getValue());
        }
    }

    static SessionSetup read(DataInputStream in) throws IOException {
        var file = Path.of(Items.readText(in));
        boolean asWritten = in.readBoolean();
        boolean onAllCores = in.readBoolean();
        var config = new TreeMap<String, String>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            var key = Items.readText(in);
            config.put(key, Items.readText(in));
        }
        var small = new TreeMap<String, Integer>();
        int numbers = in.readInt();
        for (int i = 0; i < numbers; i++) {
            var name = Items.readText(in);
            small.put(name, in.readInt());
        }
        return new SessionSetup(file, asWritten, onAllCores, config, small);
    }
}
