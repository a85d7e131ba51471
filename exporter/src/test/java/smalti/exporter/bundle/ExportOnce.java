package smalti.exporter.bundle;

import java.nio.file.Path;
import smalti.exporter.ExportOptions;

/** Exports in a JVM of its own. */
final class ExportOnce {
    private ExportOnce() {}

    public static void main(String[] arguments) throws Exception {
        BundleExporter.export(
                Path.of(arguments[0]),
                Path.of(arguments[1]),
                ExportOptions.defaults().withKeepsSlow(true));
    }
}
