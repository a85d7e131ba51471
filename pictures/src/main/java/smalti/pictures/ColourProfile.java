package smalti.pictures;

import com.twelvemonkeys.imageio.color.ColorProfiles;
import com.twelvemonkeys.imageio.color.ColorSpaces;
import java.awt.color.CMMException;
import java.awt.color.ColorSpace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** The colour profiles of files whose decoders leave them to us. */
final class ColourProfile {
    private ColourProfile() {}

    /** A profile of three colours; empty where it is of others, broken, or sRGB in any case. */
    static Optional<ColorSpace> colours(byte[] profile) {
        try {
            var space = ColorSpaces.createColorSpace(ColorProfiles.createProfile(profile));
            if (space.getType() != ColorSpace.TYPE_RGB || space.isCS_sRGB()) {
                return Optional.empty();
            }
            space.toRGB(new float[] {1, 1, 1}); // a profile that lacks what it needs fails here
            return Optional.of(space);
        } catch (IllegalArgumentException | CMMException e) {
            return Optional.empty(); // as browsers do: a picture is worth more than its profile
        }
    }

    /** A WebP without its profile where that is none that can be used: the decoder would refuse the picture. */
    static byte[] withoutBroken(byte[] webp) {
        var bytes = ByteBuffer.wrap(webp).order(ByteOrder.LITTLE_ENDIAN);
        for (long at = 12; at + 8 <= webp.length; ) {
            long length = bytes.getInt((int) at + 4) & 0xFFFFFFFFL;
            if (bytes.getInt((int) at) == 0x50434349) { // ICCP
                var profile = new byte[(int) Math.min(length, webp.length - at - 8)];
                bytes.get((int) at + 8, profile);
                if (isUsable(profile)) {
                    return webp;
                }
                var without = webp.clone();
                without[(int) at] = 'x'; // chunks of other names are passed over
                return without;
            }
            at += 8 + length + length % 2;
        }
        return webp;
    }

    private static boolean isUsable(byte[] profile) {
        try {
            var created = ColorProfiles.createProfile(profile);
            return created.getColorSpaceType() == ColorSpace.TYPE_RGB
                    && (ColorProfiles.isCS_sRGB(created) || colours(profile).isPresent());
        } catch (IllegalArgumentException | CMMException e) {
            return false;
        }
    }
}
