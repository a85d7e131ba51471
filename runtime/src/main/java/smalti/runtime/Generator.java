package smalti.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.CounterRandom;
import smalti.spec.NoiseContract;
import smalti.spec.SpecException;

/**
 * Pictures out of noise. Picture i of a seed is the same alone and in a batch of any size, and on any machine up to
 * the rounding of its arithmetic: its noise is a function of (seed, i), {@link NoiseContract#PHILOX}.
 *
 * <p>Any number of threads may use one at once. Every method that generates throws {@link IllegalStateException} once
 * the model is closed.
 */
public final class Generator {
    private final OpenGate gate;
    private final ChunkedRuns runs;
    private final int noiseLength;
    private final List<String> classes;
    private final GraphSession generator;

    Generator(OpenGate gate, ChunkedRuns runs, NoiseContract noise, List<String> classes, GraphSession generator) {
        this.gate = gate;
        this.runs = runs;
        this.noiseLength = noise.length();
        this.classes = List.copyOf(classes);
        this.generator = generator;
    }

    /** Length Z of a picture's noise. */
    public int noiseLength() {
        return noiseLength;
    }

    /** Names of the classes 0, 1, …; empty where the model is not conditional. */
    public List<String> classes() {
        return classes;
    }

    /**
     * The noise behind a picture.
     *
     * @param index of the picture in its request
     * @return Z standard normal numbers
     */
    public float[] noise(long seed, int index) {
        return noise(seed, index, 1);
    }

    /**
     * Pictures 0…count−1 of a seed.
     *
     * @return pixels [count,H,W,C], on the heap
     * @throws SpecException if the model is conditional
     */
    public Pixels generate(int count, long seed) {
        checkCount(count);
        return generate(noise(seed, 0, count));
    }

    /**
     * Pictures 0…count−1 of a seed, all of one class.
     *
     * @throws SpecException if the model has no such class
     */
    public Pixels generate(int count, long seed, int classIndex) {
        checkCount(count);
        var all = new int[count];
        Arrays.fill(all, classIndex);
        return generate(seed, all);
    }

    /**
     * Pictures of a seed, each with its class.
     *
     * @param classIndices one for each picture
     */
    public Pixels generate(long seed, int[] classIndices) {
        checkCount(classIndices.length);
        return generate(noise(seed, 0, classIndices.length), classIndices);
    }

    /**
     * Pictures of the caller's noise, as for an interpolation.
     *
     * @param noise [N,Z], row by row
     */
    public Pixels generate(float[] noise) {
        return run(noise, null);
    }

    /**
     * Pictures of the caller's noise, each with its class.
     *
     * @param noise [N,Z], row by row
     * @param classIndices N of them
     */
    public Pixels generate(float[] noise, int[] classIndices) {
        return run(noise, classIndices);
    }

    private Pixels run(float[] noise, int @Nullable [] classIndices) {
        check(noise, classIndices);
        return gate.during(() -> {
            int count = noise.length / noiseLength;
            var inputs = new ArrayList<HostTensor>();
            inputs.add(new HostTensor(generator.input(0), new long[] {count, noiseLength}, floats(noise)));
            if (classIndices != null) {
                inputs.add(new HostTensor(generator.input(1), new long[] {count}, longs(classIndices)));
            }
            var shape = ShapeBinding.of(inputs).shapeOf(generator.output(0));
            var output = HostTensor.onHeap(generator.output(0), shape);
            runs.run(generator, inputs, List.of(output));
            return new Pixels((int) shape[0], (int) shape[1], (int) shape[2], (int) shape[3], output.data());
        });
    }

    private void check(float[] noise, int @Nullable [] classIndices) {
        var problems = new ArrayList<String>();
        int count = noise.length / noiseLength;
        if (noise.length == 0 || noise.length % noiseLength != 0) {
            problems.add("noise must have " + noiseLength + " numbers for each picture, got " + noise.length);
        } else if (classIndices != null && !classes.isEmpty() && classIndices.length != count) {
            problems.add("classes must be one for each of " + count + " pictures, got " + classIndices.length);
        }
        for (int i = 0; i < noise.length; i++) {
            if (!Float.isFinite(noise[i])) {
                problems.add("noise[" + i + "] must be finite, got " + noise[i]);
                break;
            }
        }
        if (classes.isEmpty() && classIndices != null) {
            problems.add("classes must not be given, the model has none; got " + Arrays.toString(classIndices));
        } else if (!classes.isEmpty() && classIndices == null) {
            problems.add("classes must be given, the model is conditional; it has " + named());
        } else if (classIndices != null) {
            Arrays.stream(classIndices)
                    .filter(index -> index < 0 || index >= classes.size())
                    .distinct()
                    .forEach(index -> problems.add("a class must be one of " + named() + ", got " + index));
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
    }

    private String named() {
        var named = new ArrayList<String>();
        for (int i = 0; i < classes.size(); i++) {
            named.add(i + " (" + classes.get(i) + ")");
        }
        return String.join(", ", named);
    }

    private void checkCount(int count) {
        int most = Integer.MAX_VALUE / Float.BYTES / noiseLength;
        Check.that(count >= 1 && count <= most, "count must be from 1 to %s, got %s", most, count)
                .done();
    }

    private float[] noise(long seed, int first, int count) {
        var random = new CounterRandom(seed, CounterRandom.GENERATION);
        var noise = new float[count * noiseLength];
        for (int i = 0; i < count; i++) {
            random.normals(first + i, noise, i * noiseLength, noiseLength);
        }
        return noise;
    }

    private static ByteBuffer floats(float[] values) {
        var data = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
                .order(ByteOrder.nativeOrder());
        data.asFloatBuffer().put(values);
        return data;
    }

    private static ByteBuffer longs(int[] values) {
        var data = ByteBuffer.allocate(Math.multiplyExact(values.length, Long.BYTES))
                .order(ByteOrder.nativeOrder());
        data.asLongBuffer().put(Arrays.stream(values).asLongStream().toArray());
        return data;
    }
}
