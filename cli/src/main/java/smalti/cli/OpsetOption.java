package smalti.cli;

import picocli.CommandLine.Option;
import smalti.exporter.ExportOptions;

/** The operator set that graphs are written in. */
final class OpsetOption {
    @Option(
            names = "--opset",
            paramLabel = "N",
            defaultValue = "" + ExportOptions.DEFAULT_OPSET,
            description = "ONNX operator set; default ${DEFAULT-VALUE}.")
    int opset;
}
