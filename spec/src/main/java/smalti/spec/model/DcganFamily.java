package smalti.spec.model;

import java.util.List;
import smalti.spec.Check;

/**
 * A deep convolutional generative adversarial network.
 *
 * <p>Source: Radford et al. 2016, arXiv:1511.06434; the class-conditional form as Mirza and Osindero 2014,
 * arXiv:1411.1784.
 *
 * @param noise length of the noise vector
 * @param generatorChannels channels of the generator's last hidden layer; doubled towards the noise
 * @param discriminatorChannels channels of the discriminator's first layer; doubled towards the logit
 * @param conditional whether the class of a picture is an input
 * @param batchNormMomentum share of the old value that running statistics keep at each step
 * @param discriminatorOptimizer the discriminator's own optimiser; the generator uses that of the training section
 * @param loss what the two networks strive for
 * @param penalties terms that the discriminator's loss gets beside it
 */
public record DcganFamily(
        @Default("100") int noise,
        @Default("64") int generatorChannels,
        @Default("64") int discriminatorChannels,
        @Default("false") boolean conditional,
        @Default("0.9") double batchNormMomentum,
        @Default("{\"learningRate\": 2e-4, \"beta1\": 0.5}") Optimizer discriminatorOptimizer,
        @Default("{\"kind\": \"non-saturating\"}") AdversarialLoss loss,
        @Default("[]") List<Penalty> penalties)
        implements Family {
    public DcganFamily {
        penalties = List.copyOf(penalties);
        Check.that(noise >= 1 && noise <= 65536, "noise must be from 1 to 65536, got %s", noise)
                .and(
                        generatorChannels >= 1 && generatorChannels <= 4096,
                        "generatorChannels must be from 1 to 4096, got %s",
                        generatorChannels)
                .and(
                        discriminatorChannels >= 1 && discriminatorChannels <= 4096,
                        "discriminatorChannels must be from 1 to 4096, got %s",
                        discriminatorChannels)
                .and(
                        batchNormMomentum >= 0 && batchNormMomentum < 1,
                        "batchNormMomentum must be in [0, 1), got %s",
                        batchNormMomentum)
                .and(
                        kinds(penalties) == penalties.size(),
                        "penalties must be of different kinds, got %s entries of %s; add their weights",
                        penalties.size(),
                        kinds(penalties))
                .and(
                        !loss.needsPenalty() || !penalties.isEmpty(),
                        "penalties must hold one, as nothing else bounds the slope of the discriminator with this loss,"
                                + " got none; add {kind: noise}, or take another loss such as hinge")
                .done();
    }

    private static long kinds(List<Penalty> penalties) {
        return penalties.stream().map(Object::getClass).distinct().count();
    }

    /** With the paper's loss and no penalties. */
    public DcganFamily(
            int noise,
            int generatorChannels,
            int discriminatorChannels,
            boolean conditional,
            double batchNormMomentum,
            Optimizer discriminatorOptimizer) {
        this(
                noise,
                generatorChannels,
                discriminatorChannels,
                conditional,
                batchNormMomentum,
                discriminatorOptimizer,
                new NonSaturatingLoss(),
                List.of());
    }

    public DcganFamily withLoss(AdversarialLoss otherLoss, List<Penalty> otherPenalties) {
        return new DcganFamily(
                noise,
                generatorChannels,
                discriminatorChannels,
                conditional,
                batchNormMomentum,
                discriminatorOptimizer,
                otherLoss,
                otherPenalties);
    }

    /** Stride-2 layers: as many as leave both sides whole and at least 4. */
    public int doublings(ImageSpec image) {
        int doublings = 0;
        int height = image.height();
        int width = image.width();
        while (height % 2 == 0 && width % 2 == 0 && height >= 8 && width >= 8) {
            height /= 2;
            width /= 2;
            doublings++;
        }
        return doublings;
    }

    @Override
    public void checkFits(ImageSpec image) {
        Check.that(
                        doublings(image) >= 2 && Math.max(image.height(), image.width()) >> doublings(image) <= 16,
                        "image.height and image.width must halve at least twice down to 4 to 16 pixels, got %sx%s",
                        image.height(),
                        image.width())
                .done();
    }
}
