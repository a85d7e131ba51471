package smalti.exporter.proof;

import java.util.LinkedHashMap;
import java.util.Map;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.Contract;
import smalti.spec.file.NpyArray;

/** Inputs that a seed makes, the same ones in whatever batches they are asked for. */
public final class SeededInputs {
    private SeededInputs() {}

    /**
     * The noise that users' seeds make, and classes in turns.
     *
     * @param length of the noise
     * @param classes how many there are; 0 where none is an input
     * @return {@code noise} [count,length] and, where there are classes, {@code class} [count]
     */
    public static Map<String, NpyArray> noise(int first, int count, int length, int classes, long seed) {
        var noise = new CounterRandom(seed, CounterRandom.GENERATION).normals(first, count, length);
        var inputs = new LinkedHashMap<String, NpyArray>();
        inputs.put("noise", NpyArray.of(noise, count, length));
        if (classes > 0) {
            inputs.put("class", classes(first, count, classes));
        }
        return inputs;
    }

    /** Each in its turn: [count] int64. */
    static NpyArray classes(int first, int count, int classes) {
        var labels = new long[count];
        for (int i = 0; i < count; i++) {
            labels[i] = (first + (long) i) % classes;
        }
        return NpyArray.of(labels, count);
    }

    /** Pictures of every level: [count,height,width,C] uint8. */
    static NpyArray pictures(
            CounterRandom random, int first, int count, int height, int width, Contract.Pixels contract) {
        int length = height * width * contract.channels();
        var pixels = new byte[count * length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (random.uniform(first + i / length, i % length) * 256);
        }
        return NpyArray.of(pixels, count, height, width, contract.channels());
    }
}
