package smalti.cli;

import java.util.List;

/** What an evaluation found: a record, whose components are the JSON's keys. */
sealed interface Figures permits CodecFigures, GeneratorFigures, PosteriorFigures {
    /** A figure with its unit, and which way it is better. */
    record Line(String name, String value) {}

    /** For people. */
    List<Line> lines();
}
