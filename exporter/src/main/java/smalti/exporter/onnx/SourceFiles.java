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
    private SourceFiles() {}

    /**
     * Refuses an output that would be written over something that its sources need: a source itself, by whatever name or
     * link, or weights of it that lie in a file of their own.
     *
     * @param out the ONNX file to write; large weights go to {@code out.data} beside it, and what is there of an older
     *     {@code out} is deleted
     * @param sources ONNX files or any others; those that are not there are left out
     * @throws SpecException if the output or its weights would take the place of one of them
     */
    public static void spare(Path out, Path... sources) throws IOException {
        var needed = new LinkedHashMap<Path, String>();
        for (var source : sources) {
            if (Files.isRegularFile(source)) {
                needed.put(source, "it is what is read");
                if (source.toString().endsWith(".onnx")) {
                    weights(source, needed);
                }
            }
        }
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
        return Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other);
    }
}
