package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The README's code, compiled and run. */
class ReadmeTest {
    private static final Path BUNDLES = Path.of("src/test/resources/bundles");

    // README:begin
    static BufferedImage reconstruct(Path bundle, BufferedImage picture) {
        try (SmaltiModel model = SmaltiModel.open(bundle)) {
            Codec codec = model.codec();
            Codes codes = codec.encode(picture); // [1,h,w], each in [0, K)
            return codec.decode(codes).image(0);
        }
    }

    static BufferedImage generate(Path bundle, long seed) {
        try (SmaltiModel model = SmaltiModel.open(bundle)) {
            Generator generator = model.generator();
            Pixels pictures = generator.classes().isEmpty()
                    ? generator.generate(16, seed) // [16,H,W,C] uint8
                    : generator.generate(16, seed, generator.classes().size() - 1); // all of the last class
            return pictures.image(0);
        }
    }
    // README:end

    @Test
    void theCodeWorks() {
        var picture = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        assertThat(reconstruct(BUNDLES.resolve("tiny-codec.smalti"), picture).getWidth())
                .isEqualTo(8);
        assertThat(generate(BUNDLES.resolve("tiny-conditional.smalti"), 7).getWidth())
                .isPositive();
        var first = generate(BUNDLES.resolve("tiny-generator.smalti"), 7);
        var again = generate(BUNDLES.resolve("tiny-generator.smalti"), 7);
        assertThat(Pixels.of(again, 3).bytes()).isEqualTo(Pixels.of(first, 3).bytes());
    }

    @Test
    void theReadmeShowsThisCode() throws Exception {
        var source = Files.readString(Path.of("src/test/java/smalti/runtime/ReadmeTest.java"));
        var shown = source.substring(
                        source.indexOf("// README:begin\n") + "// README:begin\n".length(),
                        source.indexOf("    // README:end"))
                .stripTrailing()
                .stripIndent()
                .strip();
        assertThat(Files.readString(Path.of("../README.md"))).contains(shown);
    }
}
