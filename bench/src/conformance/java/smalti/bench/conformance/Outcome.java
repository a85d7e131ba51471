package smalti.bench.conformance;

import java.util.Map;
import smalti.spec.file.NpyArray;

/** What a consumer made of a job. */
sealed interface Outcome {
    /** A checker found nothing wrong. */
    record Valid() implements Outcome {}

    /** By the outputs' names. */
    record Values(Map<String, NpyArray> outputs) implements Outcome {}

    record Failure(String message) implements Outcome {}
}
