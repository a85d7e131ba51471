package smalti.spec;

/** The 16-bit floats as bits: IEEE 754 half precision and bfloat16, rounded to nearest, ties to even. */
public final class Halves {
    private static final int EXPONENT_32 = 0x7F80_0000;

    private Halves() {}

    public static short half(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7FFF_FFFF;
        if (magnitude > EXPONENT_32) {
            return (short) (sign | 0x7E00);
        }
        // the least that rounds to 65536
        if (magnitude >= 0x477F_F000) {
            return (short) (sign | 0x7C00);
        }
        // below 2^-14 the steps are 2^-24 wide
        if (magnitude < 0x3880_0000) {
            return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
        }
        int odd = magnitude >>> 13 & 1;
        return (short) (sign | ((magnitude - (112 << 23) + 0xFFF + odd) >>> 13));
    }

    public static float ofHalf(short half) {
        int exponent = half >>> 10 & 0x1F;
        int fraction = half & 0x3FF;
        float magnitude;
        if (exponent == 0) {
            magnitude = fraction * 0x1p-24f;
        } else if (exponent == 31) {
            magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else {
            magnitude = Float.intBitsToFloat(((exponent + 112) << 23) | (fraction << 13));
        }
        return half < 0 ? -magnitude : magnitude;
    }

    public static short brain(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7FFF_FFFF) > EXPONENT_32) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    public static float ofBrain(short brain) {
        return Float.intBitsToFloat(brain << 16);
    }
}
