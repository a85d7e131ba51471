package smalti.spec.bundle;

import java.util.Locale;

/** In which numbers a graph computes; its inputs and outputs are of the same types in all. */
public enum Precision {
    /** 32-bit floats: what was trained. */
    FP32,
    /** 16-bit floats, except what would lose by it: half the file, and faster on GPUs. */
    FP16,
    /** 8-bit whole numbers with scales, except layers that would lose too much: a quarter of the file, and faster on CPUs. */
    INT8;

    /** The key in {@code bundle.json} and the part of a file's name, such as {@code int8}. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
