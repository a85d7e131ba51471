package smalti.exporter.bundle;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;

/** What a card says of pixels, and a class where there are classes, to a normal distribution of latents and back. */
record PosteriorCard(BundleManifest manifest) implements CardSection {
    @Override
    public String summary() {
        var pixels = manifest.pixels();
        return "A variational autoencoder (%s): %dx%d %s pictures%s to normal distributions of %d latent numbers, and back."
                .formatted(
                        manifest.provenance().family(),
                        pixels.width(),
                        pixels.height(),
                        pixels.channels() == 1 ? "grey" : "RGB",
                        conditional() ? " of known classes" : "",
                        posterior().dim());
    }

    @Override
    public List<String> contracts() {
        var y = conditional() ? ", y" : "";
        var paragraphs = new ArrayList<String>();
        paragraphs.add(
                ("`posterior.onnx` gives q(z | x%s) = N(z; `mean`, exp(`logVariance`)) of a picture x%s, every latent"
                                + " number on its own. A sample of it is z = mean + exp(logVariance/2)·ε with ε standard normal; the"
                                + " prior is p(z) = N(0, 1). `decoder.onnx` takes z as `latents`, `generator.onnx` takes it as"
                                + " `noise`.")
                        .formatted(y, conditional() ? " and its `class` y" : ""));
        var likelihood = posterior().deviation() == null
                ? "a pixel is 1 with the probability that `image` says: log p(x | z%s) = Σ x·ln y + (1 − x)·ln(1 − y)"
                        + (posterior().ofBinaryPixels()
                                ? ", x being 0 or 1 by its brightness"
                                : ", x being its brightness, so that this is no logarithm of a probability")
                : "pixels are normal about `image`: log p(x | z%s) = Σ ln N(x; y, s²) with s = "
                        + ModelCard.number(Objects.requireNonNull(posterior().deviation()));
        paragraphs.add(("The likelihood is " + posterior().likelihood() + ": " + likelihood
                        + ", of the float image y of `decoder.onnx`. Its bound is"
                        + " log p(x%s) ≥ E_q[log p(x | z%s)] − KL(q ‖ p), with"
                        + " KL = ½·Σ (mean² + exp(logVariance) − 1 − logVariance). Source: Kingma and Welling 2014,"
                        + " arXiv:1312.6114%s.")
                .formatted(
                        y,
                        conditional() ? " | y" : "",
                        y,
                        conditional() ? "; with classes, Sohn, Lee and Yan 2015" : ""));
        return paragraphs;
    }

    @Override
    public List<String> limits() {
        var pixels = manifest.pixels();
        return List.of(
                "It takes pictures of " + pixels.width() + "x" + pixels.height()
                        + " pixels like those that it was trained on, and no other size.",
                "What comes back of a picture is a mean over all pictures with such latents, and smoother than the original.");
    }

    private Contract.Posterior posterior() {
        return manifest.contracts().get(Contract.Posterior.class);
    }

    private boolean conditional() {
        return manifest.contracts().has(Contract.Classes.class);
    }

    @Override
    public String snippets() {
        return "posterior";
    }
}
