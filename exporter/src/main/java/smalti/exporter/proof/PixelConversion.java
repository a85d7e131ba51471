package smalti.exporter.proof;

import smalti.spec.bundle.Contract;
import smalti.spec.file.NpyArray;

/** The pixel contract in Java: what the nodes around a graph are held to. */
public final class PixelConversion {
    private PixelConversion() {}

    /** [N,H,W,C] uint8 → [N,C,H,W] float in [lo, hi]. */
    public static NpyArray floats(NpyArray pixels, Contract.Pixels contract) {
        var sizes = pixels.shape().stream().mapToInt(Math::toIntExact).toArray();
        int places = sizes[1] * sizes[2];
        int channels = sizes[3];
        var bytes = pixels.bytes();
        var floats = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            int channel = i % channels;
            int place = i / channels % places;
            int picture = i / channels / places;
            double level = bytes[i] & 0xFF;
            floats[(picture * channels + channel) * places + place] =
                    (float) (contract.lo() + (contract.hi() - contract.lo()) * level / 255);
        }
        return NpyArray.of(floats, sizes[0], channels, sizes[1], sizes[2]);
    }

    /** [N,C,H,W] float → [N,H,W,C] uint8: clip(round(255·(y − lo)/(hi − lo)), 0, 255), halves to even. */
    public static NpyArray levels(NpyArray image, Contract.Pixels contract) {
        var sizes = image.shape().stream().mapToInt(Math::toIntExact).toArray();
        int channels = sizes[1];
        int places = sizes[2] * sizes[3];
        var floats = image.floats();
        var bytes = new byte[floats.length];
        for (int i = 0; i < floats.length; i++) {
            int place = i % places;
            int channel = i / places % channels;
            int picture = i / places / channels;
            double level = Math.rint(255 * (floats[i] - contract.lo()) / (contract.hi() - contract.lo()));
            bytes[(picture * places + place) * channels + channel] = (byte) Math.min(255, Math.max(0, level));
        }
        return NpyArray.of(bytes, sizes[0], sizes[2], sizes[3], channels);
    }
}
