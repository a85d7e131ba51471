package smalti.spec.model;

import smalti.spec.Check;

/** How latents become codes. Each kind is a record that a {@link SpecKinds} registers. */
public interface Quantizer {
    /** Size K of the codebook. */
    int codes();

    /** Length D of a code's vector. */
    int codeDim();

    CodebookStart start();

    /** Batches without a use after which a code is moved to a latent of the batch; 0: never. */
    int restartAfter();

    /** Adds the rules that every quantizer shares. */
    static Check check(int codes, int codeDim, int restartAfter, Check check) {
        return check.and(codes >= 2 && codes <= 1 << 20, "codes must be from 2 to 1048576, got %s", codes)
                .and(codeDim >= 1 && codeDim <= 4096, "codeDim must be from 1 to 4096, got %s", codeDim)
                .and(restartAfter >= 0, "restartAfter must be at least 0 (0: never), got %s", restartAfter);
    }
}
