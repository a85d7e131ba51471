package smalti.exporter.precision;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import smalti.exporter.graph.Model;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.ProofException;
import smalti.spec.SpecException;

/** Runs models of fewer bits on held-out samples, and says how close they come to FP32. */
final class Judge {
    private final List<Map<String, Item>> heldOut;
    private final List<Map<String, Item>> wanted;
    private final String place;
    private final Consumer<String> progress;

    Judge(Model original, List<Map<String, Item>> heldOut, String place, Consumer<String> progress) {
        this.heldOut = List.copyOf(heldOut);
        this.place = place;
        this.progress = progress;
        this.wanted = wanted(original, heldOut, place);
    }

    /** @param drop in dB, of {@link Drop} */
    record Verdict(Quality quality, double drop) {
        private static final Verdict NONE = new Verdict(Quality.NONE, Double.POSITIVE_INFINITY);
    }

    Map<String, Item> sample() {
        return heldOut.get(0);
    }

    Verdict verdict(Model model) {
        return verdict(model, heldOut.size());
    }

    /**
     * On the first batches alone; of a model that ONNX Runtime refuses, though it is sound, the worst there is.
     *
     * @throws SpecException if samples are not finite, and what comes of them is neither in one of the two models alone
     */
    Verdict verdict(Model model, int most) {
        int batches = Math.min(most, heldOut.size());
        var inputs = heldOut.subList(0, batches);
        try {
            var got = run(model, inputs, place);
            var quality = Quality.of(wanted.subList(0, batches), got);
            if (quality.lost() > 0) {
                // what is infinite in FP32 alone is no fault of fewer bits where the samples are
                NotNumbers.refuse(place, "held-out", heldOut);
            }
            return new Verdict(quality, Drop.of(inputs, wanted.subList(0, batches), got));
        } catch (ProofException e) {
            progress.accept(String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            return Verdict.NONE;
        }
    }

    /** FP32 as written: a fault of a fusion in both would hide itself. */
    private static List<Map<String, Item>> wanted(Model model, List<Map<String, Item>> batches, String place) {
        try (var session = ModelSession.openAsWritten(model, place)) {
            return batches.stream().map(session::run).toList();
        }
    }

    private static List<Map<String, Item>> run(Model model, List<Map<String, Item>> batches, String place) {
        try (var session = ModelSession.open(model, place)) {
            return batches.stream().map(session::run).toList();
        }
    }
}
