package smalti.exporter.bundle;

import java.util.List;
import java.util.Objects;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Role;

/** What a card says of pixels to codes and back. */
record CodecCard(BundleManifest manifest) implements CardSection {
    @Override
    public String summary() {
        var codebook = manifest.contracts().get(Contract.Codebook.class);
        double bits = Math.log(codebook.codes()) / Math.log(2);
        return "An image codec (%s): %s pictures to codes and back. A code is one of %d and stands for %dx%4$d pixels, which makes %s bits a pixel."
                .formatted(
                        manifest.provenance().family(),
                        manifest.pixels().channels() == 1 ? "grey" : "RGB",
                        codebook.codes(),
                        codebook.factor(),
                        ModelCard.number(bits / codebook.factor() / codebook.factor()));
    }

    @Override
    public List<String> contracts() {
        return List.of();
    }

    @Override
    public List<String> limits() {
        var pixels = manifest.pixels();
        var codebook = manifest.contracts().get(Contract.Codebook.class);
        return List.of(
                "Trained on pictures of %dx%d pixels; ".formatted(pixels.width(), pixels.height())
                        + (takes().get(1).isFixed()
                                ? "it takes no other size."
                                : "it takes others whose height and width are multiples of " + codebook.factor()
                                        + ", and is the better the more they look like those."),
                "`detokenize` does not check codes: one below 0 or above " + (codebook.codes() - 1)
                        + " gives a wrong picture or an error.",
                "Codes belong to this codebook alone, whose fingerprint is `" + codebook.exportedFingerprint() + "`.");
    }

    /** The axes of the pixels that it takes. */
    private List<Dimension> takes() {
        return Objects.requireNonNull(manifest.graphs().get(Role.TOKENIZE.fileStem()))
                .signature()
                .inputs()
                .get(0)
                .shape();
    }

    @Override
    public String snippets() {
        return "codec";
    }
}
