package smalti.exporter.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import smalti.exporter.report.ExportReport.GraphReport;
import smalti.exporter.report.ExportReport.LayerReport;
import smalti.exporter.report.ExportReport.PrecisionReport;
import smalti.spec.file.AtomicFiles;
import smalti.spec.file.RecordTree;
import smalti.spec.page.Html;

/** The report as JSON and as one page of HTML without scripts, beside its bundle. */
public final class ReportPage {
    private static final String STYLE = """
            :root { color-scheme: light dark; --line: #8884; --bar: #3b82c4; --quiet: #888; --good: #2e8b57; --bad: #c0563b; }
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
            h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
            .quiet { color: var(--quiet); } .kept { color: var(--good); } .dropped { color: var(--bad); }
            .wide { overflow-x: auto; }
            table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .7rem 0; }
            th, td { text-align: right; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
            td { white-space: nowrap; }
            th:first-child, td:first-child, td.text, th.text { text-align: left; }
            td.dropped { white-space: normal; }
            .histogram { display: flex; align-items: flex-end; gap: 3px; height: 5rem; margin: .5rem 0 0; }
            .histogram div { flex: 1; max-width: 3.4rem; background: var(--bar); min-height: 1px; }
            .labels { display: flex; gap: 3px; font-size: .75rem; color: var(--quiet); }
            .labels div { flex: 1; max-width: 3.4rem; text-align: center; }
            summary { cursor: pointer; }
            figure { margin: 1rem 0; } figcaption { color: var(--quiet); } img { image-rendering: pixelated; max-width: 100%; }
            """;

    private static final List<String> BINS =
            List.of("0", "<1e-9", "1e-9", "1e-8", "1e-7", "1e-6", "1e-5", "1e-4", "1e-3", "1e-2", "1e-1", "\u22651");

    private static final String VERDICT = "result";

    private final Html html = new Html();

    private ReportPage() {}

    /**
     * What the model makes, within the page.
     *
     * @param width at which it is shown, in pixels of the screen
     */
    public record Picture(String caption, byte[] png, long width) {}

    /**
     * Writes {@code name.report.json} and {@code name.report.html} beside {@code name.smalti}.
     *
     * @return the page
     */
    public static Path write(ExportReport report, List<Picture> pictures, Path bundle) throws IOException {
        AtomicFiles.writeString(beside(bundle, ".report.json"), RecordTree.json(report));
        var page = beside(bundle, ".report.html");
        AtomicFiles.writeString(page, html(report, pictures));
        return page;
    }

    /** Where a report of a bundle lies; {@code ending} such as {@code .report.html}. */
    public static Path beside(Path bundle, String ending) {
        var name = String.valueOf(bundle.getFileName());
        var stem = name.endsWith(".smalti") ? name.substring(0, name.length() - ".smalti".length()) : name;
        return bundle.resolveSibling(stem + ending);
    }

    static String html(ExportReport report, List<Picture> pictures) {
        var page = new ReportPage();
        page.page(report, pictures);
        return page.html.page(report.name() + ": export", STYLE);
    }

    private void page(ExportReport report, List<Picture> pictures) {
        html.element("h1", report.name());
        paragraph("quiet", "The export to ONNX, opset " + report.opset() + ". Times: " + report.machine() + ".");
        pictures.forEach(picture -> html.picture(picture.png(), picture.width(), picture.caption()));
        summary(report);
        var reconstruction = report.reconstruction();
        if (reconstruction != null) {
            reconstruction(reconstruction, report.heldOut());
        }
        report.graphs().forEach(this::graph);
    }

    private void paragraph(String kind, String text) {
        html.element("p", kind, text);
    }

    private void summary(ExportReport report) {
        html.element("h2", "Files");
        var rows = new ArrayList<List<String>>();
        for (var graph : report.graphs()) {
            for (var precision : graph.precisions()) {
                if (precision.milliseconds() == null) {
                    continue;
                }
                rows.add(List.of(
                        precision.file() == null ? graph.role() + " in " + precision.precision() : precision.file(),
                        bytes(precision.bytes()),
                        closeness(precision),
                        loss(precision.reconstructionLoss()),
                        milliseconds(precision, 0),
                        milliseconds(precision, 1),
                        times(precision.timesAsFast()),
                        precision.memoryBytes() == null ? "" : bytes(precision.memoryBytes()),
                        precision.why() == null ? "kept" : "not kept: " + precision.why()));
            }
        }
        table(
                List.of(
                        "file",
                        "size",
                        "against FP32",
                        "pictures lose",
                        "ms, batch 1",
                        "ms, batch 16",
                        "speed",
                        "memory",
                        VERDICT),
                rows);
        paragraph(
                "quiet",
                "Against FP32: peak signal-to-noise ratio of the pixels or of distributions' numbers, or the share of equal codes,"
                        + " on held-out samples; nats: the divergence KL of distributions from those in FP32, of a picture."
                        + " Pictures lose: dB against their originals when this file stands in for the FP32 one."
                        + " Speed: times as fast as FP32, the geometric mean over both batches, measured in turns."
                        + " Memory: weights, and values that live at once, for a picture.");
    }

    private static String closeness(PrecisionReport precision) {
        var psnr = precision.psnr();
        var agreement = precision.agreement();
        if (agreement != null) {
            return String.format(Locale.ROOT, "%.2f%%", 100 * agreement);
        }
        var nats = precision.divergence();
        return (psnr == null ? precision.precision().equals("fp32") ? "" : "equal" : decibels(psnr))
                + (nats == null ? "" : String.format(Locale.ROOT, ", %.2g nats", nats));
    }

    private static String loss(@Nullable Double loss) {
        // without the sign of what rounds to nothing
        return loss == null ? "" : String.format(Locale.ROOT, "%.2f dB", Math.abs(loss) < 0.005 ? 0 : loss);
    }

    private static String decibels(double number) {
        return String.format(Locale.ROOT, "%.1f dB", number);
    }

    private static String milliseconds(PrecisionReport precision, int batch) {
        var milliseconds = precision.milliseconds();
        return milliseconds == null ? "" : String.format(Locale.ROOT, "%.3g", milliseconds.get(batch));
    }

    private static String times(@Nullable Double ratio) {
        return ratio == null ? "" : String.format(Locale.ROOT, "%.2f\u00d7", ratio);
    }

    private static String bytes(long bytes) {
        return bytes < 1_000_000
                ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }

    private void reconstruction(Map<String, Double> figures, int count) {
        html.element("h2", count + " held-out pictures as they come back");
        var rows = new ArrayList<List<String>>();
        figures.forEach((precision, psnr) -> rows.add(List.of(precision, String.format(Locale.ROOT, "%.2f dB", psnr))));
        table(List.of("precision", "PSNR, higher is better"), rows);
    }

    private void graph(GraphReport graph) {
        html.element("h2", graph.role());
        var proof = graph.proof();
        var flops = graph.flops();
        paragraph(
                "",
                String.format(
                        Locale.ROOT,
                        "%d nodes (%d before the passes), %,d parameters, %s operations for a picture; checked: %s.",
                        graph.nodes(),
                        graph.nodesBefore(),
                        graph.parameters(),
                        flops == null ? "an unknown number of" : String.format(Locale.ROOT, "%,d", flops),
                        graph.checker()));
        paragraph("", "Operators: " + counts(graph.ops()) + ".");
        if (!graph.passes().isEmpty()) {
            paragraph("", "Passes that changed it, with the nodes they took away: " + counts(graph.passes()) + ".");
        }
        paragraph(
                "",
                String.format(
                                Locale.ROOT,
                                "Against SameDiff on %d samples: at most %.3g apart, %.3g on average, of a range of %.3g",
                                proof.samples(),
                                proof.maxDifference(),
                                proof.meanDifference(),
                                proof.range())
                        + (proof.codes() == 0
                                ? "."
                                : String.format(
                                        Locale.ROOT,
                                        proof.codesDiffering() == 0
                                                ? "; %d of %d codes differ."
                                                : "; %d of %d codes differ, each a near tie.",
                                        proof.codesDiffering(),
                                        proof.codes())));
        var histogram = proof.histogram();
        if (histogram != null && proof.maxDifference() > 0) {
            histogram(histogram);
        }
        graph.precisions().stream()
                .filter(precision -> !precision.layers().isEmpty())
                .forEach(this::layers);
        graph.precisions().stream()
                .filter(precision -> !precision.islands().isEmpty())
                .forEach(precision -> paragraph(
                        "",
                        "In FP32 within " + precision.precision() + " for their range: "
                                + String.join(", ", precision.islands()) + "."));
    }

    private static String counts(Map<String, Integer> counts) {
        var parts = new ArrayList<String>();
        counts.forEach((name, count) -> parts.add(name + " " + count));
        return String.join(", ", parts);
    }

    /** Bars of logarithmic height: one element among millions must be seen. */
    private void histogram(List<Long> counts) {
        int last = counts.size() - 1;
        while (last > 0 && counts.get(last) == 0) {
            last--;
        }
        double most = Math.log1p(
                (double) counts.stream().mapToLong(Long::longValue).max().orElse(0));
        html.raw("<div class=\"histogram\">");
        for (int bin = 0; bin <= last; bin++) {
            double height = most == 0 ? 0 : 100 * Math.log1p((double) counts.get(bin)) / most;
            html.raw(String.format(
                    Locale.ROOT, "<div style=\"height:%.1f%%\" title=\"%,d\"></div>", height, counts.get(bin)));
        }
        html.raw("</div>\n<div class=\"labels\">");
        for (int bin = 0; bin <= last; bin++) {
            html.raw("<div>").text(BINS.get(bin)).raw("<br/>");
            html.raw(String.format(Locale.ROOT, "%,d", counts.get(bin))).raw("</div>");
        }
        html.raw("</div>\n");
        paragraph(
                "quiet",
                "How many elements differ by how much (from the figure to ten times it); heights are logarithms.");
    }

    private void layers(PrecisionReport precision) {
        html.raw("<details>").element("summary", "What each layer costs that alone is " + precision.precision());
        var rows = new ArrayList<List<String>>();
        for (LayerReport layer : precision.layers()) {
            var psnr = layer.psnr();
            var agreement = layer.agreement();
            rows.add(List.of(
                    layer.name(),
                    layer.op(),
                    agreement != null
                            ? String.format(Locale.ROOT, "%.2f%%", 100 * agreement)
                            : psnr == null ? "equal" : decibels(psnr),
                    layer.quantized() ? precision.precision() : "float"));
        }
        table(List.of("layer", "operator", "against FP32", "in the file"), rows);
        paragraph("quiet", "Ranges by " + precision.calibration() + ".");
        html.raw("</details>\n");
    }

    private void table(List<String> headings, List<List<String>> rows) {
        html.table(
                headings,
                rows,
                text -> text.equals("kept")
                        ? "kept text"
                        : text.startsWith("not kept") ? "dropped text" : text.equals(VERDICT) ? "text" : "");
    }
}
