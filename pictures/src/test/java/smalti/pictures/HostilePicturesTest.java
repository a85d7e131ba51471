package smalti.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures that were damaged or made to do harm: refused with a reason, or some picture within bounds. */
final class HostilePicturesTest {
    private static final int MUTATIONS = Boolean.getBoolean("smalti.full") ? 10_000 : 300;
    private static final int SIDE = 24;

    @ParameterizedTest
    @CsvSource({
        "png, TYPE_INT_RGB",
        "png, TYPE_INT_ARGB",
        "png, TYPE_USHORT_GRAY",
        "png, TYPE_BYTE_INDEXED",
        "jpg, TYPE_INT_RGB",
        "gif, TYPE_BYTE_INDEXED",
        "bmp, TYPE_INT_RGB",
        "tiff, TYPE_INT_RGB"
    })
    void everyMutationIsRefusedOrAPicture(String format, String type) throws Exception {
        int imageType = BufferedImage.class.getField(type).getInt(null);
        var original = encoded(format, imageType);
        assertThat(PictureReader.standard().read(original).height()).isEqualTo(SIDE);
        int refused = 0;
        for (int seed = 0; seed < MUTATIONS; seed++) {
            try {
                var picture = PictureReader.standard().read(mutated(original, new Random(seed)));
                long pixels = (long) picture.height() * picture.width();
                assertThat(pixels).as("seed %s", seed).isBetween(1L, PictureReader.MOST_PIXELS);
            } catch (IOException e) {
                assertThat(e.getMessage()).as("seed %s", seed).isNotBlank();
                refused++;
            } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
                fail("seed " + seed + ": a mutated picture must be refused by an IOException", e);
            }
        }
        assertThat(refused).isGreaterThan(MUTATIONS / 20);
    }

    private static byte[] encoded(String format, int type) throws IOException {
        var image = new BufferedImage(SIDE, SIDE, type);
        var random = new Random(1);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                image.setRGB(x, y, random.nextInt());
            }
        }
        var bytes = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, bytes)).as(format).isTrue();
        return bytes.toByteArray();
    }

    private static byte[] mutated(byte[] original, Random random) {
        var bytes = original.clone();
        switch (random.nextInt(4)) {
            case 0 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            case 1 -> {
                for (int i = 0; i < 8; i++) {
                    bytes[random.nextInt(Math.min(64, bytes.length))] = (byte) random.nextInt();
                }
            }
            case 2 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            default -> {
                int from = random.nextInt(bytes.length);
                Arrays.fill(bytes, from, Math.min(bytes.length, from + 1 + random.nextInt(16)), (byte) 0xFF);
            }
        }
        return bytes;
    }
}
