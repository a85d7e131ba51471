package smalti.spec.page;

import java.util.Base64;
import java.util.List;
import java.util.function.UnaryOperator;

/** A self-contained page of HTML that is XML as well, built from top to bottom. */
public final class Html {
    private final StringBuilder body = new StringBuilder();

    /** Safe between tags and in quoted attributes, whatever the text holds. */
    public static String escaped(String text) {
        var safe = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(point -> {
            switch (point) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> safe.appendCodePoint(isPlain(point) ? point : 0xFFFD);
            }
        });
        return safe.toString();
    }

    /** No control characters, halves of characters, or marks that change the direction of the text after them. */
    private static boolean isPlain(int point) {
        if (point == '\n' || point == '\t') {
            return true;
        }
        int type = Character.getType(point);
        return type != Character.CONTROL
                && type != Character.FORMAT
                && type != Character.SURROGATE
                && type != Character.UNASSIGNED
                && type != Character.LINE_SEPARATOR
                && type != Character.PARAGRAPH_SEPARATOR;
    }

    /** Markup as it is. */
    public Html raw(String markup) {
        body.append(markup);
        return this;
    }

    /** Text as it is read. */
    public Html text(String text) {
        return raw(escaped(text));
    }

    /** Text in an element of its own. */
    public Html element(String name, String text) {
        return element(name, "", text);
    }

    /**
     * Text in an element of a style's class.
     *
     * @param styled empty for none
     */
    public Html element(String name, String styled, String text) {
        return inline(name, styled, text).raw("\n");
    }

    private Html inline(String name, String styled, String text) {
        raw("<" + name);
        if (!styled.isEmpty()) {
            raw(" class=\"").text(styled).raw("\"");
        }
        return raw(">").text(text).raw("</" + name + ">");
    }

    /**
     * A table with a first row of headings; it scrolls by itself where it is wider than the page.
     *
     * @param styled the style's class of a cell by its text; empty for none
     */
    public Html table(List<String> headings, List<List<String>> rows, UnaryOperator<String> styled) {
        raw("<div class=\"wide\"><table><thead><tr>");
        headings.forEach(heading -> inline("th", styled.apply(heading), heading));
        raw("</tr></thead><tbody>\n");
        for (var row : rows) {
            raw("<tr>");
            row.forEach(text -> inline("td", styled.apply(text), text));
            raw("</tr>\n");
        }
        return raw("</tbody></table></div>\n");
    }

    /**
     * A picture within the page.
     *
     * @param png a PNG file's bytes
     * @param width at which it is shown, in pixels of the screen
     */
    public Html picture(byte[] png, long width, String caption) {
        return raw("<figure><img alt=\"")
                .text(caption)
                .raw("\" width=\"" + width + "\" src=\"data:image/png;base64,")
                .raw(Base64.getEncoder().encodeToString(png))
                .raw("\"/><figcaption>")
                .text(caption)
                .raw("</figcaption></figure>\n");
    }

    /**
     * The whole page.
     *
     * @param style CSS
     */
    public String page(String title, String style) {
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
                + "<meta name=\"viewport\" content=\"width=device-width\"/><title>" + escaped(title)
                + "</title><style>\n" + style + "</style></head><body>\n" + body + "</body></html>\n";
    }
}
