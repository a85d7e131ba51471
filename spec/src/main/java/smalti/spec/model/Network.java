package smalti.spec.model;

import smalti.spec.SpecException;

/** Layers between pictures and latents, and back. Each kind is a record that a {@link SpecKinds} registers. */
public interface Network {
    /**
     * Checks it with what stands beside it.
     *
     * @param latents numbers of a row of latents
     * @throws SpecException if it cannot take or give such pictures; problems are by the keys of the whole spec
     */
    void checkFits(ImageSpec image, int latents);
}
