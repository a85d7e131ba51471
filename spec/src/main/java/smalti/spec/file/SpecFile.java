package smalti.spec.file;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import smalti.spec.model.ModelSpec;

/** A spec as a run folder holds it. */
public final class SpecFile {
    private SpecFile() {}

    /** The text of {@link ModelSpec#FILE}: with its format's number, and every default written out. */
    public static String text(ModelSpec spec) {
        var node = JsonNodeFactory.instance.objectNode().put("format", ModelSpec.FORMAT);
        RecordTree.tree(spec).properties().forEach(part -> node.set(part.getKey(), part.getValue()));
        return JsonText.indented(node);
    }
}
