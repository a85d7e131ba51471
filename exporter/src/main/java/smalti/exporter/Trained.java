package smalti.exporter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.Contract;
import smalti.spec.ElementType;
import smalti.spec.NpyArray;
import smalti.spec.Role;
import smalti.spec.SpecException;

/** A run folder whose graphs are open, and how it is exported. */
record Trained(RunFolder folder, Map<Role, SameDiffRunner> graphs, ExportOptions options) {
    private static final long MOST_PICTURE_BYTES = 1L << 30;

    Contract.Pixels pixels() {
        return folder.manifest().pixels();
    }

    <T extends Contract> T contract(Class<T> kind) {
        return folder.manifest().contracts().get(kind);
    }

    /** How many classes there are; 0 where no class is an input. */
    int classes() {
        return folder.manifest().contracts().classes().size();
    }

    SameDiffRunner graph(Role role) {
        var graph = graphs.get(role);
        if (graph == null) {
            throw new IllegalStateException("no source for " + role);
        }
        return graph;
    }

    /** [M,H,W,C] uint8, of the training part. */
    NpyArray calibration() throws IOException {
        return pictures(folder.calibration());
    }

    /** [M,H,W,C] uint8, which no training step saw. */
    NpyArray heldOut() throws IOException {
        return pictures(folder.heldOut());
    }

    private NpyArray pictures(Path file) throws IOException {
        try (var stream = Files.newInputStream(file)) {
            var pictures = NpyArray.read(stream, file.toString(), MOST_PICTURE_BYTES);
            var pixels = pixels();
            var sizes = List.of((long) pixels.height(), (long) pixels.width(), (long) pixels.channels());
            if (pictures.type() != ElementType.UINT8
                    || pictures.shape().size() != 4
                    || pictures.shape().get(0) < 1
                    || !pictures.shape().subList(1, 4).equals(sizes)) {
                throw new SpecException(file + ": pictures must be uint8 [M,H,W,C] with [H,W,C] = " + sizes + ", got "
                        + pictures.type() + " " + pictures.shape());
            }
            return pictures;
        }
    }
}
