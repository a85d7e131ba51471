package smalti.exporter.inspect;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import smalti.exporter.cost.Flops;
import smalti.exporter.cost.GraphCost;
import smalti.exporter.cost.NodeCost;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Node;
import smalti.exporter.inspect.LayeredLayout.Box;
import smalti.exporter.inspect.LayeredLayout.Link;
import smalti.exporter.inspect.LayeredLayout.Piece;
import smalti.spec.page.Html;

/** One graph as SVG: inputs above, nodes below those that they take values from, shapes beside the lines. */
final class GraphDrawing {
    /** The width of a letter, as a share of the size of the font. */
    private static final double LETTER = 0.61;

    private static final double HEAD = 24;
    private static final double LINE = 15;
    private static final int NAME = 28;
    private static final int MOST_CONSTANTS = 4;
    private static final int MOST_LABELS = 12;
    private static final int MOST_PORTS = 40;
    private static final double MARGIN = 16;
    private static final double STEM = 16;

    /**
     * @param svg the element
     * @param left lines that are not drawn
     */
    record Drawing(String svg, double width, double height, int left) {}

    private final String prefix;
    private final int opset;
    private final Graph graph;
    private final GraphCost cost;
    private final Function<String, @Nullable Constant> constants;
    private final int most;
    private final List<Tile> tiles = new ArrayList<>();
    private final Map<String, Port> ports = new HashMap<>();
    private final List<Link> links = new ArrayList<>();
    private int left;

    /** What a box shows. */
    private record Tile(
            String id,
            String style,
            String head,
            String name,
            List<String> lines,
            List<String> bodies,
            String title,
            Box inner,
            List<Label> labels) {}

    /** A value that leaves a box. */
    private record Port(int tile, int index) {}

    private record Label(String value, String shape) {}

    private GraphDrawing(
            String prefix,
            int opset,
            Graph graph,
            GraphCost cost,
            Function<String, @Nullable Constant> constants,
            int most) {
        this.prefix = prefix;
        this.opset = opset;
        this.graph = graph;
        this.cost = cost;
        this.constants = constants;
        this.most = most;
    }

    /**
     * @param prefix of the ids; a node's is this and its place
     * @param constants the value of a name, if it is constant
     * @param most nodes to draw, the first ones
     */
    static Drawing of(
            String prefix,
            int opset,
            Graph graph,
            GraphCost cost,
            Function<String, @Nullable Constant> constants,
            int most) {
        return new GraphDrawing(prefix, opset, graph, cost, constants, most).draw();
    }

    private Drawing draw() {
        int drawn = Math.min(most, graph.nodes().size());
        var shown = graph.nodes().subList(0, drawn);
        var taken = new LinkedHashSet<String>();
        shown.forEach(node -> taken.addAll(node.uses()));
        for (var input : graph.inputs()) {
            if (!graph.initializers().containsKey(input.name())) {
                pill("input", input.name(), NodeText.type(input));
            }
        }
        for (var captured : prefix.isEmpty() ? List.<String>of() : List.copyOf(graph.captured())) {
            if (constants.apply(captured) == null && taken.contains(captured)) {
                pill("captured", captured, "from around");
            }
        }
        for (int i = 0; i < drawn; i++) {
            node(i, shown.get(i), cost.nodes().get(i));
        }
        if (drawn == graph.nodes().size()) {
            for (var output : graph.outputs()) {
                var from = ports.get(output.name());
                pill("output", output.name(), NodeText.type(output));
                if (from != null) {
                    links.add(new Link(from.tile(), from.index(), tiles.size() - 1));
                }
            }
        }
        var layout = LayeredLayout.of(tiles.stream().map(GraphDrawing::outer).toList(), links);
        left += layout.cut().size();
        return new Drawing(svg(layout), layout.width() + 2 * MARGIN, layout.height() + 2 * MARGIN, left);
    }

    private void pill(String style, String name, String type) {
        var lines = List.of(Markup.shortened(type, NAME + 6));
        double width = Math.max(letters(Markup.shortened(name, NAME), 13), letters(lines.get(0), 11)) + 28;
        tiles.add(new Tile(
                "",
                style,
                Markup.shortened(name, NAME),
                "",
                lines,
                List.of(),
                style + " " + name + ": " + type,
                new Box(width, HEAD + LINE + 4),
                List.of()));
        if (!style.equals("output")) {
            ports.put(name, new Port(tiles.size() - 1, 0));
        }
    }

    private void node(int index, Node node, NodeCost of) {
        // a constant stands in the boxes of those that take it
        boolean constant = node.is("Constant") && constants.apply(node.output()) != null;
        if (constant) {
            return;
        }
        var lines = new ArrayList<>(NodeText.lines(NodeText.attributes(node), 3));
        int hidden = 0;
        var from = new LinkedHashSet<Port>();
        for (int i = 0; i < node.inputs().size(); i++) {
            var input = node.inputs().get(i);
            var value = input.isEmpty() ? null : constants.apply(input);
            if (value != null) {
                if (lines.size() < 3 + MOST_CONSTANTS) {
                    lines.add(Markup.shortened(
                            NodeText.parameter(node, i, opset) + " " + NodeText.constant(value), NAME + 2));
                } else {
                    hidden++;
                }
            }
        }
        if (hidden > 0) {
            lines.add("… " + hidden + " more constants");
        }
        for (var used : node.uses()) {
            var port = ports.get(used);
            boolean fits = from.size() < MOST_PORTS;
            if (port != null && fits) {
                from.add(port);
            } else if (port != null && !from.contains(port)) {
                left++;
            }
        }
        if (of.flops() instanceof Flops.Counted counted && counted.count() >= 1000) {
            lines.add(Markup.count(counted.count()) + " FLOPs"
                    + (of.parameters() > 0 ? " · " + Markup.count(of.parameters()) + " params" : ""));
        }
        var bodies = new ArrayList<String>();
        node.attributes().forEach((attribute, value) -> {
            if (value instanceof Attribute.Body) {
                bodies.add(Markup.shortened(attribute, NAME - 2) + " ↓");
            }
        });
        var head = Markup.shortened(of.op(), NAME);
        var name = Markup.shortened(of.name(), NAME);
        double width = Math.max(letters(head, 13), letters(name, 11));
        for (var line : lines) {
            width = Math.max(width, letters(line, 11));
        }
        var labels = new ArrayList<Label>();
        for (var output : of.outputs()) {
            labels.add(new Label(output.name(), Markup.shortened(NodeText.shape(output), 26)));
        }
        if (labels.size() > 1 && labels.size() <= MOST_LABELS) {
            width = Math.max(width, widest(labels) * (labels.size() + 1));
        }
        int tile = tiles.size();
        tiles.add(new Tile(
                prefix + "n" + index,
                NodeText.kind(node).style(),
                head,
                name,
                lines,
                bodies,
                title(of),
                new Box(Math.max(76, width + 20), HEAD + LINE * (1 + lines.size() + bodies.size()) + 5),
                labels));
        for (int i = 0; i < of.outputs().size(); i++) {
            ports.put(of.outputs().get(i).name(), new Port(tile, i));
        }
        from.forEach(port -> links.add(new Link(port.tile(), port.index(), tile)));
    }

    private static String title(NodeCost of) {
        var title = new StringBuilder(of.op()).append(' ').append(of.name());
        of.outputs().stream()
                .limit(8)
                .forEach(output ->
                        title.append('\n').append(output.name()).append(": ").append(output.text()));
        return Markup.shortened(title.toString(), 1000);
    }

    private static double letters(String text, int size) {
        return text.length() * LETTER * size;
    }

    private static double widest(List<Label> labels) {
        return labels.stream()
                .mapToDouble(label -> letters(label.shape(), 11) + 10)
                .max()
                .orElse(0);
    }

    /** Room for a label, which stands right of its line. */
    private static Box outer(Tile tile) {
        double labels = 0;
        for (var label : tile.labels()) {
            labels = Math.max(labels, letters(label.shape(), 11) + 10);
        }
        int ports = Math.max(1, Math.min(12, tile.labels().size()));
        return new Box(
                Math.max(tile.inner().width(), labels * (ports == 1 ? 2 : ports + 1)),
                tile.inner().height());
    }

    private double portX(LayeredLayout layout, int tile, int port) {
        int ports = tiles.get(tile).labels().size();
        return ports <= 1
                ? layout.x(tile)
                : layout.x(tile) + tiles.get(tile).inner().width() * ((port + 1.0) / (ports + 1) - 0.5);
    }

    private String svg(LayeredLayout layout) {
        double width = layout.width() + 2 * MARGIN;
        double height = layout.height() + 2 * MARGIN;
        var svg = new StringBuilder();
        svg.append(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" width=\"%.0f\" height=\"%.0f\" viewBox=\"%.0f %.0f %.0f %.0f\" role=\"img\">%n",
                width, height, -MARGIN, -MARGIN, width, height));
        lines(layout, svg);
        for (int i = 0; i < tiles.size(); i++) {
            tile(layout, i, svg);
        }
        return svg.append("</svg>\n").toString();
    }

    private void lines(LayeredLayout layout, StringBuilder svg) {
        var entries = entries(layout);
        var paths = new LinkedHashMap<Port, StringBuilder>();
        for (var piece : layout.pieces()) {
            var port = new Port(piece.link().from(), piece.link().port());
            var path = paths.computeIfAbsent(port, unseen -> new StringBuilder());
            boolean starts = piece.from() < tiles.size();
            double x1 = starts ? portX(layout, piece.from(), port.index()) : layout.x(piece.from());
            double y1 = starts
                    ? layout.top(piece.from()) + tiles.get(piece.from()).inner().height()
                    : layout.bottom(piece.from());
            // a straight start, beside which the shape stands
            double bottom = layout.bottom(piece.from()) + (starts ? STEM : 0);
            boolean ends = piece.to() < tiles.size();
            double x2 = ends ? entries.getOrDefault(piece, layout.x(piece.to())) : layout.x(piece.to());
            double y2 = layout.top(piece.to());
            double bend = (y2 - bottom) * 0.5;
            path.append(format("M%.1f %.1f", x1, y1));
            if (bottom > y1) {
                path.append(format("V%.1f", bottom));
            }
            path.append(
                    Math.abs(x1 - x2) < 0.5
                            ? format("V%.1f", y2)
                            : format("C%.1f %.1f %.1f %.1f %.1f %.1f", x1, bottom + bend, x2, y2 - bend, x2, y2));
            if (ends) {
                path.append(format("m-3.5 -6l3.5 6l3.5 -6"));
            } else if (layout.bottom(piece.to()) > y2) {
                path.append(format("V%.1f", layout.bottom(piece.to())));
            }
        }
        paths.forEach((port, path) -> {
            var labels = tiles.get(port.tile()).labels();
            var title = port.index() < labels.size()
                    ? labels.get(port.index()).value() + ": "
                            + labels.get(port.index()).shape()
                    : tiles.get(port.tile()).title();
            svg.append("<path class=\"e\" d=\"")
                    .append(path)
                    .append("\"><title>")
                    .append(Html.escaped(Markup.shortened(title, 200)))
                    .append("</title></path>\n");
        });
    }

    /** Where each line enters a box: side by side, in the order in which they come. */
    private Map<Piece, Double> entries(LayeredLayout layout) {
        var coming = new HashMap<Integer, List<Piece>>();
        for (var piece : layout.pieces()) {
            if (piece.to() < tiles.size()) {
                coming.computeIfAbsent(piece.to(), unseen -> new ArrayList<>()).add(piece);
            }
        }
        var entries = new HashMap<Piece, Double>();
        coming.forEach((tile, pieces) -> {
            pieces.sort((one, other) -> Double.compare(from(layout, one), from(layout, other)));
            double room = tiles.get(tile).inner().width() - 24;
            double apart = pieces.size() < 2 ? 0 : Math.min(22, room / (pieces.size() - 1));
            for (int i = 0; i < pieces.size(); i++) {
                entries.put(pieces.get(i), layout.x(tile) + apart * (i - (pieces.size() - 1) / 2.0));
            }
        });
        return entries;
    }

    private double from(LayeredLayout layout, Piece piece) {
        return piece.from() < tiles.size()
                ? portX(layout, piece.from(), piece.link().port())
                : layout.x(piece.from());
    }

    private void tile(LayeredLayout layout, int index, StringBuilder svg) {
        var tile = tiles.get(index);
        double width = tile.inner().width();
        double height = tile.inner().height();
        double x = layout.x(index) - width / 2;
        double y = layout.top(index);
        svg.append("<g class=\"n ").append(tile.style()).append('"');
        if (!tile.id().isEmpty()) {
            svg.append(" id=\"").append(tile.id()).append('"');
        }
        svg.append(format(" transform=\"translate(%.1f %.1f)\"><title>", x, y))
                .append(Html.escaped(tile.title()))
                .append("</title>");
        boolean pill = tile.id().isEmpty();
        svg.append(
                format("<rect class=\"b\" width=\"%.1f\" height=\"%.1f\" rx=\"%d\"/>", width, height, pill ? 14 : 5));
        if (!pill) {
            svg.append(format(
                    "<path class=\"h\" d=\"M0 %.0fV5a5 5 0 0 1 5 -5H%.1fa5 5 0 0 1 5 5V%.0fz\"/>",
                    HEAD - 3, width - 5, HEAD - 3));
        }
        text(svg, "o", width / 2, pill ? 18 : 15.5, tile.head());
        double at = HEAD + 10;
        if (!pill) {
            text(svg, "m", width / 2, at, tile.name());
            at += LINE;
        }
        for (var line : tile.lines()) {
            text(svg, pill ? "m" : "a", width / 2, at, line);
            at += LINE;
        }
        for (int i = 0; i < tile.bodies().size(); i++) {
            svg.append("<a href=\"#").append(body(tile.id(), i)).append("\">");
            text(svg, "a l", width / 2, at, tile.bodies().get(i));
            svg.append("</a>");
            at += LINE;
        }
        svg.append("</g>\n");
        for (int i = 0; i < (tile.labels().size() <= MOST_LABELS ? tile.labels().size() : 0); i++) {
            text(
                    svg,
                    "s",
                    portX(layout, index, i) + 5,
                    y + height + 13,
                    tile.labels().get(i).shape());
        }
    }

    private static void text(StringBuilder svg, String style, double x, double y, String text) {
        svg.append(format("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", style, x, y))
                .append(Html.escaped(text))
                .append("</text>");
    }

    private static String format(String form, Object... values) {
        return String.format(Locale.ROOT, form, values);
    }

    /** The id of the drawing of a node's body. */
    static String body(String node, int index) {
        return node + "b" + index + "-";
    }
}
