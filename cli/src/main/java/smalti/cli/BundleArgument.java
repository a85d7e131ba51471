package smalti.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipInputStream;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import smalti.runtime.Generator;
import smalti.runtime.OnnxModel;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.file.Unreadable;

/** The bundle that a command works on. */
final class BundleArgument {
    /** Pictures of any size: whoever types a command has them already. */
    private static final RuntimeOptions OPTIONS =
            RuntimeOptions.defaults().withMaxPixels(Long.MAX_VALUE).withMaxRequestBytes(Long.MAX_VALUE);

    @Parameters(
            index = "0",
            paramLabel = "BUNDLE",
            description = "A bundle: a folder name.smalti, or the same as a ZIP.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path path;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "fp32",
            description = "fp32, fp16 or int8, for the graphs that the bundle holds in it; default ${DEFAULT-VALUE}.")
    String precision = "fp32";

    /** Opens the bundle, each file of which is the one that was exported. */
    SmaltiModel open() {
        return open(path, Choices.of("--precision", precision, Precision.values()));
    }

    /** The classes that the model knows. */
    ClassChoice classes(SmaltiModel model) {
        return new ClassChoice(path.toString(), model.manifest().contracts().classes());
    }

    /**
     * The graph that makes floats of latents.
     *
     * @throws SpecException if the bundle has none
     */
    OnnxModel floatGenerator(SmaltiModel model) {
        var graph = model.manifest().graphs().get(Role.GENERATOR_FLOAT.fileStem());
        if (graph == null) {
            throw new SpecException(path + ": must hold graphs.generator-float, got "
                    + model.manifest().graphs().keySet());
        }
        try {
            return OnnxModel.open(graph.file(), bytes(graph.file()), Map.of(), OnnxModel.Requests.ALONE, OPTIONS);
        } catch (IOException e) {
            throw Unreadable.because(path, e);
        }
    }

    private byte[] bytes(String file) throws IOException {
        if (Files.isDirectory(path)) {
            return Files.readAllBytes(path.resolve(file));
        }
        try (var zip = new ZipInputStream(Files.newInputStream(path))) {
            for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.getName().equals(file) || entry.getName().endsWith("/" + file)) {
                    return zip.readAllBytes();
                }
            }
        }
        throw new SpecException(path + ": must hold " + file + ", and does not");
    }

    /** @throws SpecException if the bundle is no generator */
    Generator generator(SmaltiModel model) {
        if (!model.hasGenerator()) {
            throw new SpecException(path + ": is a codec, which takes pictures and makes none of its own; use smalti"
                    + " reconstruct, encode, decode or evaluate");
        }
        return model.generator();
    }

    /** Opens a bundle, each file of which is the one that was exported. */
    static SmaltiModel open(Path path) {
        return open(path, Precision.FP32);
    }

    private static SmaltiModel open(Path path, Precision precision) {
        GivenFile.requireBundle(path);
        var model = SmaltiModel.open(path, OPTIONS.withPrecision(precision));
        try {
            model.verify();
            return model;
        } catch (SpecException e) {
            model.close();
            throw e;
        }
    }
}
