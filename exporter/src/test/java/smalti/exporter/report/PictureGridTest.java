package smalti.exporter.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import smalti.spec.file.NpyArray;

class PictureGridTest {
    /** Two pictures of one row and two columns. */
    private static final NpyArray COLOURS =
            NpyArray.of(new byte[] {1, 2, 3, 4, 5, 6, (byte) 255, 0, 0, 0, (byte) 255, 0}, 2, 1, 2, 3);

    private static BufferedImage read(PictureGrid grid) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(grid.png()));
    }

    @Test
    void picturesStandBesideAndRowsBelowOneAnother() throws IOException {
        var grid = PictureGrid.of(List.of(COLOURS, COLOURS));
        var image = read(grid);
        // two pictures of 2x1 with two white pixels between, to the right and below
        assertThat(grid.width()).isEqualTo(image.getWidth()).isEqualTo(6);
        assertThat(image.getHeight()).isEqualTo(4);
        var row = new int[] {0x010203, 0x040506, 0xFFFFFF, 0xFFFFFF, 0xFF0000, 0x00FF00};
        for (int x = 0; x < 6; x++) {
            assertThat(image.getRGB(x, 0) & 0xFFFFFF).isEqualTo(row[x]);
            assertThat(image.getRGB(x, 1) & 0xFFFFFF).isEqualTo(0xFFFFFF);
            assertThat(image.getRGB(x, 3) & 0xFFFFFF).isEqualTo(row[x]);
        }
    }

    @Test
    void aGreyPictureAlone() throws IOException {
        var image = read(PictureGrid.ofOne(NpyArray.of(new byte[] {7, 8, 9, (byte) 200}, 2, 1, 2, 1), 1));
        assertThat(image.getWidth()).isEqualTo(2);
        assertThat(image.getHeight()).isEqualTo(1);
        assertThat(image.getRGB(0, 0) & 0xFFFFFF).isEqualTo(0x090909);
        assertThat(image.getRGB(1, 0) & 0xFFFFFF).isEqualTo(0xC8C8C8);
    }
}
