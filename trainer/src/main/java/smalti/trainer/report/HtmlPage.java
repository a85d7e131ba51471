package smalti.trainer.report;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import smalti.spec.page.Html;
import smalti.spec.page.PictureGrid;

/** One self-contained HTML page, built from top to bottom. */
public final class HtmlPage {
    private static final int CURVE_WIDTH = 340;
    private static final int CURVE_HEIGHT = 150;
    private static final Pattern NUMBER = Pattern.compile("[-+0-9.,e%]+");
    private static final String STYLE = """
            :root{color-scheme:light dark}
            body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
            h1{margin-bottom:.2rem} h2{margin-top:2.2rem;border-bottom:1px solid #8884;padding-bottom:.2rem}
            .wide{overflow-x:auto} table{border-collapse:collapse;margin:1rem 0} td,th{padding:.2rem .9rem .2rem 0;text-align:left;vertical-align:top}
            td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
            img{max-width:100%;image-rendering:pixelated;border-radius:4px}
            .curves{display:flex;flex-wrap:wrap;gap:1rem} figure{margin:0 0 1rem} figcaption{opacity:.75}
            svg{background:#8881;border-radius:4px} polyline{fill:none;stroke:#c2541d;stroke-width:1.5}
            pre{background:#8881;border-radius:4px;padding:.6rem .9rem;overflow:auto}
            svg text{font-size:11px;fill:currentColor;opacity:.75}
            """;

    private final Html html = new Html();
    private final String title;

    public HtmlPage(String title) {
        this.title = title;
        html.element("h1", title);
    }

    public HtmlPage heading(String text) {
        html.element("h2", text);
        return this;
    }

    public HtmlPage paragraph(String text) {
        html.element("p", text);
        return this;
    }

    /** A link to another file, relative to this page. */
    public HtmlPage link(String text, String href) {
        html.raw("<p><a href=\"").text(href).raw("\">").text(text).raw("</a></p>\n");
        return this;
    }

    /** Text whose lines and spaces stay as they are. */
    public HtmlPage verbatim(String text) {
        html.element("pre", text);
        return this;
    }

    /** A table with a first row of headings; cells that are numbers stand to the right. */
    public HtmlPage table(List<String> headings, List<List<String>> rows) {
        html.table(headings, rows, cell -> NUMBER.matcher(cell).matches() ? "n" : "");
        return this;
    }

    /** A picture, embedded, shown at {@code zoom} times its size. */
    public HtmlPage image(BufferedImage image, String caption, int zoom) {
        return png(PictureGrid.png(image), caption, zoom);
    }

    /** The bytes of a PNG file, embedded, shown at {@code zoom} times its size. */
    public HtmlPage png(byte[] png, String caption, int zoom) {
        // the first chunk of every PNG begins with its width, at byte 16
        html.picture(png, (long) ByteBuffer.wrap(png).getInt(16) * zoom, caption);
        return this;
    }

    /** A figure's course over the steps. */
    public record Curve(String name, List<Double> steps, List<Double> values) {}

    public HtmlPage curves(List<Curve> curves) {
        html.raw("<div class=\"curves\">\n");
        curves.stream().filter(curve -> curve.values().size() >= 2).forEach(this::curve);
        html.raw("</div>\n");
        return this;
    }

    private void curve(Curve curve) {
        double least = curve.values().stream().mapToDouble(v -> v).min().orElse(0);
        double most = curve.values().stream().mapToDouble(v -> v).max().orElse(1);
        double span = most > least ? most - least : 1;
        double first = curve.steps().get(0);
        double last = curve.steps().get(curve.steps().size() - 1);
        var points = new StringBuilder();
        for (int i = 0; i < curve.values().size(); i++) {
            double x = (curve.steps().get(i) - first) / Math.max(1, last - first) * (CURVE_WIDTH - 10) + 5;
            double y = CURVE_HEIGHT - 20 - (curve.values().get(i) - least) / span * (CURVE_HEIGHT - 40);
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
        }
        html.raw(String.format(
                Locale.ROOT,
                "<figure><svg width=\"%d\" height=\"%d\" role=\"img\"><polyline points=\"%s\"/><text x=\"5\" y=\"13\">%.4g</text>"
                        + "<text x=\"5\" y=\"%d\">%.4g</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">step %.0f</text></svg>"
                        + "<figcaption>%s: %.4g at the end</figcaption></figure>%n",
                CURVE_WIDTH,
                CURVE_HEIGHT,
                points,
                most,
                CURVE_HEIGHT - 5,
                least,
                CURVE_WIDTH - 5,
                CURVE_HEIGHT - 5,
                last,
                Html.escaped(curve.name()),
                curve.values().get(curve.values().size() - 1)));
    }

    /** The whole page. */
    public String html() {
        return html.page(title, STYLE);
    }
}
