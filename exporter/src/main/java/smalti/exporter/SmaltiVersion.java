package smalti.exporter;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of this Smalti, as files that it writes name it. */
public final class SmaltiVersion {
    public static final String THIS = read();

    private SmaltiVersion() {}

    private static String read() {
        var properties = new Properties();
        try (var stream = SmaltiVersion.class.getResourceAsStream("version.properties")) {
            if (stream == null) {
                throw new IllegalStateException("version.properties is missing from the exporter's jar");
            }
            properties.load(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }
}
