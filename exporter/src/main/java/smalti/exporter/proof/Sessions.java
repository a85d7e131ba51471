package smalti.exporter.proof;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/** The exported graphs of a bundle, opened. */
final class Sessions implements AutoCloseable {
    private final Map<Role, ModelSession> byRole = new EnumMap<>(Role.class);

    /** Opens {@code encoder.onnx} and so on in a folder. */
    Sessions(Path folder, Set<Role> roles) {
        try {
            for (var role : roles) {
                byRole.put(role, ModelSession.openOnAllCores(folder.resolve(role.fileStem() + ".onnx")));
            }
        } catch (ProofException e) {
            byRole.values().forEach(ModelSession::close);
            throw e;
        }
    }

    Map<String, NpyArray> run(Role role, Map<String, NpyArray> inputs) {
        var session = byRole.get(role);
        if (session == null) {
            throw new IllegalStateException("no session for " + role);
        }
        return session.runArrays(inputs);
    }

    /** One of those that a run gave, here or in SameDiff. */
    static NpyArray output(Map<String, NpyArray> outputs, String name) {
        var output = outputs.get(name);
        if (output == null) {
            throw new IllegalStateException("no output " + name + " among " + outputs.keySet());
        }
        return output;
    }

    @Override
    public void close() {
        byRole.values().forEach(ModelSession::close);
    }
}
