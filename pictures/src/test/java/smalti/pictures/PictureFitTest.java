package smalti.pictures;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import smalti.spec.model.DataSpec.Fit;
import smalti.spec.model.ImageSpec;

/**
 * Against Pillow 12.3.0 on {@link Fixtures#pattern}. The arithmetic is the same fixed point, so values should be equal;
 * a level of tolerance is left for a weight that another compiler rounds the other way.
 */
class PictureFitTest {
    private static final int TOLERANCE = 1;

    @Test
    void stretchIsPillowsResizeWithBilinear() {
        assertFitted(
                Fixtures.pattern(37, 23, 3, 0),
                new ImageSpec(8, 8, 3),
                Fit.STRETCH,
                "7c86877b877a8274908a729591837e7e9a738b9372848a86757586846a8073708c817080a270887a8a9e777c81"
                        + "86737c7d7f7b84768e816b907b808085909281a79d798b848a718d7a727c947a768b79777b7b7a7a7881829478"
                        + "6f7a847b817f7a7e8084737a8e7b897e778b878a7b808a758178778e7c80848f80838b807f8b807f897d727284"
                        + "9b6c6386817c7895787c7f7c8a757f7f7e927f8b83966d658252727e8187847d80877d6d8485797886827b8880"
                        + "847b8072778088807d718480");
    }

    @Test
    void cropIsPillowsImageOpsFitWithBilinear() {
        assertFitted(
                Fixtures.pattern(37, 23, 1, 0),
                new ImageSpec(8, 8, 1),
                Fit.CROP,
                "68828173a96a6c847781807c83817d8d8f938082758b7080719493757a7d707a76838c7f857c7c92808491828d"
                        + "8a8989817a737c5f9d84708597887f979b7f81");
        assertFitted(
                Fixtures.pattern(20, 50, 1, 0),
                new ImageSpec(16, 8, 1),
                Fit.CROP,
                "50987091a96db492826d92bc9e7259cda87ac66a975248ac77a2656464959e96658b806d9c598b884aa9637152"
                        + "9892507b88a8a079915a85ab9c987f6a3d7ed241857038b5aeadb79eaa77936866787281906ca98e9d674e73a5"
                        + "c16b76ab639a7743929f48577bc4588bb0a0918957aea7825e939669457a5da893a564439e7b");
    }

    @Test
    void enlargingInterpolates() {
        assertFitted(
                Fixtures.pattern(9, 10, 1, 0),
                new ImageSpec(12, 16, 1),
                Fit.STRETCH,
                "0028619a821b447db67f286199d27b3317427fbca94774936c6268a6b18a878833619da4967577715074b0b7a9"
                        + "8898a84f80b860579f572d75b2dd847bc39c796aa0dd8986d2906cb9bd9e4b4894561f86796b81837183949d74"
                        + "3e5456446e90a26f358d944b6a8c9b6b2e59685b8ab0be8e58a0b0856565ae985e5574bc8a5fd9ae71466bddb5"
                        + "805637297c8f654a385573945a5481acc0a27c57594b2c5e87115cb884655b86a49b9da17c5d437ba72876d6a6"
                        + "8c875b38337fe4dfc4948b87");
    }

    @Test
    void theRightSizePassesUntouched() {
        var picture = Fixtures.pattern(8, 8, 3, 5);
        assertThat(PictureFit.apply(picture, new ImageSpec(8, 8, 3), Fit.CROP)).isSameAs(picture);
        assertThat(PictureFit.apply(picture, new ImageSpec(8, 8, 3), Fit.STRETCH))
                .isSameAs(picture);
    }

    @Test
    void cropShowsTheCentreOfAWidePicture() {
        // 8x24: left third 10, middle third 100, right third 200; covering 8x8 needs no scaling
        var pixels = new byte[8 * 24];
        for (int i = 0; i < pixels.length; i++) {
            int x = i % 24;
            pixels[i] = (byte) (x < 8 ? 10 : x < 16 ? 100 : 200);
        }
        var fitted = PictureFit.apply(Picture.of(8, 24, 1, pixels), new ImageSpec(8, 8, 1), Fit.CROP);
        assertThat(fitted.pixels()).containsOnly((byte) 100);
    }

    private static void assertFitted(Picture picture, ImageSpec wanted, Fit fit, String hex) {
        var expected = HexFormat.of().parseHex(hex);
        var fitted = PictureFit.apply(picture, wanted, fit).pixels();
        assertThat(fitted).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(Math.abs((fitted[i] & 0xFF) - (expected[i] & 0xFF)))
                    .as("value %s: %s for %s", i, fitted[i] & 0xFF, expected[i] & 0xFF)
                    .isLessThanOrEqualTo(TOLERANCE);
        }
    }
}
