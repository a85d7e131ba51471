package smalti.exporter.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.file.NpyArray;

/** How many codes of ONNX Runtime differ from SameDiff's, and whether near ties explain each. */
final class CodeComparison {
    private final String place;
    private final CodeTable table;
    private int samples;
    private long codes;
    private long differing;
    private long unexplained;
    private final List<String> problems = new ArrayList<>();

    CodeComparison(String place, CodeTable table) {
        this.place = place;
        this.table = table;
    }

    /**
     * @param latents that SameDiff chose by
     * @param moved the latents that ONNX Runtime chose by
     */
    void add(Batch batch, NpyArray expected, NpyArray actual, Latents latents, Latents moved) {
        samples += batch.size();
        if (!expected.shape().equals(actual.shape())) {
            unexplained++;
            problems.add(place + " of " + batch.sample(0, batch.size()) + " must have shape " + expected.shape()
                    + ", got " + actual.shape());
            return;
        }
        var wanted = expected.longs();
        var got = actual.longs();
        for (int i = 0; i < wanted.length; i++) {
            codes++;
            if (wanted[i] == got[i]) {
                continue;
            }
            differing++;
            explain(batch.sample(i, wanted.length), i, wanted[i], got[i], latents, moved);
        }
    }

    private void explain(String sample, int at, long wanted, long got, Latents latents, Latents moved) {
        if (outside(wanted) || outside(got)) {
            unexplained++;
            problems.add(place + " of " + sample + " must be from 0 to " + (table.codes() - 1) + ", got " + got
                    + " where SameDiff gives " + wanted);
            return;
        }
        int one = (int) wanted;
        int other = (int) got;
        double gap = Math.abs(table.distance(latents, at, other) - table.distance(latents, at, one));
        double bound = table.drift(latents, moved, at, one, other) + table.rounding(latents, at, one, other);
        if (!(gap <= bound)) {
            unexplained++;
            problems.add(String.format(
                    Locale.ROOT,
                    "%s of %s is %s at place %s where SameDiff gives %s, and their distances are %.3g apart, allowed is"
                            + " %.3g",
                    place,
                    sample,
                    got,
                    at,
                    wanted,
                    gap,
                    bound));
        }
    }

    private boolean outside(long code) {
        return code < 0 || code >= table.codes();
    }

    /** The figures, with those of the floats that go with the codes. */
    Proof proof(FloatComparison floats) {
        return new Proof(
                samples,
                floats.maxDifference(),
                floats.meanDifference(),
                floats.range(),
                codes,
                differing,
                floats.histogram().counts());
    }

    /** Nothing, or the first of what is wrong and how much there is of it. */
    List<String> problems() {
        return unexplained <= 1
                ? List.copyOf(problems)
                : List.of(problems.get(0) + " (and " + (unexplained - 1) + " more like it)");
    }
}
