package smalti.spec;

/**
 * Where a generator's noise comes from.
 *
 * @param length Z of the noise [N,Z]
 * @param generator how noise is made of (seed, i); only {@link #PHILOX} is known
 */
public record NoiseContract(int length, String generator) {
    /** {@link CounterRandom#normals} with stream {@link CounterRandom#GENERATION}. */
    public static final String PHILOX = "philox4x32-10/box-muller";

    public NoiseContract {
        Check.that(length >= 1 && length <= 65536, "length must be from 1 to 65536, got %s", length)
                .and(generator.equals(PHILOX), "generator must be %s, got %s", PHILOX, generator)
                .done();
    }

    public static NoiseContract ofLength(int length) {
        return new NoiseContract(length, PHILOX);
    }
}
