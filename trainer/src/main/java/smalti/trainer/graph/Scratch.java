package smalti.trainer.graph;

/**
 * A thread's own arrays, used again and again: a kernel that took new ones for every chunk would spend most of its time
 * on clearing them.
 */
public final class Scratch {
    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private float[][] arrays = new float[0][];

    private Scratch() {}

    static Scratch ofThread() {
        return OF_THREAD.get();
    }

    /**
     * @param slot from 0: arrays of different slots are different ones
     * @return of at least that length, with whatever it held
     */
    public float[] floats(int slot, int length) {
        if (slot >= arrays.length) {
            arrays = java.util.Arrays.copyOf(arrays, slot + 1);
        }
        var array = arrays[slot];
        if (array == null || array.length < length) {
            array = new float[length];
            arrays[slot] = array;
        }
        return array;
    }
}
