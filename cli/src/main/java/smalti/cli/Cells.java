package smalti.cli;

import java.util.Arrays;
import java.util.List;
import smalti.pictures.Picture;
import smalti.pictures.PictureFit;

/** Pictures of several sizes in cells of one size, as a grid has them. */
final class Cells {
    /** Of a cell's side where sizes differ: so many pictures of a camera would make no grid that anyone can open. */
    private static final int MOST_SIDE = 512;

    private static final byte WHITE = (byte) 255;

    private Cells() {}

    /** Pictures of one size come back as they are; others are scaled to fit, and stand in the middle of white cells. */
    static List<Picture> of(List<Picture> pictures) {
        var first = pictures.get(0);
        if (pictures.stream()
                .allMatch(picture -> picture.height() == first.height() && picture.width() == first.width())) {
            return pictures;
        }
        int height = side(pictures.stream().mapToInt(Picture::height).max().orElseThrow());
        int width = side(pictures.stream().mapToInt(Picture::width).max().orElseThrow());
        return pictures.stream().map(picture -> cell(picture, height, width)).toList();
    }

    private static int side(int largest) {
        return Math.min(MOST_SIDE, largest);
    }

    private static Picture cell(Picture picture, int height, int width) {
        double scale = Math.min((double) height / picture.height(), (double) width / picture.width());
        int channels = picture.channels();
        var fitted = PictureFit.stretched(
                picture, scaled(picture.height(), scale, height), scaled(picture.width(), scale, width));
        var cell = new byte[height * width * channels];
        Arrays.fill(cell, WHITE);
        int top = (height - fitted.height()) / 2;
        int left = (width - fitted.width()) / 2;
        var pixels = fitted.pixels();
        int row = fitted.width() * channels;
        for (int y = 0; y < fitted.height(); y++) {
            System.arraycopy(pixels, y * row, cell, ((top + y) * width + left) * channels, row);
        }
        return Picture.of(height, width, channels, cell);
    }

    private static int scaled(int side, double scale, int most) {
        return (int) Math.max(1, Math.min(most, Math.round(side * scale)));
    }
}
