package smalti.trainer.graph;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import smalti.spec.CounterRandom;

/**
 * The float32 arrays of a model by name, in order of creation. Graphs built over the same Parameters share the arrays:
 * an optimiser step on one is seen by all.
 */
public final class Parameters {
    /** The random stream of initial values; index: the hash of the parameter's name. */
    private static final int STREAM = 1;

    private final Map<String, INDArray> arrays = new LinkedHashMap<>();
    private final CounterRandom random;

    public Parameters(long seed) {
        random = new CounterRandom(seed, STREAM);
    }

    /** The array of that name, made on first use. */
    public INDArray array(String name, Initializer initializer, long... shape) {
        return arrays.computeIfAbsent(name, absent -> {
            int length = 1;
            for (long size : shape) {
                length = Math.multiplyExact(length, Math.toIntExact(size));
            }
            return HostArrays.floats(initializer.values(length, random, name.hashCode()), shape);
        });
    }

    public Set<String> names() {
        return arrays.keySet();
    }

    public boolean has(String name) {
        return arrays.containsKey(name);
    }

    public INDArray array(String name) {
        var array = arrays.get(name);
        if (array == null) {
            throw new IllegalArgumentException("no parameter " + name + " in " + arrays.keySet());
        }
        return array;
    }

    /** The values themselves, to be read and written in place. */
    public DenseFloats elements(String name) {
        return new DenseFloats(array(name));
    }

    /** A copy of the values. */
    public float[] values(String name) {
        return HostArrays.floats(array(name));
    }

    public void set(String name, float[] values) {
        HostArrays.write(array(name), values);
    }

    /** Another set of arrays with the same names and shapes that holds copies. */
    public Parameters copy() {
        var copy = new Parameters(0);
        arrays.forEach((name, array) -> copy.arrays.put(name, array.dup('c')));
        return copy;
    }
}
