package smalti.cli;

import picocli.CommandLine.Option;
import smalti.exporter.ExportOptions;
import smalti.exporter.opset.OpsetConversion;

/** The operator set that graphs are written in. */
final class OpsetOption {
    @Option(
            names = "--opset",
            paramLabel = "N",
            defaultValue = "" + ExportOptions.DEFAULT_OPSET,
            description = "ONNX operator set; default ${DEFAULT-VALUE}.")
    int opset;

    /** @throws WrongUse if there is none of that number */
    int checked() {
        if (opset < OpsetConversion.FIRST || opset > OpsetConversion.LAST) {
            throw new WrongUse(
                    "--opset must be from " + OpsetConversion.FIRST + " to " + OpsetConversion.LAST + ", got " + opset);
        }
        return opset;
    }
}
