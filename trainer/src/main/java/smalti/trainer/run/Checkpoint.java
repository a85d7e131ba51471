package smalti.trainer.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import smalti.spec.SpecException;
import smalti.spec.bundle.ElementType;
import smalti.spec.file.NpyArray;
import smalti.spec.file.Npz;

/**
 * A training between two steps.
 *
 * @param step how many steps are done
 * @param seconds they took
 * @param arrays all that changes in a training, by name
 */
public record Checkpoint(int step, double seconds, Map<String, float[]> arrays) {
    public static final String FILE = "checkpoint.npz";
    /** One without a number is of format 1. */
    static final int FORMAT = 1;

    private static final String NUMBER = "format";
    private static final String STEP = "step";
    private static final String SECONDS = "seconds";

    /** Writes the checkpoint whole or not at all. */
    void write(Path run) throws IOException {
        var npz = new LinkedHashMap<String, NpyArray>();
        npz.put(NUMBER, NpyArray.of(new long[] {FORMAT}, 1));
        npz.put(STEP, NpyArray.of(new long[] {step}, 1));
        npz.put(SECONDS, NpyArray.of(new long[] {Double.doubleToRawLongBits(seconds)}, 1));
        arrays.forEach((name, values) -> npz.put(name, NpyArray.of(values, values.length)));
        Npz.write(run.resolve(FILE), npz);
    }

    /** @throws SpecException if the file is not a checkpoint */
    public static Checkpoint read(Path run) throws IOException {
        var file = run.resolve(FILE);
        var npz = Npz.read(file, Integer.MAX_VALUE);
        var format = npz.remove(NUMBER);
        if (format != null && (format.type() != ElementType.INT64 || format.longs().length != 1)) {
            throw new SpecException(file + ": format must be one whole number");
        } else if (format != null && format.longs()[0] > FORMAT) {
            throw new SpecException(file + ": format must be at most " + FORMAT + ", got " + format.longs()[0]
                    + "; it was written by a later Smalti: go on with that one, or train anew");
        }
        var step = npz.remove(STEP);
        var seconds = npz.remove(SECONDS);
        if (step == null || seconds == null || step.longs().length != 1 || seconds.longs().length != 1) {
            throw new SpecException(file + ": must be a checkpoint with step and seconds");
        }
        var arrays = new LinkedHashMap<String, float[]>();
        npz.forEach((name, array) -> {
            if (array.type() != ElementType.FLOAT32) {
                throw new SpecException(file + ": " + name + " must be float32, got " + array.type());
            }
            arrays.put(name, array.floats());
        });
        return new Checkpoint(Math.toIntExact(step.longs()[0]), Double.longBitsToDouble(seconds.longs()[0]), arrays);
    }
}
