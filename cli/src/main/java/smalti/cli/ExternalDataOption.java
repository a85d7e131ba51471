package smalti.cli;

import picocli.CommandLine.Option;
import smalti.exporter.onnx.OnnxWriter;

/** From which size on weights lie beside an ONNX file. */
final class ExternalDataOption {
    @Option(
            names = "--external-data-above",
            paramLabel = "BYTES",
            description = "Weights of more bytes in all are written to FILE.data beside FILE; default 1500000000.")
    long bytes = OnnxWriter.EXTERNAL_DATA_ABOVE;

    /** @throws WrongUse if it is no size */
    long checked() {
        if (bytes < 0) {
            throw new WrongUse("--external-data-above must be at least 0 bytes, got " + bytes);
        }
        return bytes;
    }
}
