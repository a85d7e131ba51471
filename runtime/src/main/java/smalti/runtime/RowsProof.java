package smalti.runtime;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/**
 * Finds out by trying whether a row's outputs follow from that row alone, before any answer is given of rows that shared
 * a run or were cut apart.
 *
 * <p>Implementation: rows of the first request of each kind, and rows made from them, are run one by one, all together,
 * and turned round in two parts. Equal rows would prove nothing, nor would rows that all give the same output; then it is
 * not known, and the next request is tried. One kind after another is tried, up to a bound, and what comes later is
 * believed, so that a service pays for this in its first requests alone.
 */
final class RowsProof {
    private static final int MOST_KINDS = 8;
    private static final int MOST_TRIES = 8;
    private static final int MOST_ROWS = 16;
    private static final long MOST_BYTES = 128L << 20;

    /** Where a row takes longer, fewer are tried. */
    private static final long LONG_NANOS = 50_000_000;

    private static final int FEW_ROWS = 4;
    private static final long SEED = 20_240_607;

    /**
     * Kernels add in another order for other batches, which costs 1e-6 in a layer and stays below this over hundreds. Over
     * 17 networks from ResNet to U-Net, rows of a batch of 8 were those of runs alone to the last bit.
     */
    private static final double TOLERANCE = 1e-4;

    /**
     * Of graphs that round to 8 or 16 bits on the way, or run on a GPU with its shorter floats. Over ten networks in INT8 the
     * worst was 5.2e-3.
     */
    private static final double COARSE_TOLERANCE = 2e-2;

    /** Of whole numbers that may be another where two choices are as good: hardly ever, */
    private static final double TIES = 1e-4;

    /** and more often where few bits make more of them so. */
    private static final double COARSE_TIES = 0.005;

    private final String file;
    private final Signature signature;
    private final Limits limits;
    private final boolean isCoarse;
    private final Consumer<GraphJob> once;
    private final Set<Object> proven = ConcurrentHashMap.newKeySet();
    private volatile boolean isBelieved;
    private volatile @Nullable String refusal;
    private int tries;

    /**
     * @param limits of batches
     * @param coarse whether the graph rounds to fewer than 32 bits on the way
     * @param once runs a request as one batch of its own
     */
    RowsProof(String file, Signature signature, Limits limits, boolean coarse, Consumer<GraphJob> once) {
        this.file = file;
        this.signature = signature;
        this.limits = limits;
        this.isCoarse = coarse;
        this.once = once;
    }

    /** Copies of rows of a request, for {@link #holds}. */
    static List<TrialRow> rows(GraphJob job) {
        return TrialRow.of(job.inputs(), MOST_ROWS);
    }

    /**
     * Whether rows of such requests may share a run; the first ones are tried. By one thread at a time.
     *
     * @param own {@link #rows} of the request
     * @return false where it is not known
     * @throws LoadException if they may not, with the output
     */
    boolean holds(GraphJob job, List<TrialRow> own) {
        if (isSeen(job)) {
            return true;
        }
        tries++;
        // where it stays unknown it is tried more and more seldom
        if (tries > MOST_TRIES && Integer.bitCount(tries) != 1) {
            return false;
        }
        if (!isProven(job, own)) {
            return false;
        }
        proven.add(job.kind());
        isBelieved = proven.size() >= MOST_KINDS;
        tries = 0;
        return true;
    }

    /**
     * Whether it was seen already that rows of such requests may share a run.
     *
     * @throws LoadException if it was seen that they may not
     */
    boolean isSeen(GraphJob job) {
        refuse();
        return isBelieved || proven.contains(job.kind()) || (job.items() == 1 && mostRows(job) == 1);
    }

    /** Of a run. */
    private int mostRows(GraphJob job) {
        return limits.batch(job.demand());
    }

    /** Fewer where they take long, or much memory: their outputs are compared as they came and as doubles. */
    private int triedRows(GraphJob job, boolean isLong) {
        long fitting = MOST_BYTES / Math.max(1, job.demand().bytes());
        return (int) Math.min(Math.max(2, Math.min(mostRows(job), isLong ? FEW_ROWS : MOST_ROWS)), fitting);
    }

    private void refuse() {
        var found = refusal;
        if (found != null) {
            throw new LoadException(found);
        }
    }

    private boolean isProven(GraphJob job, List<TrialRow> own) {
        if (triedRows(job, true) < 2) {
            return false;
        }
        long start = System.nanoTime();
        List<List<double[]>> one;
        try {
            one = run(job, own.subList(0, 1));
        } catch (RunException e) {
            Log.LOG.debug("{}: a row could not be tried", file, e);
            return false;
        }
        boolean isLong = System.nanoTime() - start > LONG_NANOS;
        requireSame(one, run(job, own.subList(0, 1)));
        int count = triedRows(job, isLong);
        var given = own.subList(0, Math.min(own.size(), count));
        var rows = new ArrayList<>(given);
        var random = new SplittableRandom(SEED);
        for (int i = 0; rows.size() < count && i < 2 * MOST_ROWS; i++) {
            var made = own.get(i % own.size()).varied(random);
            if (!rows.contains(made)) {
                rows.add(made);
            }
        }
        try {
            return areIndependent(job, rows);
        } catch (RunException e) {
            // what was made may be none that the graph takes
            Log.LOG.debug("{}: rows made of others could not be tried", file, e);
            return areIndependent(job, given);
        }
    }

    private boolean areIndependent(GraphJob job, List<TrialRow> rows) {
        if (rows.size() < 2) {
            return false;
        }
        var together = run(job, rows);
        var alone = new ArrayList<List<double[]>>();
        for (var row : rows) {
            alone.add(run(job, List.of(row)).get(0));
        }
        compare("alone", alone, together);
        var turned = new ArrayList<>(rows);
        Collections.reverse(turned);
        int cut = Math.max(1, rows.size() / 3);
        var parts = new ArrayList<>(run(job, turned.subList(0, cut)));
        parts.addAll(run(job, turned.subList(cut, turned.size())));
        Collections.reverse(parts);
        compare("beside others", parts, together);
        return areTold(together);
    }

    /**
     * Whether the outputs tell rows from one another. One that does not is believed beside others that do, and by itself
     * once it was the same in all tries.
     */
    private boolean areTold(List<List<double[]>> rows) {
        for (int output = 0; output < signature.outputs().size(); output++) {
            var closeness = closeness(output, rows);
            for (int row = 1; row < rows.size(); row++) {
                if (closeness.differences(rows.get(row).get(output), rows.get(0).get(output)) > 0) {
                    return true;
                }
            }
        }
        return tries >= MOST_TRIES;
    }

    private void compare(String how, List<List<double[]>> rows, List<List<double[]>> together) {
        for (int output = 0; output < signature.outputs().size(); output++) {
            var closeness = closeness(output, together);
            var spec = signature.outputs().get(output);
            int wrong = 0;
            int all = 0;
            var example = "";
            for (int row = 0; row < rows.size(); row++) {
                var found = rows.get(row).get(output);
                var wanted = together.get(row).get(output);
                int different = closeness.differences(found, wanted);
                all += wanted.length;
                if (different > 0 && wrong == 0) {
                    int at = closeness.firstDifference(found, wanted);
                    example = found[at] + " " + how + ", " + wanted[at] + " in a batch of " + rows.size();
                }
                wrong += different;
            }
            if (wrong > (isFloat(spec.type()) ? 0 : (isCoarse ? COARSE_TIES : TIES) * all)) {
                refusal = file + ": output " + spec.name() + " of a row follows from the rows beside it too (" + example
                        + "), so requests cannot share runs; open it with Requests.ALONE";
                refuse();
            }
        }
    }

    private void requireSame(List<List<double[]>> one, List<List<double[]>> again) {
        for (int output = 0; output < signature.outputs().size(); output++) {
            var first = one.get(0).get(output);
            if (closeness(output, one).differences(first, again.get(0).get(output)) > COARSE_TIES * first.length) {
                refusal = file + ": output " + signature.outputs().get(output).name()
                        + " is another each time for the same row, so that it cannot be seen whether rows are"
                        + " independent; open it with Requests.ALONE";
                refuse();
            }
        }
    }

    private OutputCloseness closeness(int output, List<List<double[]>> rows) {
        var spec = signature.outputs().get(output);
        if (!isFloat(spec.type())) {
            return OutputCloseness.ofWholes(
                    spec.type() == ElementType.UINT8 || spec.type() == ElementType.INT8 ? 1 : 0);
        }
        boolean isShort = spec.type() == ElementType.FLOAT16 || spec.type() == ElementType.BFLOAT16;
        var own = rows.stream().map(row -> row.get(output)).toList();
        // fewer bits are scaled over all of a tensor
        return isShort || isCoarse
                ? OutputCloseness.ofFloats(own, COARSE_TOLERANCE, 1)
                : OutputCloseness.ofFloats(own, TOLERANCE, width(spec));
    }

    /** Of the last axis, where that is another than the rows'. */
    private static int width(TensorSpec output) {
        int last = output.shape().size() - 1;
        return last > 0 && output.shape().get(last).isFixed()
                ? Math.toIntExact(Math.max(1, output.shape().get(last).factor()))
                : 1;
    }

    private static boolean isFloat(ElementType type) {
        return switch (type) {
            case FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> true;
            default -> false;
        };
    }

    /** @return by row, then by output */
    private List<List<double[]>> run(GraphJob like, List<TrialRow> rows) {
        var inputs = new ArrayList<HostTensor>();
        for (int place = 0; place < like.inputs().size(); place++) {
            var input = like.inputs().get(place);
            var into = ByteBuffer.allocateDirect(Math.multiplyExact(rows.size(), input.bytesOfRow()));
            for (var row : rows) {
                into.put(row.parts().get(place).data());
            }
            inputs.add(input.withRows(rows.size(), into.flip()));
        }
        var job = GraphJob.of(signature, inputs);
        once.accept(job);
        var found = new ArrayList<List<double[]>>();
        for (int row = 0; row < rows.size(); row++) {
            var ofRow = new ArrayList<double[]>();
            for (var output : job.outputs()) {
                ofRow.add(TrialRow.numbers(output.rows(row, 1)));
            }
            found.add(ofRow);
        }
        return found;
    }
}
