package smalti.exporter.inspect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import smalti.exporter.cost.Flops;
import smalti.exporter.cost.GraphCost;
import smalti.exporter.cost.NodeCost;
import smalti.exporter.cost.Total;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.spec.page.Html;

/** The page; its size and the time that it takes are bounded, and it says where it leaves something out. */
final class InspectionPage {
    /** Boxes in all drawings together. */
    private static final int MOST_DRAWN = 1_500;

    private static final int MOST_DRAWINGS = 60;
    private static final int MOST_ROWS = 5_000;
    private static final int MOST_OTHERS = 1_000;
    private static final int MOST_NAMES = 30;

    private static final int LONGEST = 120;

    private final Inspection inspection;
    private final Model model;
    private final StringBuilder out = new StringBuilder();
    private final List<Row> rows = new ArrayList<>();
    private final ConstantTable constants = new ConstantTable();
    private int drawn;
    private int drawings;

    /** @param id of its box; null where it is not drawn */
    private record Row(@Nullable String id, Node node, NodeCost cost, String place) {}

    InspectionPage(Inspection inspection, Model model) {
        this.inspection = inspection;
        this.model = model;
    }

    String html() {
        header();
        cards();
        ends();
        out.append("<h2 id=\"graph\">Graph</h2>\n");
        legend();
        draw("", "", model.graph(), inspection.graph(), name -> null);
        redundant();
        operators();
        nodes();
        constants.write(out);
        metadata();
        conventions();
        out.append("<script>\n//<![CDATA[\n").append(resource("page.js")).append("//]]>\n</script>\n");
        return new Html().raw(out.toString()).page(Markup.shortened(inspection.file(), LONGEST), resource("page.css"));
    }

    private static String resource(String name) {
        try (var stream = InspectionPage.class.getResourceAsStream("/smalti/exporter/inspect/" + name)) {
            if (stream == null) {
                throw new IllegalStateException(name + " is missing from the exporter's jar");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String text(String text) {
        return Html.escaped(Markup.shortened(text, LONGEST));
    }

    static String format(String form, Object... values) {
        return String.format(Locale.ROOT, form, values);
    }

    private void header() {
        var opsets = inspection.opsets().entrySet().stream()
                .limit(12)
                .map(entry -> (entry.getKey().isEmpty() ? "opset " : entry.getKey() + " ") + entry.getValue())
                .collect(Collectors.joining(", "));
        out.append("<h1>").append(text(inspection.file())).append("</h1>\n<p class=\"dim\">");
        out.append(text(opsets))
                .append(" · IR ")
                .append(inspection.irVersion())
                .append(" · ")
                .append(Markup.bytes(inspection.fileBytes()));
        if (!inspection.producer().isEmpty()) {
            out.append(" · made by ").append(text(inspection.producer()));
        }
        if (!model.graph().name().isEmpty()) {
            out.append(" · graph “").append(text(model.graph().name())).append("”");
        }
        out.append("</p>\n");
        var cost = inspection.cost();
        if (!cost.sizes().isEmpty()) {
            out.append("<p>Figures for ").append(text(sizes())).append(".</p>\n");
        }
        if (!cost.open().isEmpty()) {
            out.append("<p>Of no known size: <code>")
                    .append(text(String.join(", ", cost.open())))
                    .append("</code>, so what depends on it is unknown; give it by <code>--size ")
                    .append(text(cost.open().get(0)))
                    .append("=…</code>.</p>\n");
        }
    }

    private String sizes() {
        var cost = inspection.cost();
        return cost.sizes().entrySet().stream()
                .map(entry -> entry.getKey() + " = " + entry.getValue()
                        + (cost.assumed().contains(entry.getKey()) ? " (assumed)" : ""))
                .collect(Collectors.joining(", "));
    }

    private void cards() {
        var graph = inspection.graph();
        var cost = inspection.cost();
        out.append("<div class=\"cards\">");
        card(
                format("%,d", inspection.nodes()),
                "nodes, " + inspection.operators().size() + " operators");
        card(Markup.count(cost.parameters()), "parameters, " + Markup.bytes(cost.parameterBytes()));
        card(total(graph.flops(), Markup.count(graph.flops().known())), "FLOPs" + unknown(graph.flops(), " node"));
        card(
                total(graph.peakBytes(), Markup.bytes(graph.peakBytes().known())),
                "activations at once" + unknown(graph.peakBytes(), " value")
                        + (graph.peakAt() == null ? "" : ", at " + graph.peakAt()));
        var largest = graph.largest();
        var bytes = largest == null ? null : largest.bytes();
        if (largest != null && bytes != null) {
            card(Markup.bytes(bytes), "largest value, " + largest.name());
        }
        int redundant = inspection.redundant().stream()
                .mapToInt(pass -> pass.nodes().size())
                .sum();
        card(
                inspection.redundancyKnown()
                        ? inspection.redundant().isEmpty() ? "none" : format("%,d", redundant)
                        : "?",
                "redundant nodes");
        out.append("</div>\n");
    }

    private static String total(Total total, String known) {
        return (total.isWhole() ? "" : total.known() == 0 ? "unknown" : "≥ ")
                + (total.isWhole() || total.known() > 0 ? known : "");
    }

    private static String unknown(Total total, String what) {
        return total.isWhole() ? "" : ", " + total.unknown() + what + (total.unknown() == 1 ? "" : "s") + " unknown";
    }

    private void card(String figure, String what) {
        out.append("<div class=\"card\"><b>")
                .append(Html.escaped(figure))
                .append("</b><span>")
                .append(text(what))
                .append("</span></div>\n");
    }

    private void ends() {
        out.append("<div class=\"ends\">");
        ends("Inputs", inspection.inputs());
        ends("Outputs", inspection.outputs());
        out.append("</div>\n");
    }

    private void ends(String heading, List<Inspection.End> ends) {
        out.append("<div><h3>").append(heading).append("</h3><table><tbody>");
        ends.stream()
                .limit(MOST_OTHERS)
                .forEach(end -> out.append("<tr><td class=\"w mono\">")
                        .append(text(end.name()))
                        .append("</td><td class=\"mono\">")
                        .append(text(end.type()))
                        .append("</td></tr>\n"));
        if (ends.isEmpty()) {
            out.append("<tr><td>none</td></tr>");
        }
        out.append("</tbody></table>");
        out.append(leftOut(ends.size(), MOST_OTHERS));
        out.append("</div>\n");
    }

    /** Says that a table shows the first of its rows alone, where it does. */
    static String leftOut(int all, int shown) {
        return all > shown ? format("<p class=\"dim\">The first %,d of %,d.</p>%n", shown, all) : "";
    }

    private void legend() {
        var kinds = EnumSet.noneOf(NodeText.Kind.class);
        kinds(model.graph(), kinds);
        out.append("<p>");
        kinds.forEach(kind -> out.append("<span class=\"key ")
                .append(kind.style())
                .append("\"><i></i>")
                .append(kind.text())
                .append("</span> &#160; "));
        out.append("</p>\n");
    }

    private static void kinds(Graph graph, EnumSet<NodeText.Kind> kinds) {
        for (var node : graph.nodes()) {
            kinds.add(NodeText.kind(node));
            node.bodies().forEach(body -> kinds(body, kinds));
        }
    }

    /** A graph and, after it, the bodies of its nodes. */
    private void draw(
            String prefix, String place, Graph graph, GraphCost cost, Function<String, @Nullable Constant> around) {
        var own = new HashMap<String, Constant>(graph.initializers());
        graph.initializers().forEach(constants::add);
        for (var node : graph.nodes()) {
            if (node.is("Constant")
                    && node.outputs().size() == 1
                    && node.attributes().get("value") instanceof Attribute.Array array) {
                own.put(node.output(), array.value());
                constants.add(node.output(), array.value());
            }
        }
        Function<String, @Nullable Constant> known = name -> {
            var constant = own.get(name);
            return constant == null ? around.apply(name) : constant;
        };
        int room = drawings < MOST_DRAWINGS ? Math.min(graph.nodes().size(), MOST_DRAWN - drawn) : 0;
        if (!prefix.isEmpty() && room > 0) {
            out.append("<h3 id=\"")
                    .append(prefix)
                    .append("\">")
                    .append(text(place))
                    .append("</h3>\n");
        }
        if (room > 0 || (prefix.isEmpty() && graph.nodes().isEmpty())) {
            drawings++;
            drawn += room;
            picture(GraphDrawing.of(prefix, model.opset(), graph, cost, known, room), graph, room, prefix);
        }
        for (int i = 0; i < graph.nodes().size(); i++) {
            var node = graph.nodes().get(i);
            boolean boxed = i < room && !(node.is("Constant") && own.containsKey(node.output()));
            rows.add(new Row(boxed ? prefix + "n" + i : null, node, cost.nodes().get(i), place));
        }
        for (int i = 0; i < graph.nodes().size(); i++) {
            var node = graph.nodes().get(i);
            var of = cost.nodes().get(i);
            int body = 0;
            for (var attribute : node.attributes().entrySet()) {
                if (attribute.getValue() instanceof Attribute.Body inner) {
                    draw(
                            GraphDrawing.body(prefix + "n" + i, body),
                            (place.isEmpty() ? "" : place + " › ") + of.op() + " " + of.name() + ": "
                                    + attribute.getKey(),
                            inner.value(),
                            of.bodies().get(body),
                            known);
                    body++;
                }
            }
        }
    }

    private void picture(GraphDrawing.Drawing drawing, Graph graph, int shown, String prefix) {
        if (shown < graph.nodes().size()) {
            out.append(format(
                    "<p><b>Drawn are the first %,d of %,d nodes</b>; the table below holds more.</p>%n",
                    shown, graph.nodes().size()));
        }
        if (drawing.left() > 0) {
            out.append(format(
                    "<p class=\"dim\">%,d lines that would pass many layers are left out; the boxes say what they take.</p>%n",
                    drawing.left()));
        }
        out.append("<div class=\"tools\"><span><button data-z=\"out\" title=\"smaller\">−</button> ")
                .append("<button data-z=\"in\" title=\"larger\">+</button> <button data-z=\"one\">1:1</button> ")
                .append("<button data-z=\"wide\">width</button> <button data-z=\"all\">all</button></span>");
        if (!prefix.isEmpty()) {
            out.append("<a href=\"#").append(prefix, 0, prefix.lastIndexOf('b')).append("\">to its node ↑</a>");
        }
        out.append(format("</div><div class=\"view\" style=\"height:min(82vh,%.0fpx)\">", drawing.height() + 18))
                .append(drawing.svg())
                .append("</div>\n");
    }

    private void redundant() {
        out.append("<h2 id=\"redundant\">Redundant nodes</h2>\n");
        if (!inspection.redundancyKnown()) {
            out.append(format(
                    "<p>Not looked for among more than %,d nodes; <code>smalti optimize</code> does.</p>%n",
                    Inspection.MOST_FOR_PASSES));
        } else if (inspection.redundant().isEmpty()) {
            out.append("<p>None: <code>smalti optimize</code> would change nothing.</p>\n");
        } else {
            out.append("<p>What <code>smalti optimize</code> would change:</p><table><thead><tr><th>pass</th>")
                    .append(
                            "<th class=\"v\">takes out</th><th class=\"v\">puts in</th><th>nodes</th></tr></thead><tbody>\n");
            for (var pass : inspection.redundant()) {
                var names = pass.nodes().stream()
                        .limit(MOST_NAMES)
                        .map(InspectionPage::text)
                        .collect(Collectors.joining(", "));
                int more = pass.nodes().size() - MOST_NAMES;
                out.append(format(
                        "<tr><td>%s</td><td class=\"v\">%,d</td><td class=\"v\">%,d</td><td class=\"w mono\">%s</td></tr>%n",
                        pass.pass(),
                        pass.nodes().size(),
                        pass.added(),
                        names.isEmpty() ? "constants alone" : names + (more > 0 ? " and " + more + " more" : "")));
            }
            out.append("</tbody></table>\n");
        }
    }

    private void operators() {
        out.append("<h2 id=\"operators\">Operators</h2><table><thead><tr><th data-s=\"\">operator</th>")
                .append("<th class=\"v\" data-s=\"\">nodes</th><th class=\"v\" data-s=\"\">parameters</th>")
                .append("<th class=\"v\" data-s=\"\">FLOPs</th></tr></thead><tbody>\n");
        long whole = Math.max(1, inspection.graph().flops().known());
        for (var share : inspection
                .operators()
                .subList(0, Math.min(MOST_OTHERS, inspection.operators().size()))) {
            out.append("<tr><td>").append(text(share.op())).append("</td>");
            out.append(number(share.nodes(), format("%,d", share.nodes())));
            out.append(number(share.parameters(), share.parameters() == 0 ? "" : Markup.count(share.parameters())));
            bar(
                    share.flops().known(),
                    whole,
                    total(
                            share.flops(),
                            share.flops().known() == 0
                                    ? ""
                                    : Markup.count(share.flops().known())));
            out.append("</tr>\n");
        }
        out.append("</tbody></table>\n");
        out.append(leftOut(inspection.operators().size(), MOST_OTHERS));
    }

    /** A cell that its column is sorted by. */
    static String number(long value, String shown) {
        return "<td class=\"v\" data-v=\"" + value + "\">" + shown + "</td>";
    }

    private void bar(long value, long whole, String shown) {
        double share = Math.min(100, 100.0 * value / whole);
        out.append(format("<td class=\"v bar\" data-v=\"%d\">", value));
        if (share >= 0.1) {
            out.append(format("<i style=\"width:%.1f%%\"></i>", share * 0.9));
        }
        out.append("<span>").append(shown);
        if (share >= 0.1) {
            out.append(format(" <small class=\"dim\">%.1f%%</small>", share));
        }
        out.append("</span></td>");
    }

    private void nodes() {
        out.append("<h2 id=\"nodes\">Nodes</h2><p><input type=\"search\" data-t=\"node-table\" placeholder=\"filter\" ")
                .append(
                        "aria-label=\"filter the nodes\"/></p><div class=\"scroll\"><table id=\"node-table\"><thead><tr>")
                .append("<th class=\"v\" data-s=\"\">#</th><th data-s=\"\">operator</th><th data-s=\"\">name</th>")
                .append("<th>attributes</th><th>outputs</th><th class=\"v\" data-s=\"\">parameters</th>")
                .append("<th class=\"v\" data-s=\"\">FLOPs</th></tr></thead><tbody>\n");
        long whole = Math.max(1, inspection.graph().flops().known());
        for (int i = 0; i < Math.min(rows.size(), MOST_ROWS); i++) {
            row(i, rows.get(i), whole);
        }
        out.append("</tbody></table></div>\n");
        out.append(leftOut(rows.size(), MOST_ROWS));
    }

    private void row(int index, Row row, long whole) {
        var cost = row.cost();
        out.append("<tr>");
        out.append(number(-index, Integer.toString(index)));
        out.append("<td>");
        if (row.id() != null) {
            out.append("<a href=\"#")
                    .append(row.id())
                    .append("\">")
                    .append(text(cost.op()))
                    .append("</a>");
        } else {
            out.append(text(cost.op()));
        }
        out.append("</td><td class=\"w mono\">").append(text(NodeText.name(cost)));
        if (!row.place().isEmpty()) {
            out.append("<br/><small class=\"dim\">in ")
                    .append(text(row.place()))
                    .append("</small>");
        }
        out.append("</td><td class=\"w mono\">");
        var attributes = NodeText.attributes(row.node());
        out.append(text(String.join("; ", attributes.subList(0, Math.min(12, attributes.size())))))
                .append("</td><td class=\"w mono\">");
        cost.outputs().stream()
                .limit(6)
                .forEach(output -> out.append(text(NodeText.shape(output)))
                        .append(output.type() == null || output.type().equals("float32") ? "" : " " + output.type())
                        .append("<br/>"));
        if (cost.outputs().size() > 6) {
            out.append("and ").append(cost.outputs().size() - 6).append(" more");
        }
        out.append("</td>");
        out.append(number(cost.parameters(), cost.parameters() == 0 ? "" : Markup.count(cost.parameters())));
        if (cost.flops() instanceof Flops.Counted counted) {
            bar(counted.count(), whole, Markup.count(counted.count()));
        } else if (cost.flops() instanceof Flops.Unknown unknown) {
            out.append("<td class=\"v\" data-v=\"-1\"><abbr title=\"")
                    .append(text(unknown.reason()))
                    .append("\">unknown</abbr></td>");
        } else {
            out.append(number(0, "<span class=\"dim\">–</span>"));
        }
        out.append("</tr>\n");
    }

    private void metadata() {
        if (inspection.metadata().isEmpty()) {
            return;
        }
        out.append("<h2 id=\"metadata\">Metadata</h2><table><tbody>\n");
        inspection.metadata().entrySet().stream()
                .limit(MOST_OTHERS)
                .forEach(entry -> out.append("<tr><td class=\"w mono\">")
                        .append(text(entry.getKey()))
                        .append("</td><td class=\"w\">")
                        .append(Html.escaped(Markup.shortened(entry.getValue(), 2_000)))
                        .append("</td></tr>\n"));
        out.append("</tbody></table>\n");
        out.append(leftOut(inspection.metadata().size(), MOST_OTHERS));
    }

    private void conventions() {
        out.append("""
                <h2 id="counting">How it is counted</h2>
                <p class="dim">A multiply-add is 2 FLOPs, on whole numbers as on floats. Convolutions and matrix products
                count their plain loops, taps on padding included; an elementwise operator 1 for each element whatever its
                function. Operators that move, rename or convert elements (–) have none. Of an If the dearer branch counts,
                of a loop all its turns. Memory is what lives at once when the nodes run in the file's order, inputs and
                outputs of the model always and no two values in one place; weights come on top. What is not known before
                the model runs is called unknown, and totals then say “≥”.</p>
                """);
    }
}
