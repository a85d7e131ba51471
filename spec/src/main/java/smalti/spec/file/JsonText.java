package smalti.spec.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import smalti.spec.SpecException;

/** JSON text and its tree. */
final class JsonText {
    /** Read without a mapper: making one takes longer than all else that opens a model. */
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private JsonText() {}

    /** Made when the first record is written. */
    private static final class Indented {
        static final ObjectWriter WRITER = JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writer();
    }

    /**
     * @param place names the text in errors
     * @return a missing node where there is no text
     */
    static JsonNode tree(String json, String place) {
        try (var parser = JSON.createParser(json)) {
            var tree = parser.nextToken() == null ? MissingNode.getInstance() : tree(parser);
            if (parser.nextToken() != null) {
                throw new JsonParseException(parser, TextReason.MORE);
            }
            return tree;
        } catch (JsonProcessingException e) {
            var where =
                    e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
            throw new SpecException(place + ": must be JSON" + where + ": " + TextReason.of(e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw new IllegalStateException("text in memory can be read", e);
        }
    }

    /** The value that begins at the parser's token. */
    private static JsonNode tree(JsonParser parser) throws IOException {
        var nodes = JsonNodeFactory.instance;
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                var object = nodes.objectNode();
                for (var key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
                    parser.nextToken();
                    object.set(key, tree(parser));
                }
                yield object;
            }
            case START_ARRAY -> {
                var array = nodes.arrayNode();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(tree(parser));
                }
                yield array;
            }
            case VALUE_STRING -> nodes.textNode(parser.getText());
            case VALUE_NUMBER_INT ->
                switch (parser.getNumberType()) {
                    case INT -> nodes.numberNode(parser.getIntValue());
                    case LONG -> nodes.numberNode(parser.getLongValue());
                    default -> nodes.numberNode(parser.getBigIntegerValue());
                };
            case VALUE_NUMBER_FLOAT -> nodes.numberNode(parser.getDoubleValue());
            case VALUE_TRUE, VALUE_FALSE -> nodes.booleanNode(parser.getBooleanValue());
            case VALUE_NULL -> nodes.nullNode();
            default -> throw new IllegalStateException(parser.currentToken() + " begins no value");
        };
    }

    /** Indented, with a final newline; the same tree gives the same bytes everywhere. */
    static String indented(JsonNode tree) {
        try {
            return Indented.WRITER.writeValueAsString(tree).replace("\r\n", "\n") + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
