package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.TensorSpec;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CodecTest {
    private SmaltiModel model;
    private SmaltiModel greyModel;
    private Codec codec;
    private Codec grey;

    @BeforeAll
    void open() {
        model = SmaltiModel.open(Bundles.CODEC);
        greyModel = SmaltiModel.open(Bundles.GREY);
        codec = model.codec();
        grey = greyModel.codec();
    }

    @AfterAll
    void close() {
        model.close();
        greyModel.close();
    }

    @Test
    void codesAreTheNearestOnes() {
        assertNearest(codec, TinyNets.CODEC, pixels(1, 7, 6, 10, 3));
        assertNearest(grey, TinyNets.GREY, pixels(2, 5, 8, 8, 1));
    }

    @Test
    void decodedSamplesAreExact() {
        assertDecoded(codec, TinyNets.CODEC, codes(model, 3, 4, 3, 5));
        assertDecoded(grey, TinyNets.GREY, codes(greyModel, 4, 20, 2, 2));
    }

    @Test
    void decodingClipsAtBothEnds() {
        var all = codec.decode(codes(model, 3, 4, 3, 5)).bytes();
        assertThat(all).contains((byte) 0, (byte) 255);
    }

    @Test
    void everySizeThatTheFactorDividesIsTaken() {
        for (var size : List.of(new int[] {2, 2}, new int[] {2, 64}, new int[] {34, 18}, new int[] {128, 96})) {
            var pixels = pixels(4, 2, size[0], size[1], 3);
            var codes = codec.encode(pixels);
            assertThat(List.of(codes.count(), codes.height(), codes.width()))
                    .containsExactly(2, size[0] / 2, size[1] / 2);
            assertNearest(codec, TinyNets.CODEC, pixels);
            assertDecoded(codec, TinyNets.CODEC, codes);
        }
    }

    @Test
    void aPictureHasTheSameCodesWhateverItComesWith() {
        var pixels = pixels(5, 40, 12, 12, 3);
        var together = codec.encode(pixels);
        var decoded = codec.decode(together);
        for (int maxBatch : new int[] {1, 3, 64}) {
            try (var other =
                    SmaltiModel.open(Bundles.CODEC, RuntimeOptions.defaults().withMaxBatch(maxBatch))) {
                assertThat(other.codec().encode(pixels)).isEqualTo(together);
                assertThat(other.codec().decode(together)).isEqualTo(decoded);
            }
        }
        for (int i = 0; i < pixels.count(); i++) {
            assertThat(codec.encode(pixels.range(i, 1))).isEqualTo(together.range(i, 1));
            assertThat(codec.decode(together.range(i, 1))).isEqualTo(decoded.range(i, 1));
        }
    }

    @Test
    void directBuffersAreUsedInPlaceAndNothingElseIsWritten() {
        var pixels = pixels(6, 20, 8, 8, 3);
        var direct = ByteBuffer.allocateDirect(7 + pixels.data().remaining());
        direct.position(7).put(pixels.data()).position(7);
        var codes = codec.encode(new Pixels(20, 8, 8, 3, direct.asReadOnlyBuffer()));
        assertThat(codes).isEqualTo(codec.encode(pixels));

        var into = ByteBuffer.allocateDirect(5 + direct.remaining() + 3);
        into.position(5).limit(5 + direct.remaining());
        var decoded = codec.decode(codes, into);
        assertThat(decoded).isEqualTo(codec.decode(codes));
        assertThat(into).isEqualTo(decoded.data());
        into.clear();
        for (int outside : new int[] {0, 1, 2, 3, 4, into.limit() - 3, into.limit() - 2, into.limit() - 1}) {
            assertThat(into.get(outside)).as("byte %s", outside).isZero();
        }
        assertThat(codec.decode(codes, ByteBuffer.allocate(20 * 8 * 8 * 3))).isEqualTo(decoded);
    }

    @Test
    void aBufferOfTheWrongSizeIsRefused() {
        var codes = codes(model, 7, 2, 3, 3);
        assertThatThrownBy(() -> codec.decode(codes, ByteBuffer.allocateDirect(2 * 6 * 6 * 3 + 1)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("216 bytes")
                .hasMessageContaining("got 217");
        assertThatThrownBy(() -> codec.decode(
                        codes, ByteBuffer.allocateDirect(2 * 6 * 6 * 3).asReadOnlyBuffer()))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("read-only");
    }

    @Test
    void imagesGoThroughAsTheirPixelsDo() {
        var pixels = pixels(8, 3, 8, 8, 3);
        var images = pixels.images();
        assertThat(codec.encode(images)).isEqualTo(codec.encode(pixels));
        assertThat(codec.encode(images.get(1))).isEqualTo(codec.encode(pixels).range(1, 1));
        var expected = codec.decode(codec.encode(pixels));
        assertThat(codec.reconstruct(pixels)).isEqualTo(expected);
        assertThat(Pixels.of(codec.reconstruct(images), 3)).isEqualTo(expected);
        assertThat(Pixels.of(codec.reconstruct(images.get(2)), 3)).isEqualTo(expected.range(2, 1));
        assertThat(grey.reconstruct(images.get(0)).getType()).isEqualTo(BufferedImage.TYPE_BYTE_GRAY);
    }

    @Test
    void aSizeThatTheFactorDoesNotDivideIsRefused() {
        assertThatThrownBy(() -> codec.encode(pixels(9, 1, 5, 7, 3)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("[1,5,7,3] does not fit pixels [N,2*h,2*w,3] uint8")
                .hasMessageContaining("axis 1 must be a multiple of 2, got 5")
                .hasMessageContaining("axis 2 must be a multiple of 2, got 7");
        assertThatThrownBy(() -> codec.encode(pixels(9, 1, 8, 8, 1)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("axis 3 must be 3, got 1");
    }

    @Test
    void aSizeThatTheSignatureFixesIsHeld() {
        assertThatThrownBy(() -> grey.encode(pixels(10, 1, 8, 16, 1)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("axis 2 must be 8, got 16");
        assertThatThrownBy(() -> grey.decode(codes(greyModel, 10, 1, 3, 2)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("axis 1 must be 2, got 3");
    }

    @Test
    void imagesOfDifferentSizesAreRefused() {
        var images = List.of(
                new BufferedImage(8, 4, BufferedImage.TYPE_INT_RGB),
                new BufferedImage(8, 4, BufferedImage.TYPE_INT_RGB),
                new BufferedImage(4, 8, BufferedImage.TYPE_INT_RGB));
        assertThatThrownBy(() -> codec.encode(images))
                .isInstanceOf(SpecException.class)
                .hasMessage("images[2] must be 4x8 (height x width) like the first, got 8x4");
    }

    @Test
    void codesOutOfRangeAreRefused() {
        var fingerprint = fingerprint(model);
        assertThatThrownBy(() -> codec.decode(new Codes(2, 1, 2, new long[] {0, -1, 5, 6}, fingerprint)))
                .isInstanceOf(SpecException.class)
                .hasMessage("codes[0][0][1] must be in [0, 6), got -1\ncodes[1][0][1] must be in [0, 6), got 6");
        var many = new long[40];
        Arrays.fill(many, Long.MIN_VALUE);
        assertThatThrownBy(() -> codec.decode(new Codes(1, 4, 10, many, fingerprint)))
                .isInstanceOfSatisfying(
                        SpecException.class,
                        e -> assertThat(e.problems()).hasSize(11).last().isEqualTo("and 30 codes more"));
    }

    @Test
    void codesOfAnotherBundleAreRefused() {
        // that they are out of range besides says nothing
        assertThatThrownBy(() -> codec.decode(new Codes(1, 1, 1, new long[] {99}, fingerprint(greyModel))))
                .isInstanceOf(SpecException.class)
                .hasMessageNotContaining("\n")
                .hasMessageContaining(fingerprint(model))
                .hasMessageContaining(fingerprint(greyModel));
    }

    @Test
    void aTensorThatNoBufferHoldsIsRefused() {
        // through a codec it would take more than a gigabyte of codes
        var spec = TensorSpec.of("pixels", ElementType.UINT8, "N 2*h 2*w 3");
        assertThatThrownBy(() -> HostTensor.onHeap(spec, new long[] {8, 16384, 16384, 3}))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("split the request");
    }

    private static void assertNearest(Codec codec, TinyNets.Codec reference, Pixels pixels) {
        var codes = codec.encode(pixels);
        for (int n = 0; n < codes.count(); n++) {
            for (int y = 0; y < codes.height(); y++) {
                for (int x = 0; x < codes.width(); x++) {
                    var distances = reference.distances(pixels, n, y, x);
                    double least = Arrays.stream(distances).min().orElseThrow();
                    // float32 over at most 16 products: a code within 1e-5 of the nearest is as near
                    assertThat(distances[(int) codes.at(n, y, x)]).isLessThan(least + 1e-5);
                }
            }
        }
    }

    private static void assertDecoded(Codec codec, TinyNets.Codec reference, Codes codes) {
        var pixels = codec.decode(codes);
        int factor = reference.factor();
        var expected = ByteBuffer.allocate(pixels.data().remaining());
        for (int n = 0; n < codes.count(); n++) {
            for (int y = 0; y < codes.height() * factor; y++) {
                for (int x = 0; x < codes.width() * factor; x++) {
                    for (int c = 0; c < reference.channels(); c++) {
                        var code = codes.at(n, y / factor, x / factor);
                        expected.put((byte) reference.sample(code, y % factor, x % factor, c));
                    }
                }
            }
        }
        assertThat(pixels)
                .isEqualTo(new Pixels(
                        codes.count(),
                        codes.height() * factor,
                        codes.width() * factor,
                        reference.channels(),
                        expected.flip()));
    }

    /** Random pictures, half of them of low contrast, so that all codes occur. */
    private static Pixels pixels(long seed, int count, int height, int width, int channels) {
        var random = new Random(seed);
        var bytes = new byte[count * height * width * channels];
        for (int n = 0; n < count; n++) {
            int base = random.nextInt(220);
            for (int i = 0; i < bytes.length / count; i++) {
                int value = n % 2 == 0 ? random.nextInt(256) : base + random.nextInt(32);
                bytes[n * (bytes.length / count) + i] = (byte) value;
            }
        }
        return new Pixels(count, height, width, channels, ByteBuffer.wrap(bytes));
    }

    private static Codes codes(SmaltiModel model, long seed, int count, int height, int width) {
        var codebook = model.manifest().contracts().get(Contract.Codebook.class);
        var values = new Random(seed)
                .longs((long) count * height * width, 0, codebook.codes())
                .toArray();
        return new Codes(count, height, width, values, codebook.exportedFingerprint());
    }

    private static String fingerprint(SmaltiModel model) {
        return codes(model, 0, 1, 1, 1).fingerprint();
    }
}
