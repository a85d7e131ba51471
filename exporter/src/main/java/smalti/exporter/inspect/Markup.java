package smalti.exporter.inspect;

import java.util.Locale;

/** Names and quantities as people read them. */
final class Markup {
    private Markup() {}

    /** With the middle left out where it is longer. */
    static String shortened(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int head = (most - 1) / 2;
        return text.substring(0, head) + "…" + text.substring(text.length() - (most - 1 - head));
    }

    /** Such as 1.53 G, of thousands. */
    static String count(long count) {
        return scaled(count, 1000, "", " k", " M", " G", " T", " P", " E");
    }

    /** Such as 98.3 MiB. */
    static String bytes(long bytes) {
        return scaled(bytes, 1024, " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB");
    }

    private static String scaled(long amount, int step, String... units) {
        double scaled = amount;
        int unit = 0;
        while (scaled >= step && unit < units.length - 1) {
            scaled /= step;
            unit++;
        }
        var form = unit == 0 || scaled >= 100 ? "%.0f" : scaled >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, form, scaled) + units[unit];
    }

    /** As short as it can be. */
    static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e6
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.4g", value)
                        .replaceAll("(\\.\\d*?)0+(?=e|$)", "$1")
                        .replaceAll("\\.(?=e|$)", "");
    }
}
