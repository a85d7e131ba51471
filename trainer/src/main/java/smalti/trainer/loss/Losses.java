package smalti.trainer.loss;

import java.util.List;
import smalti.spec.model.BernoulliLikelihood;
import smalti.spec.model.GaussianLikelihood;
import smalti.spec.model.HingeLoss;
import smalti.spec.model.LeastSquaresLoss;
import smalti.spec.model.NoisePenalty;
import smalti.spec.model.NonSaturatingLoss;
import smalti.spec.model.WassersteinLoss;
import smalti.trainer.part.Part;

/** Smalti's own losses, penalties and likelihoods. */
public final class Losses {
    private Losses() {}

    public static List<Part<?, ?>> parts() {
        return List.of(
                new Part<>(NonSaturatingLoss.class, AdversarialTerms.class, spec -> new NonSaturatingTerms()),
                new Part<>(HingeLoss.class, AdversarialTerms.class, spec -> new HingeTerms()),
                new Part<>(LeastSquaresLoss.class, AdversarialTerms.class, spec -> new LeastSquaresTerms()),
                new Part<>(WassersteinLoss.class, AdversarialTerms.class, spec -> new WassersteinTerms()),
                new Part<>(NoisePenalty.class, DiscriminatorPenalty.class, NoiseTerm::new),
                new Part<>(BernoulliLikelihood.class, PixelLikelihood.class, BernoulliPixels::new),
                new Part<>(GaussianLikelihood.class, PixelLikelihood.class, GaussianPixels::new));
    }
}
