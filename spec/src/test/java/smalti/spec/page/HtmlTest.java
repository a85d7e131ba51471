package smalti.spec.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class HtmlTest {
    private static final String HOSTILE = "<b onclick='x()'>\"&amp;\u202E\u0000\uD800</b>";

    private static Document parsed(Html html) throws Exception {
        var factory = DocumentBuilderFactory.newInstance();
        return factory.newDocumentBuilder()
                .parse(new InputSource(new StringReader(html.page(HOSTILE, "p { margin: 0; }"))));
    }

    @Test
    void textStaysTextWhateverItHolds() throws Exception {
        var page = parsed(new Html().element("p", HOSTILE, HOSTILE));
        var paragraph = page.getElementsByTagName("p").item(0);
        var shown = "<b onclick='x()'>\"&amp;\uFFFD\uFFFD\uFFFD</b>";
        assertThat(paragraph.getTextContent()).isEqualTo(shown);
        assertThat(paragraph.getAttributes().getNamedItem("class").getNodeValue())
                .isEqualTo(shown);
        assertThat(page.getElementsByTagName("title").item(0).getTextContent()).isEqualTo(shown);
        assertThat(page.getElementsByTagName("b").getLength()).isZero();
    }

    @Test
    void linesStay() {
        assertThat(Html.escaped("one\n\ttwo")).isEqualTo("one\n\ttwo");
    }

    @Test
    void aTableStylesCellsByTheirText() throws Exception {
        var page = parsed(new Html()
                .table(List.of("name", "5"), List.of(List.of("a<b", "7")), text -> text.matches("\\d+") ? "n" : ""));
        var cells = page.getElementsByTagName("td");
        assertThat(cells.item(0).getTextContent()).isEqualTo("a<b");
        assertThat(cells.item(0).hasAttributes()).isFalse();
        assertThat(cells.item(1).getAttributes().getNamedItem("class").getNodeValue())
                .isEqualTo("n");
        var headings = page.getElementsByTagName("th");
        assertThat(headings.item(0).getTextContent()).isEqualTo("name");
        assertThat(headings.item(1).getAttributes().getNamedItem("class").getNodeValue())
                .isEqualTo("n");
    }

    @Test
    void aPictureIsWithinThePage() throws Exception {
        var image = parsed(new Html().picture(new byte[] {1, 2, 3}, 640, "a \"picture\""))
                .getElementsByTagName("img")
                .item(0)
                .getAttributes();
        assertThat(image.getNamedItem("src").getNodeValue()).isEqualTo("data:image/png;base64,AQID");
        assertThat(image.getNamedItem("width").getNodeValue()).isEqualTo("640");
        assertThat(image.getNamedItem("alt").getNodeValue()).isEqualTo("a \"picture\"");
    }
}
