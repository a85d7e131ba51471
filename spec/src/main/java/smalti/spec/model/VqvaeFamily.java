package smalti.spec.model;

import smalti.spec.Check;

/**
 * A vector-quantised autoencoder.
 *
 * <p>Source: van den Oord et al. 2017, arXiv:1711.00937; layer sizes as in DeepMind's Sonnet example.
 *
 * @param hidden channels between the layers
 * @param residualBlocks residual blocks in the encoder, and as many in the decoder
 * @param residualHidden channels inside a residual block
 * @param downsamplings stride-2 layers; the codes are 2^downsamplings times smaller than the picture on each side
 * @param commitment β of equation 3
 */
public record VqvaeFamily(
        @Default("128") int hidden,
        @Default("2") int residualBlocks,
        @Default("32") int residualHidden,
        @Default("2") int downsamplings,
        @Default("0.25") double commitment,
        @Default("{\"kind\": \"ema\"}") Quantizer quantizer)
        implements Family {
    public VqvaeFamily {
        Check.that(
                        hidden >= 2 && hidden <= 8192 && hidden % 2 == 0,
                        "hidden must be even and from 2 to 8192, got %s",
                        hidden)
                .and(
                        residualBlocks >= 0 && residualBlocks <= 64,
                        "residualBlocks must be from 0 to 64, got %s",
                        residualBlocks)
                .and(
                        residualHidden >= 1 && residualHidden <= 8192,
                        "residualHidden must be from 1 to 8192, got %s",
                        residualHidden)
                .and(
                        downsamplings >= 1 && downsamplings <= 6,
                        "downsamplings must be from 1 to 6, got %s",
                        downsamplings)
                .and(commitment >= 0, "commitment must be at least 0, got %s", commitment)
                .done();
    }

    @Override
    public void checkTraining(TrainingSpec training) {
        Check.that(
                        training.weightsEma() == 0,
                        "training.weightsEma must be 0 for a vqvae, whose codebook belongs to its last weights, got %s",
                        training.weightsEma())
                .done();
    }

    /** How many pixels a code stands for on each side. */
    public int factor() {
        return 1 << downsamplings;
    }

    @Override
    public void checkFits(ImageSpec image) {
        Check.that(
                        image.height() % factor() == 0,
                        "image.height must be a multiple of %s (2^model.downsamplings), got %s",
                        factor(),
                        image.height())
                .and(
                        image.width() % factor() == 0,
                        "image.width must be a multiple of %s (2^model.downsamplings), got %s",
                        factor(),
                        image.width())
                .done();
    }
}
