package smalti.exporter.bundle;

import java.util.List;

/** What a model card says of one service. */
interface CardSection {
    /** What it is, in a sentence or two. */
    String summary();

    /** Paragraphs on what goes into its graphs beside pixels. */
    List<String> contracts();

    /** Sentences on what it cannot do. */
    List<String> limits();

    /** The folder of the templates of code that runs its graphs: {@link Snippet}. */
    String snippets();
}
