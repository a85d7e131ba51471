package smalti.exporter.bundle;

import java.util.List;

/** What a model card says of one service, and code that runs its graphs with bytes, a function for each language. */
interface CardSection {
    /** What it is, in a sentence or two. */
    String summary();

    /** Paragraphs on what goes into its graphs beside pixels. */
    List<String> contracts();

    /** Sentences on what it cannot do. */
    List<String> limits();

    /** Java, by Smalti's runtime. */
    String smalti();

    /** Java, by ONNX Runtime alone. */
    String java();

    String python();

    String javascript();

    String cpp();
}
