package smalti.spec.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PictureGridTest {
    /** Two pictures of one row and two columns. */
    private static final byte[] COLOURS = {1, 2, 3, 4, 5, 6, (byte) 255, 0, 0, 0, (byte) 255, 0};

    private static BufferedImage read(BufferedImage image) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(PictureGrid.png(image)));
    }

    @Test
    void picturesHaveWhiteAroundAndBetweenThem() throws IOException {
        var twice = new byte[2 * COLOURS.length];
        System.arraycopy(COLOURS, 0, twice, 0, COLOURS.length);
        System.arraycopy(COLOURS, 0, twice, COLOURS.length, COLOURS.length);
        var image = read(PictureGrid.of(twice, 1, 2, 3, 2));
        // two pictures of 2x1 a row, two rows, two white pixels around each
        assertThat(image.getWidth()).isEqualTo(10);
        assertThat(image.getHeight()).isEqualTo(8);
        var row = new int[] {
            0xFFFFFF, 0xFFFFFF, 0x010203, 0x040506, 0xFFFFFF, 0xFFFFFF, 0xFF0000, 0x00FF00, 0xFFFFFF, 0xFFFFFF
        };
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 10; x++) {
                assertThat(image.getRGB(x, y) & 0xFFFFFF)
                        .as("%s, %s", x, y)
                        .isEqualTo(y == 2 || y == 5 ? row[x] : 0xFFFFFF);
            }
        }
    }

    @Test
    void greyPicturesInAGrid() throws IOException {
        var image = read(PictureGrid.of(new byte[] {7, (byte) 200}, 1, 1, 1, 1));
        assertThat(image.getRGB(2, 2) & 0xFFFFFF).isEqualTo(0x070707);
        assertThat(image.getRGB(2, 5) & 0xFFFFFF).isEqualTo(0xC8C8C8);
    }

    @Test
    void aGreyPictureAlone() throws IOException {
        var image = read(PictureGrid.one(new byte[] {7, 8, 9, (byte) 200}, 1, 1, 2, 1));
        assertThat(image.getType()).isEqualTo(BufferedImage.TYPE_BYTE_GRAY);
        assertThat(image.getRaster().getSample(0, 0, 0)).isEqualTo(9);
        assertThat(image.getRaster().getSample(1, 0, 0)).isEqualTo(200);
    }

    @Test
    void aColouredPictureAlone() throws IOException {
        var image = read(PictureGrid.one(COLOURS, 1, 1, 2, 3));
        assertThat(image.getRGB(0, 0) & 0xFFFFFF).isEqualTo(0xFF0000);
        assertThat(image.getRGB(1, 0) & 0xFFFFFF).isEqualTo(0x00FF00);
    }
}
