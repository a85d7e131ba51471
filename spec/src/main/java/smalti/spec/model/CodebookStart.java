package smalti.spec.model;

/** Where the codebook begins. */
public enum CodebookStart {
    /** Uniform random vectors in ±√(3/D), Sonnet's variance scaling. */
    UNIFORM,
    /** The centres of k-means over the latents of the first batches. */
    KMEANS
}
