package smalti.exporter;

import java.util.LinkedHashMap;
import java.util.Map;
import smalti.spec.Precision;

/**
 * How pictures come back from their codes.
 *
 * @param psnr in dB against the originals
 * @param kept that of the graphs which the bundle holds
 * @param pictures how many that is of
 */
record Reconstruction(Map<Way, Double> psnr, Map<Way, Double> kept, int pictures) {
    /** The precision of the graph that makes codes, and that of the one which makes pictures of them. */
    record Way(Precision tokenize, Precision detokenize) {
        /** Such as {@code int8}, or {@code fp32 tokenize, int8 detokenize}. */
        String label() {
            return tokenize == detokenize
                    ? tokenize.key()
                    : tokenize.key() + " tokenize, " + detokenize.key() + " detokenize";
        }
    }

    /** As reports have it. */
    Map<String, Double> byLabel() {
        var labelled = new LinkedHashMap<String, Double>();
        psnr.forEach((way, figure) -> labelled.put(way.label(), figure));
        return labelled;
    }
}
