package smalti.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import smalti.spec.SpecException;

class PixelsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void imagesAndBackIsTheSame(int channels) throws IOException {
        var pixels = random(1, 3, 5, 7, channels);
        assertThat(Pixels.of(pixels.images(), channels)).isEqualTo(pixels);
        for (int i = 0; i < 3; i++) {
            assertThat(Pixels.of(png(pixels.image(i)), channels))
                    .as("picture %s as PNG", i)
                    .isEqualTo(pixels.range(i, 1));
        }
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                BufferedImage.TYPE_INT_RGB,
                BufferedImage.TYPE_INT_ARGB,
                BufferedImage.TYPE_INT_BGR,
                BufferedImage.TYPE_3BYTE_BGR,
                BufferedImage.TYPE_4BYTE_ABGR,
                BufferedImage.TYPE_INT_ARGB_PRE,
                BufferedImage.TYPE_USHORT_565_RGB,
                BufferedImage.TYPE_BYTE_INDEXED
            })
    void opaqueColoursAreWhatJavaSaysTheyAre(int type) {
        var image = new BufferedImage(9, 4, type);
        var random = new Random(type);
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 9; x++) {
                image.setRGB(x, y, 0xFF000000 | random.nextInt(1 << 24));
            }
        }
        var data = Pixels.of(image, 3).data();
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 9; x++) {
                int rgb = ((data.get() & 0xFF) << 16) | ((data.get() & 0xFF) << 8) | (data.get() & 0xFF);
                assertThat(rgb).isEqualTo(image.getRGB(x, y) & 0xFFFFFF);
            }
        }
    }

    @Test
    void partOfAnImageIsThatPart() {
        var whole = random(2, 1, 10, 12, 3);
        for (int type : new int[] {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_3BYTE_BGR}) {
            var image = new BufferedImage(12, 10, type);
            image.createGraphics().drawImage(whole.image(0), 0, 0, null);
            var part = Pixels.of(image.getSubimage(3, 2, 5, 4), 3);
            assertThat(part.data().get((4 * 5 - 1) * 3)).isEqualTo(whole.data().get((5 * 12 + 7) * 3));
            assertThat(part.data().get(1)).isEqualTo(whole.data().get((2 * 12 + 3) * 3 + 1));
        }
    }

    @Test
    void transparentIsDrawnOnWhite() {
        var image = new BufferedImage(4, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x00123456);
        image.setRGB(1, 0, 0x80000000);
        image.setRGB(2, 0, 0xFF123456);
        image.setRGB(3, 0, 0x33FF8000);
        // 255 − 128 = 127; at alpha 0.2: 255, 0.2·128 + 0.8·255 = 229.6, 0.8·255 = 204
        assertThat(Pixels.of(image, 3).bytes())
                .containsExactly(bytes(255, 255, 255, 127, 127, 127, 0x12, 0x34, 0x56, 255, 230, 204));
    }

    @Test
    void greySamplesAreTakenAsTheyAre() {
        var image = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
        for (int x = 0; x < 256; x++) {
            image.getRaster().setSample(x, 0, 0, x);
        }
        var grey = Pixels.of(image, 1).bytes();
        var colour = Pixels.of(image, 3).bytes();
        for (int x = 0; x < 256; x++) {
            assertThat(grey[x]).isEqualTo((byte) x);
            assertThat(colour[3 * x]).isEqualTo((byte) x);
            assertThat(colour[3 * x + 2]).isEqualTo((byte) x);
        }
    }

    @Test
    void deepGreyIsRounded() {
        var image = new BufferedImage(4, 1, BufferedImage.TYPE_USHORT_GRAY);
        image.getRaster().setSamples(0, 0, 4, 1, 0, new int[] {0, 65535, 128 * 257, 128 * 257 + 129});
        assertThat(Pixels.of(image, 1).bytes()).containsExactly(bytes(0, 255, 128, 129));
    }

    @Test
    void greyWithAlphaIsDrawnOnWhite() throws IOException {
        var space = ColorSpace.getInstance(ColorSpace.CS_GRAY);
        var model = new ComponentColorModel(space, true, false, Transparency.TRANSLUCENT, DataBuffer.TYPE_BYTE);
        var raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 3, 1, 2, null);
        raster.setPixels(0, 0, 3, 1, new int[] {100, 255, 100, 0, 100, 51});
        var image = new BufferedImage(model, raster, false, null);
        // 0.2·100 + 0.8·255 = 224
        assertThat(Pixels.of(image, 1).bytes()).containsExactly(bytes(100, 255, 224));
        assertThat(Pixels.of(png(image), 1).bytes()).containsExactly(bytes(100, 255, 224));
    }

    @Test
    void colourBecomesGreyByItsLuma() {
        var image = new BufferedImage(5, 1, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0xFF0000);
        image.setRGB(1, 0, 0x00FF00);
        image.setRGB(2, 0, 0x0000FF);
        image.setRGB(3, 0, 0xFFFFFF);
        image.setRGB(4, 0, 0x0A141E);
        // 0.299·255 = 76.2, 0.587·255 = 149.7, 0.114·255 = 29.1; 2.99 + 11.74 + 3.42 = 18.15
        assertThat(Pixels.of(image, 1).bytes()).containsExactly(bytes(76, 150, 29, 255, 18));
    }

    @Test
    void equalSamplesAreEqualPixels() {
        var pixels = random(3, 2, 3, 4, 3);
        var direct = ByteBuffer.allocateDirect(72).put(pixels.data()).flip();
        assertThat(new Pixels(2, 3, 4, 3, direct)).isEqualTo(pixels).hasSameHashCodeAs(pixels);
        assertThat(new Pixels(2, 4, 3, 3, direct)).isNotEqualTo(pixels).hasToString("Pixels[2,4,3,3]");
        pixels.data().position(5);
        assertThat(pixels.data().position()).isZero();
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> new Pixels(0, 0, 1, 2, ByteBuffer.allocate(0)))
                .isInstanceOfSatisfying(
                        SpecException.class, e -> assertThat(e.problems()).hasSize(3));
        assertThatThrownBy(() -> new Pixels(1, 2, 2, 3, ByteBuffer.allocate(13)))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("[1,2,2,3], got 13 bytes");
        int most = Integer.MAX_VALUE;
        assertThatThrownBy(() -> new Pixels(most, most, most, 3, ByteBuffer.allocate(3)))
                .isInstanceOf(SpecException.class);
        assertThatThrownBy(() -> random(4, 2, 2, 2, 1).range(1, 2))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("a range of 2 pictures, got 1 and 2");
    }

    @Test
    void codesHoldTheirValues() {
        var values = new long[] {0, 1, 2, 3, 4, 5};
        var codes = new Codes(1, 2, 3, values, "f");
        values[0] = 9;
        codes.values()[1] = 9;
        assertThat(codes.at(0, 0, 0)).isZero();
        assertThat(codes.at(0, 1, 2)).isEqualTo(5);
        assertThat(codes.values()).containsExactly(0, 1, 2, 3, 4, 5);
        assertThat(codes).isEqualTo(new Codes(1, 2, 3, codes.values(), "f"));
        assertThat(codes).isNotEqualTo(new Codes(1, 2, 3, codes.values(), "g"));
        assertThat(codes).isNotEqualTo(new Codes(1, 3, 2, codes.values(), "f"));
        assertThatThrownBy(() -> codes.at(0, 2, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new Codes(1, 2, 2, new long[5], "f"))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("[1,2,2], got 5");
    }

    private static Pixels random(long seed, int count, int height, int width, int channels) {
        var bytes = new byte[count * height * width * channels];
        new Random(seed).nextBytes(bytes);
        return new Pixels(count, height, width, channels, ByteBuffer.wrap(bytes));
    }

    private static BufferedImage png(BufferedImage image) throws IOException {
        var out = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, "png", out)).isTrue();
        return ImageIO.read(new ByteArrayInputStream(out.toByteArray()));
    }

    private static byte[] bytes(int... values) {
        var bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
