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
 */
record SessionPlan(Path file, boolean isAsWritten, boolean isOnAllCores, Map<String, String> config) {
    SessionPlan {
        file = file.toAbsolutePath();
        config = Map.copyOf(config);
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
    }

    static SessionPlan read(DataInputStream in) throws IOException {
        var file = Path.of(Items.readText(in));
        boolean asWritten = in.readBoolean();
        boolean onAllCores = in.readBoolean();
        var config = new TreeMap<String, String>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            var key = Items.readText(in);
            config.put(key, Items.readText(in));
        }
        return new SessionPlan(file, asWritten, onAllCores, config);
    }
}
