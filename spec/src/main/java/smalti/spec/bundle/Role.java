package smalti.spec.bundle;

import java.util.List;
import java.util.Locale;

/** What a graph of a run folder or a bundle is for; the exporter and the runtime know roles, never families. */
public enum Role {
    /** image [N,C,H,W] float in the pixel range → latents [N,D,h,w] */
    ENCODER,
    /** latents [N,D,h,w] → codes [N,h,w] int64 and quantized latents [N,D,h,w] */
    CODEBOOK,
    /** codes [N,h,w] int64 → quantized latents [N,D,h,w] */
    LOOKUP,
    /** quantized latents [N,D,h,w], or latents [N,D] (and class [N] int64) → image [N,C,H,W] float in the pixel range */
    DECODER,
    /** pixels [N,H,W,C] uint8 → codes [N,h,w] int64 */
    TOKENIZE,
    /** codes [N,h,w] int64 → pixels [N,H,W,C] uint8 */
    DETOKENIZE,
    /** noise [N,Z] (and class [N] int64) → pixels [N,H,W,C] uint8; in a run folder → image [N,C,H,W] float */
    GENERATOR,
    /** the generator with image [N,C,H,W] float out */
    GENERATOR_FLOAT,
    /**
     * pixels [N,H,W,C] uint8 (and class [N] int64) → mean and logVariance [N,D]; in a run folder image [N,C,H,W] float in
     * the pixel range → the same
     */
    POSTERIOR;

    private static final List<Role> SERVED = List.of(TOKENIZE, DETOKENIZE, POSTERIOR, GENERATOR);

    /** Those that services run: they take or give uint8 pixels. */
    public static List<Role> served() {
        return SERVED;
    }

    /** The graph's name in files, such as {@code generator-float}. */
    public String fileStem() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
