package smalti.exporter.bundle;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import smalti.exporter.report.ReportPage;
import smalti.spec.Check;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;
import smalti.spec.page.Html;
import smalti.spec.page.PictureGrid;

/**
 * A bundle's {@code README.md}: what the model is, what it makes, how good it is, where it comes from, and how to run it
 * in Java, Python, JavaScript and C++.
 *
 * @param markdown names the pictures by their files, which lie beside it
 * @param pictures PNG files by name
 * @param shown the same with their captions
 */
public record ModelCard(String markdown, SortedMap<String, byte[]> pictures, List<ReportPage.Picture> shown) {
    public static final String FILE = "README.md";

    private static final int SMALLEST_SHOWN = 96;

    /**
     * Pictures to show.
     *
     * @param file a plain name that ends in .png
     * @param rows each [M,H,W,C] uint8, of one shape: shown one under the other, M pictures wide
     */
    public record Sheet(String file, String caption, List<NpyArray> rows) {
        public Sheet {
            rows = List.copyOf(rows);
            var check = Check.that(
                            file.matches("[A-Za-z0-9][A-Za-z0-9._-]*\\.png"),
                            "file must be a plain name that ends in .png, got \"%s\"",
                            file)
                    .and(!rows.isEmpty(), "rows must not be empty");
            for (var row : rows) {
                var shape = row.shape();
                check.and(
                        row.type() == ElementType.UINT8
                                && shape.size() == 4
                                && shape.equals(rows.get(0).shape())
                                && (shape.get(3) == 1 || shape.get(3) == 3),
                        "rows must be uint8 [M,H,W,C] of one shape with C 1 or 3, got %s %s",
                        row.type(),
                        shape);
            }
            check.done();
        }
    }

    /** Writes the card and its pictures into a folder. */
    void writeTo(Path folder) throws IOException {
        Files.writeString(folder.resolve(FILE), markdown);
        for (var picture : pictures.entrySet()) {
            Files.write(folder.resolve(picture.getKey()), picture.getValue());
        }
    }

    /** A measured figure, such as "PSNR of held-out pictures" and "24.3 dB". */
    public record Figure(String name, String value) {}

    /**
     * @param manifest of the bundle that the card is for; its {@code files} need not list the card
     * @param sheets held-out pictures with their reconstructions below, or generated ones
     * @param figures measured on pictures that the model was not trained on
     */
    public static ModelCard of(BundleManifest manifest, List<Sheet> sheets, List<Figure> figures) {
        var pictures = new TreeMap<String, byte[]>();
        var shown = new ArrayList<ReportPage.Picture>();
        var text = new StringBuilder();
        var sections = Service.of(manifest).stream()
                .map(service -> service.card(manifest))
                .toList();
        text.append("# ").append(manifest.name()).append("\n\n");
        sections.forEach(section -> text.append(section.summary()).append("\n\n"));
        for (var sheet : sheets) {
            var grid = grid(sheet.rows());
            var png = PictureGrid.png(grid);
            pictures.put(sheet.file(), png);
            // small pictures are shown larger, and a browser keeps their pixels square enough
            long height = sheet.rows().get(0).shape().get(1);
            long zoom = Math.max(1, SMALLEST_SHOWN / height);
            shown.add(new ReportPage.Picture(sheet.caption(), png, grid.getWidth() * zoom));
            text.append("<img src=\"%s\" alt=\"%s\" width=\"%d\">\n\n*%s*\n\n"
                    .formatted(sheet.file(), Html.escaped(sheet.caption()), grid.getWidth() * zoom, sheet.caption()));
        }
        graphs(manifest, text);
        figures(manifest, figures, text);
        contracts(manifest, sections, text);
        text.append("## How to run it\n\n");
        for (var section : sections) {
            Snippet.of(section.snippets(), manifest).forEach(snippet -> snippet(text, snippet));
        }
        limits(manifest, sections, text);
        provenance(manifest, text);
        return new ModelCard(text.toString(), pictures, shown);
    }

    private static void graphs(BundleManifest manifest, StringBuilder text) {
        text.append("## Graphs\n\nPlain ONNX, opset " + manifest.opset()
                + ", for any runtime. A letter is a free size.\n\n" + "| file | in → out |\n| --- | --- |\n");
        manifest.graphs().values().forEach(graph -> {
            text.append("| `%s` | %s |\n".formatted(graph.file(), graph.signature()));
            if (graph.variants() != null) {
                graph.variants()
                        .forEach((precision, variant) -> text.append("| `%s` | the same in %s, %s |\n"
                                .formatted(variant.file(), precision.toUpperCase(Locale.ROOT), closeness(variant))));
            }
        });
        text.append('\n');
    }

    private static String closeness(BundleManifest.Variant variant) {
        var agreement = variant.agreement();
        if (agreement != null) {
            return String.format(Locale.ROOT, "%.2f%% of its codes", 100 * agreement);
        }
        var psnr = variant.psnr();
        return psnr == null ? "equal in all samples" : String.format(Locale.ROOT, "%.1f dB from it", psnr);
    }

    private static void figures(BundleManifest manifest, List<Figure> figures, StringBuilder text) {
        text.append("## Figures\n\n| figure | value |\n| --- | --- |\n");
        figures.forEach(figure -> text.append("| ")
                .append(figure.name())
                .append(" | ")
                .append(figure.value())
                .append(" |\n"));
        manifest.graphs().values().forEach(graph -> {
            text.append(
                    "| largest difference of `%s` from its source | %s |\n".formatted(graph.file(), difference(graph)));
        });
        text.append('\n');
    }

    private static String difference(BundleManifest.Graph graph) {
        var proof = graph.proof();
        if (proof.codes() > 0) {
            return proof.codesDiffering() + " of " + proof.codes() + " codes";
        } else if (graph.signature().outputs().get(0).type() == ElementType.UINT8) {
            return String.format(Locale.ROOT, "%.0f of 255 levels", proof.maxDifference());
        }
        return String.format(Locale.ROOT, "%.1e of %.3g", proof.maxDifference(), proof.range());
    }

    private static void contracts(BundleManifest manifest, List<CardSection> sections, StringBuilder text) {
        var pixels = manifest.pixels();
        text.append("## Pixels\n\nGraphs with `pixels` take and give bytes [batch, height, width, channels], "
                + (pixels.channels() == 1 ? "one grey channel" : "channels red, green, blue")
                + ", sRGB as in a PNG; nothing need be scaled. In graphs with `image` [batch, channels, height, width] a"
                + " byte p is the float " + number(pixels.lo()) + " + " + number(pixels.hi() - pixels.lo())
                + "·p/255; back, it is rounded to the nearest whole number (halves to even) and held to 0…255.\n\n");
        sections.forEach(section ->
                section.contracts().forEach(paragraph -> text.append(paragraph).append("\n\n")));
    }

    private static void snippet(StringBuilder text, Snippet snippet) {
        text.append("### ").append(snippet.heading()).append("\n\n```").append(snippet.language());
        text.append('\n').append(snippet.code()).append("```\n\n");
    }

    private static void limits(BundleManifest manifest, List<CardSection> sections, StringBuilder text) {
        text.append("## Limits\n\n");
        sections.forEach(section -> section.limits()
                .forEach(limit -> text.append("- ").append(limit).append('\n')));
        text.append("- It knows what its %d training pictures show; what they lack or favour, it lacks and favours.\n\n"
                .formatted(manifest.provenance().trainPictures()));
    }

    private static void provenance(BundleManifest manifest, StringBuilder text) {
        var from = manifest.provenance();
        text.append("## Provenance\n\n| | |\n| --- | --- |\n");
        row(text, "family", from.family());
        row(text, "training", from.steps() + " steps, seed " + from.seed());
        row(text, "pictures", from.trainPictures() + ", variance " + number(from.pixelVariance()));
        row(text, "spec (SHA-256)", "`" + from.specSha256() + "`");
        from.versions().forEach((name, version) -> row(text, name, version));
        text.append("\n`bundle.json` holds the SHA-256 of every file.\n");
    }

    /** @param rows [N,H,W,C] uint8 each, of the same shape */
    private static BufferedImage grid(List<NpyArray> rows) {
        var shape = rows.get(0).shape().stream().mapToInt(Math::toIntExact).toArray();
        var pixels = new ByteArrayOutputStream();
        rows.forEach(row -> pixels.writeBytes(row.bytes()));
        return PictureGrid.of(pixels.toByteArray(), shape[1], shape[2], shape[3], shape[0]);
    }

    private static void row(StringBuilder text, String name, String value) {
        text.append("| ").append(name).append(" | ").append(value).append(" |\n");
    }

    /** At most four digits, and none that say nothing. */
    static String number(double value) {
        return new java.math.BigDecimal(value)
                .round(new java.math.MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
    }
}
