package smalti.exporter.opset;

import java.util.Locale;

/** A node has no form in the other opset; the message is the reason. */
final class NoForm extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NoForm(String reason, Object... received) {
        super(String.format(Locale.ROOT, reason, received), null, false, false);
    }
}
