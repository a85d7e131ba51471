package smalti.exporter.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import smalti.exporter.graph.Attribute;
import smalti.exporter.graph.Axis;
import smalti.exporter.graph.Constant;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Node;
import smalti.exporter.graph.Tensor;
import smalti.exporter.graph.Value;
import smalti.exporter.graph.ValueType;
import smalti.exporter.pass.Passes;
import smalti.spec.file.RecordTree;

/** The page and the JSON. */
final class InspectionTest {
    private final Map<String, Constant> constants = new LinkedHashMap<>();
    private final List<Node> nodes = new ArrayList<>();

    private static Value value(String name, Axis... axes) {
        return new Value(name, ValueType.FLOAT32, List.of(axes), Value.Layout.PLAIN);
    }

    private void node(String op, String output, String... inputs) {
        nodes.add(Node.of(op, List.of(inputs), output, Map.of()));
    }

    private Model model(String input, String output) {
        return Model.of(
                new Graph(
                        "g",
                        List.of(value(input, Axis.named("N"), Axis.of(4))),
                        List.of(value(output, Axis.named("N"), Axis.of(4))),
                        constants,
                        nodes),
                17,
                8);
    }

    private static Inspection inspect(Model model) {
        return Inspection.of(model, "m.onnx", 1_000, Map.of());
    }

    private static Document page(Model model) throws Exception {
        return parsed(inspect(model).html(model));
    }

    private static Document parsed(String html) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(html.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<Element> elements(Document page, String tag) {
        var list = page.getElementsByTagName(tag);
        var elements = new ArrayList<Element>();
        for (int i = 0; i < list.getLength(); i++) {
            elements.add((Element) list.item(i));
        }
        return elements;
    }

    /** How often each text of a class stands in the drawings. */
    private static Map<String, Integer> texts(Document page, String style) {
        var texts = new HashMap<String, Integer>();
        for (var element : elements(page, "text")) {
            if (element.getAttribute("class").equals(style)) {
                texts.merge(element.getTextContent(), 1, Integer::sum);
            }
        }
        return texts;
    }

    private Model network() {
        constants.put("w", Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 4, 4));
        node("MatMul", "a", "x", "w");
        node("Relu", "b", "a");
        node("Identity", "c", "b");
        node("Neg", "unused", "b");
        node("Add", "y", "c", "a");
        return model("x", "y");
    }

    @Test
    void everyNodeIsDrawnOnceWithItsShapeAndLinks() throws Exception {
        var page = page(network());
        assertThat(texts(page, "m")).containsAllEntriesOf(Map.of("a", 1, "b", 1, "c", 1, "unused", 1, "y", 1));
        assertThat(texts(page, "o"))
                .isEqualTo(Map.of("MatMul", 1, "Relu", 1, "Identity", 1, "Neg", 1, "Add", 1, "x", 1, "y", 1));
        assertThat(texts(page, "s")).isEqualTo(Map.of("1×4", 5));
        assertThat(texts(page, "a")).containsKey("B 4×4");
        // one path for each value that something takes
        assertThat(elements(page, "path").stream()
                        .filter(path -> path.getAttribute("class").equals("e")))
                .hasSize(5);
        var ids = elements(page, "g").stream()
                .map(box -> box.getAttribute("id"))
                .filter(id -> !id.isEmpty())
                .toList();
        assertThat(ids).containsExactlyInAnyOrder("n0", "n1", "n2", "n3", "n4");
        assertThat(elements(page, "a").stream().map(link -> link.getAttribute("href")))
                .containsAll(ids.stream().map(id -> "#" + id).toList());
    }

    @Test
    void theTablesHoldFiguresOfNodesAndConstants() throws Exception {
        var cells = elements(page(network()), "td").stream()
                .map(Element::getTextContent)
                .toList();
        // MatMul 2·4·4 of 44, as Relu, Neg and Add do 4 each
        assertThat(cells).contains("32 72.7%", "64 B", "8.5", "float32 [N, 4]", "–");
    }

    @Test
    void redundantNodesAreListedUntilThePassesHaveRun() throws Exception {
        var model = network();
        var found = inspect(model).redundant();
        assertThat(found)
                .containsExactly(
                        new Redundancy("dead-nodes", List.of("Neg unused"), 0),
                        new Redundancy("identities", List.of("Identity c"), 0));
        assertThat(page(model).getElementsByTagName("body").item(0).getTextContent())
                .contains("What smalti optimize would change", "Identity c");
        var after = Passes.simplifying().apply(model).model();
        assertThat(inspect(after).redundant()).isEmpty();
        assertThat(inspect(after).html(after)).contains("would change nothing");
    }

    @Test
    void hostileNamesAreText() throws Exception {
        var evil = "\"><script>alert('x')</script>&amp;\u0000\u001b\u202e\ud800]]>";
        node("Relu", evil, "x");
        nodes.add(new Node(
                evil,
                evil,
                evil,
                List.of(evil),
                List.of("y"),
                new java.util.TreeMap<>(Map.of(evil, Attribute.of(evil)))));
        var model = model("x", "y");
        var html = Inspection.of(model, evil, 1, Map.of()).html(model);
        assertThat(html).doesNotContain("<script>alert", "\u0000", "\u001b", "\u202e");
        var page = parsed(html);
        assertThat(elements(page, "script")).hasSize(1);
        assertThat(elements(page, "h1").get(0).getTextContent())
                .startsWith("\"><script>alert('x')</script>&amp;\uFFFD");
    }

    @Test
    void bodiesAreDrawnAndLinked() throws Exception {
        var then = new Graph(
                "t",
                List.of(),
                List.of(value("p", Axis.of(4))),
                Map.of(),
                List.of(Node.of("Neg", List.of("x"), "p", Map.of())));
        var other = new Graph(
                "e",
                List.of(),
                List.of(value("q", Axis.of(4))),
                Map.of(),
                List.of(Node.of("Abs", List.of("x"), "q", Map.of())));
        constants.put("which", Tensor.scalar(ValueType.BOOL, 1));
        nodes.add(Node.of(
                "If",
                List.of("which"),
                "y",
                Map.of("then_branch", new Attribute.Body(then), "else_branch", new Attribute.Body(other))));
        var page = page(model("x", "y"));
        assertThat(elements(page, "svg")).hasSize(3);
        assertThat(texts(page, "o")).containsEntry("Neg", 1).containsEntry("Abs", 1);
        assertThat(elements(page, "h3").stream().map(heading -> heading.getAttribute("id")))
                .contains("n0b0-", "n0b1-");
        assertThat(elements(page, "a").stream().map(link -> link.getAttribute("href")))
                .contains("#n0b0-", "#n0b1-", "#n0");
        assertThat(texts(page, "m")).containsEntry("from around", 2);
    }

    @Test
    void ofManyNodesThePageStaysSmallAndSaysSo() throws Exception {
        var last = "x";
        for (int i = 0; i < 21_000; i++) {
            node(
                    i % 7 == 0 ? "Add" : "Relu",
                    "v" + i,
                    i % 7 == 0 ? new String[] {last, i == 0 ? "x" : "v" + i / 2} : new String[] {last});
            last = "v" + i;
        }
        var model = model("x", last);
        var html = inspect(model).html(model);
        assertThat(html.length()).isLessThan(6_000_000);
        assertThat(html).contains("first 1,500 of 21,000 nodes", "The first 5,000 of 21,000", "Not looked for");
        assertThat(elements(parsed(html), "g")).hasSize(1_501);
    }

    @Test
    void jsonIsReadBackWhole() {
        var inspection = inspect(network());
        assertThat(RecordTree.parse(inspection.json(), Inspection.class, "json"))
                .isEqualTo(inspection);
    }
}
