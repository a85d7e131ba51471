package smalti.exporter.bundle;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;

/** What a card says of noise, and a class where there are classes, to pixels. */
record GeneratorCard(BundleManifest manifest) implements CardSection {
    @Override
    public String summary() {
        var pixels = manifest.pixels();
        return "An image generator (%s): %dx%d %s pictures out of %d numbers%s."
                .formatted(
                        manifest.provenance().family(),
                        pixels.width(),
                        pixels.height(),
                        pixels.channels() == 1 ? "grey" : "RGB",
                        manifest.contracts().get(Contract.Noise.class).length(),
                        conditional() ? " and a class" : "");
    }

    @Override
    public List<String> contracts() {
        var noise = manifest.contracts().get(Contract.Noise.class);
        var text = "`noise` is standard normal, " + noise.length() + " numbers a picture. Picture i of a seed has, in"
                + " every Smalti runtime, the noise of the counter-based generator `" + noise.generator()
                + "`: Philox4x32 with 10 rounds, key (seed low, seed high), counter (block, 0, i low, i high); of"
                + " each block's words (a, b, c, d), with u = (a + 1)/2³² and v = b/2³², √(−2 ln u)·cos 2πv and"
                + " √(−2 ln u)·sin 2πv, then the same of c and d.";
        var classes = manifest.contracts().classes();
        if (classes.isEmpty()) {
            return List.of(text);
        }
        var numbered = IntStream.range(0, classes.size()).mapToObj(i -> i + " " + classes.get(i));
        return List.of(text, "Classes: " + numbered.collect(Collectors.joining(", ")) + ".");
    }

    @Override
    public List<String> limits() {
        var pixels = manifest.pixels();
        return List.of("It makes pictures like those that it was trained on, of " + pixels.width() + "x"
                + pixels.height() + " pixels, and nothing else.");
    }

    private boolean conditional() {
        return manifest.contracts().has(Contract.Classes.class);
    }

    @Override
    public String snippets() {
        return "generator";
    }
}
