package smalti.exporter.proof;

import smalti.spec.file.NpyArray;

/**
 * The codebook's vectors e₀ … e₍K₋₁₎ and what rounding can do to the choice between them.
 *
 * <p>Distances are dₖ(z) = ‖z − eₖ‖². Both engines compute −2·z·eₖ + ‖eₖ‖² in float32 and take the least. That sum's
 * error is a small multiple of 2⁻²⁴·(‖eₖ‖² + 2‖z‖‖eₖ‖), so that codes i and j may be confused on the same z where their
 * gap is at most {@value #ROUNDING} of that scale.
 *
 * <p>Where the latents differ too, z' = z + δ: dⱼ(z') − dᵢ(z') = dⱼ(z) − dᵢ(z) − 2δ·(eⱼ − eᵢ), because ‖δ‖² and 2δ·z
 * are in both distances. If i is nearest to z and j to z', then 0 ≤ dⱼ(z) − dᵢ(z) and dⱼ(z') − dᵢ(z') ≤ 0, hence
 * dⱼ(z) − dᵢ(z) ≤ 2δ·(eⱼ − eᵢ) ≤ 2‖δ‖‖eᵢ − eⱼ‖.
 */
final class CodeTable {
    private static final double ROUNDING = 1e-5;

    private final int codes;
    private final int depth;
    private final float[] vectors;

    /**
     * @param quantized [n,D,h,w]: the vectors of the codes 0, 1, …, K − 1, 0, 1, … in the order of [n,h,w]
     */
    CodeTable(int codes, NpyArray quantized) {
        this.codes = codes;
        var latents = new Latents(quantized);
        this.depth = latents.depth();
        this.vectors = new float[codes * depth];
        for (int code = 0; code < codes; code++) {
            for (int d = 0; d < depth; d++) {
                vectors[code * depth + d] = latents.at(code, d);
            }
        }
    }

    int codes() {
        return codes;
    }

    int depth() {
        return depth;
    }

    /** ‖z − e‖² of the latent at a place. */
    double distance(Latents latents, int place, int code) {
        double sum = 0;
        for (int d = 0; d < depth; d++) {
            double difference = (double) latents.at(place, d) - vectors[code * depth + d];
            sum += difference * difference;
        }
        return sum;
    }

    int nearest(Latents latents, int place) {
        int nearest = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int code = 0; code < codes; code++) {
            double distance = distance(latents, place, code);
            if (distance < least) {
                least = distance;
                nearest = code;
            }
        }
        return nearest;
    }

    /** How much nearer the one code may be than the other and still lose to it by rounding alone. */
    double rounding(Latents latents, int place, int one, int other) {
        double z = 0;
        for (int d = 0; d < depth; d++) {
            z += (double) latents.at(place, d) * latents.at(place, d);
        }
        return ROUNDING * Math.max(scale(Math.sqrt(z), one), scale(Math.sqrt(z), other));
    }

    private double scale(double latentNorm, int code) {
        double squared = 0;
        for (int d = 0; d < depth; d++) {
            squared += (double) vectors[code * depth + d] * vectors[code * depth + d];
        }
        return squared + 2 * latentNorm * Math.sqrt(squared);
    }

    /** 2‖z' − z‖‖eᵢ − eⱼ‖ at a place. */
    double drift(Latents latents, Latents moved, int place, int one, int other) {
        double delta = 0;
        double apart = 0;
        for (int d = 0; d < depth; d++) {
            double step = (double) moved.at(place, d) - latents.at(place, d);
            delta += step * step;
            double difference = (double) vectors[one * depth + d] - vectors[other * depth + d];
            apart += difference * difference;
        }
        return 2 * Math.sqrt(delta) * Math.sqrt(apart);
    }
}
