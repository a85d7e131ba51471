package smalti.exporter.pass;

import smalti.exporter.graph.Model;

/** A change of a model that computes the same. */
public interface Pass {
    /** In a word or two, such as {@code dead-nodes}. */
    String name();

    /** @return the very same model if there is nothing to change */
    Model apply(Model model);
}
