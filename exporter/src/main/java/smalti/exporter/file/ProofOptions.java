package smalti.exporter.file;

import java.util.List;
import java.util.Map;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.RunLimits;

/**
 * How two ONNX files are shown to compute the same.
 *
 * @param seed of the inputs that are made up, and of random operators while the files are compared
 * @param samples inputs to compare on, a map a run; none for inputs made up from the seed
 * @param limits of one run
 * @param isUnprovenWritten whether a file is written that cannot be run at all; it says so of itself. A file that computes
 *     something else is never written
 */
public record ProofOptions(long seed, List<Map<String, Item>> samples, RunLimits limits, boolean isUnprovenWritten) {
    public ProofOptions {
        samples = samples.stream().map(Map::copyOf).toList();
    }

    /** Inputs of the seed 1, ten minutes and 8 GiB for a run. */
    public static ProofOptions defaults() {
        return new ProofOptions(1, List.of(), RunLimits.DEFAULT, false);
    }

    public ProofOptions withSeed(long seed) {
        return new ProofOptions(seed, samples, limits, isUnprovenWritten);
    }

    public ProofOptions withSamples(List<Map<String, Item>> samples) {
        return new ProofOptions(seed, samples, limits, isUnprovenWritten);
    }

    public ProofOptions withLimits(RunLimits limits) {
        return new ProofOptions(seed, samples, limits, isUnprovenWritten);
    }

    public ProofOptions withUnproven(boolean isUnprovenWritten) {
        return new ProofOptions(seed, samples, limits, isUnprovenWritten);
    }
}
