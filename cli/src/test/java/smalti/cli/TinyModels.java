package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import smalti.spec.file.AtomicFiles;

/** A codec and a generator that the command trained and exported, made once for all tests of a JVM. */
record TinyModels(Path folder, Path pictures, Path codecRun, Path codec, Path ganRun, Path gan) {
    private static final class Made {
        static final TinyModels ALL = make();
    }

    /** Tests leave them as they are. */
    static TinyModels made() {
        return Made.ALL;
    }

    private static TinyModels make() {
        try {
            var folder = Files.createTempDirectory("smalti-tiny");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            var pictures = Cli.pictures(folder.resolve("pictures"), 60);
            var codecRun = train(folder, "codec", Cli.VQVAE, pictures);
            var ganRun = train(folder, "gan", Cli.DCGAN, pictures);
            return new TinyModels(folder, pictures, codecRun, export(codecRun, folder), ganRun, export(ganRun, folder));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path train(Path folder, String name, String yaml, Path pictures) throws IOException {
        var run = folder.resolve("run-" + name);
        var spec = Files.writeString(folder.resolve(name + ".yaml"), yaml);
        Cli.run("train", "--spec", spec, "--data", pictures, "--out", run).succeeds();
        return run;
    }

    private static Path export(Path run, Path folder) {
        var bundle = folder.resolve(run.getFileName().toString().substring("run-".length()) + ".smalti");
        var exported = Cli.run("export", run, "--out", bundle).succeeds();
        assertThat(exported.out()).contains("parity of SameDiff and ONNX Runtime");
        return bundle;
    }

    private static void delete(Path folder) {
        try {
            AtomicFiles.deleteRecursively(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
