package smalti.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import smalti.exporter.file.OnnxFileCheck;

@Command(
        name = "check",
        description = "Holds any ONNX file to the format's rules and opens it in ONNX Runtime. Lists every problem.")
final class CheckCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(index = "0", paramLabel = "MODEL", description = "An ONNX file.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    Path model;

    @Mixin
    ProofLimits limits = new ProofLimits();

    CheckCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        GivenFile.requireModel(model);
        var problems = limits.limits().during(() -> OnnxFileCheck.problems(model));
        problems.forEach(console::error);
        if (problems.isEmpty()) {
            console.line("%s: sound, and ONNX Runtime opens it", model);
        }
        return problems.isEmpty() ? 0 : Main.WRONG_INPUT;
    }
}
