package smalti.exporter.pass;

/** Removes nodes and constants that no output needs. */
final class RemoveDeadNodes extends GraphPass {
    RemoveDeadNodes() {
        super("dead-nodes");
    }

    @Override
    void rewrite(GraphEdit draft) {
        var nodes = draft.nodes();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            if (nodes.get(i).outputs().stream().noneMatch(output -> !output.isEmpty() && draft.isUsed(output))) {
                draft.remove(nodes.get(i));
            }
        }
        draft.initializers().keySet().forEach(draft::removeUnused);
    }
}
