package smalti.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import smalti.exporter.ExportOptions;
import smalti.exporter.opset.OpsetConversion;

/** The operator set that graphs are written in. */
final class OpsetOption {
    static final class Opset implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return Values.within(text, OpsetConversion.FIRST, OpsetConversion.LAST);
        }
    }

    @Option(
            names = "--opset",
            paramLabel = "N",
            converter = Opset.class,
            defaultValue = "" + ExportOptions.DEFAULT_OPSET,
            description = "ONNX operator set; default ${DEFAULT-VALUE}.")
    int opset;
}
