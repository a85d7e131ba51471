package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.file.NpyArray;

/** Bundles that our exporter wrote in format 1, with what they gave then: they open and give the same for ever. */
class FormatOneTest {
    private static final Path FOLDER = Path.of("src/test/resources/bundles/format-1");

    @Test
    void theCodecStillGivesItsCodesAndPictures() throws IOException {
        try (var model = SmaltiModel.open(FOLDER.resolve("codec.smalti"))) {
            model.verify();
            var codec = model.codec();
            var codes = codec.encode(new Pixels(
                    6, 16, 16, 3, ByteBuffer.wrap(array("codec-pixels").bytes())));
            assertThat(codes.values()).isEqualTo(array("codec-codes").longs());
            assertWithinALevel(
                    codec.decode(codes).bytes(), array("codec-decoded").bytes());
        }
    }

    @Test
    void theGeneratorStillGivesItsPictures() throws IOException {
        try (var model = SmaltiModel.open(FOLDER.resolve("generator.smalti"))) {
            model.verify();
            var pixels = model.generator().generate(5, IntStream.range(0, 10).toArray());
            assertWithinALevel(pixels.bytes(), array("generator-pixels").bytes());
        }
    }

    /** Later bundles of format 1 hold other precisions, and samples to be compared with. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    void bundlesWithVariantsAndSamplesStillServe(Precision precision) {
        var options = RuntimeOptions.defaults().withPrecision(precision);
        for (var name : List.of("codec-variants.smalti", "generator-variants.smalti")) {
            try (var model = SmaltiModel.open(FOLDER.resolve(name), options)) {
                model.verify();
                assertThat(model.precision(name.startsWith("codec") ? Role.TOKENIZE : Role.GENERATOR))
                        .isEqualTo(precision);
                model.checkParity();
            }
        }
    }

    private static NpyArray array(String name) throws IOException {
        try (var in = Files.newInputStream(FOLDER.resolve(name + ".npy"))) {
            return NpyArray.read(in, name, 1 << 20);
        }
    }

    /** Another processor may round a picture's float to the other side of a half. */
    private static void assertWithinALevel(byte[] actual, byte[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(Math.abs((actual[i] & 0xFF) - (expected[i] & 0xFF)))
                    .as("byte %s", i)
                    .isLessThanOrEqualTo(1);
        }
    }
}
