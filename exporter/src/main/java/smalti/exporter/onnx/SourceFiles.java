package smalti.exporter.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import smalti.spec.SpecException;

/** The files that a model is read from: what is made of it must not be written over them. */
public final class SourceFiles {
    private static final String READ = "it is what is read";

    private SourceFiles() {}

    /**
     * Refuses an output that would be written over a source, by whatever name or link.
     *
     * @param out the ONNX file to write; large weights go to {@code out.data} beside it, and what is there of an older
     *     {@code out} is deleted
     * @param sources those that are not there are left out
     * @throws SpecException if the output or its weights would take the place of one of them
     */
    public static void spare(Path out, Path... sources) throws IOException {
        var needed = new LinkedHashMap<Path, String>();
        for (var source : sources) {
            needed.put(source, READ);
        }
        spare(out, needed);
    }

    /**
     * The same of an ONNX file, whatever its name ends in, and of weights of it that lie in files of their own.
     *
     * @throws SpecException as above, or if the model is there and is no ONNX file
     */
    public static void spareModel(Path out, Path model) throws IOException {
        var needed = new LinkedHashMap<Path, String>();
        if (Files.isRegularFile(model)) {
            needed.put(model, READ);
            weights(model, needed);
        }
        spare(out, needed);
    }

    private static void spare(Path out, Map<Path, String> needed) throws IOException {
        var data = out.resolveSibling(out.getFileName() + OnnxWriter.DATA);
        for (var need : needed.entrySet()) {
            if (isSame(out, need.getKey())) {
                throw new SpecException(out + ": must be another file: " + need.getValue());
            } else if (isSame(data, need.getKey())) {
                throw new SpecException(out + ": must have another name: " + data.getFileName()
                        + " would be written beside it, and " + need.getValue());
            }
        }
    }

    private static void weights(Path source, Map<Path, String> needed) throws IOException {
        for (var location : OnnxReader.locations(source)) {
            try {
                needed.put(source.resolveSibling(location), "weights of " + source.getFileName() + " are in that file");
            } catch (InvalidPathException e) {
                throw new SpecException(
                        source.getFileName() + ": external data must be a file in the model's folder, got \"" + location
                                + "\"",
                        e);
            }
        }
    }

    private static boolean isSame(Path one, Path other) throws IOException {
        return Files.exists(one) && Files.isRegularFile(other) && Files.isSameFile(one, other);
    }
}
