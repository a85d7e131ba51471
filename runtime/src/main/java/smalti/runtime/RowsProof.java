package smalti.runtime;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import smalti.spec.ElementType;
import smalti.spec.Signature;

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

    /** Where a row takes longer, fewer are tried. */
    private static final long LONG_NANOS = 50_000_000;

    private static final int FEW_ROWS = 4;
    private static final long SEED = 20_240_607;

    /**
     * Of the largest output: kernels add in another order for other batches, which costs 1e-6 of it in a layer and
     * stays below this over hundreds.
     */
    private static final double TOLERANCE = 1e-4;

    /** Of graphs that round to 8 or 16 bits on the way, or run on a GPU with its shorter floats. */
    private static final double COARSE_TOLERANCE = 2e-2;

    /** Of whole numbers that may be another where two choices are as good. */
    private static final double TIES = 0.005;

    private final String file;
    private final Signature signature;
    private final int most;
    private final int mostWaiting;
    private final double tolerance;
    private final Consumer<GraphJob> once;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Object> proven = ConcurrentHashMap.newKeySet();
    private volatile boolean isBelieved;
    private volatile @Nullable String refusal;
    private int tries;
    private int waiting;
    private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

    /**
     * @param limits of batches, and of what waits
     * @param coarse whether the graph rounds to fewer than 32 bits on the way
     * @param once runs a request as one batch of its own
     */
    RowsProof(String file, Signature signature, Limits limits, boolean coarse, Consumer<GraphJob> once) {
        this.file = file;
        this.signature = signature;
        this.most = limits.maxBatch();
        this.mostWaiting = limits.maxWaiting();
        this.tolerance = coarse ? COARSE_TOLERANCE : TOLERANCE;
        this.once = once;
    }

    /**
     * Whether rows of such requests may share a run; the first ones are tried.
     *
     * @return false where it is not known
     * @throws LoadException if they may not, with the output
     * @throws DeadlineException if others were tried until it was too late
     * @throws CancellationException if the thread was interrupted meanwhile
     */
    boolean holds(GraphJob job, RequestOptions options) {
        if (isSeen(job)) {
            return true;
        }
        lock(options);
        try {
            refuse();
            var kind = job.kind();
            if (proven.contains(kind)) {
                return true;
            }
            tries++;
            // where it stays unknown it is tried more and more seldom
            if (tries > MOST_TRIES && Integer.bitCount(tries) != 1) {
                return false;
            }
            if (!isProven(job)) {
                return false;
            }
            proven.add(kind);
            isBelieved = proven.size() >= MOST_KINDS;
            tries = 0;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void lock(RequestOptions options) {
        try {
            var timeout = options.timeout().orElse(null);
            if (timeout == null) {
                lock.lockInterruptibly();
            } else if (!lock.tryLock(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS)) {
                throw new DeadlineException(file, timeout, timeout);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException(file + ": interrupted while the request waited");
        }
    }

    /**
     * Whether it was seen already that rows of such requests may share a run.
     *
     * @throws LoadException if it was seen that they may not
     */
    boolean isSeen(GraphJob job) {
        refuse();
        return isBelieved || (most == 1 && job.items() == 1) || proven.contains(job.kind());
    }

    /**
     * As {@link #holds}, without waiting; one request after the other, on one thread. What waits is bounded as what waits
     * for a run is, and expires as that does.
     *
     * @throws QueueFullException if too many rows wait for it
     */
    synchronized CompletableFuture<Boolean> later(GraphJob job, RequestOptions options) {
        int items = job.items();
        if (waiting > 0 && items > mostWaiting - waiting) {
            var full = items + " more cannot wait where " + waiting + " of at most " + mostWaiting + " wait already";
            throw QueueFullException.full(file, full, waiting, Duration.ZERO, Duration.ZERO);
        }
        waiting += items;
        var answer = new CompletableFuture<Boolean>();
        var scope = CallScope.current();
        // of what was given up nothing is tried
        var next = last.handleAsync((before, failure) -> !answer.isDone() && holds(job, RequestOptions.defaults()), Threads.SERVERS);
        last = next;
        var unusedNext =
                next.whenComplete((holds, failure) -> CallScope.run(scope, () -> settle(answer, holds, failure)));
        var expiry = options.timeout().map(timeout -> expiry(answer, timeout)).orElse(null);
        var unused = answer.whenComplete((holds, failure) -> {
            if (expiry != null) {
                expiry.cancel(false);
            }
            leave(items);
        });
        return answer;
    }

    private static void settle(CompletableFuture<Boolean> answer, Boolean holds, @Nullable Throwable failure) {
        if (failure == null) {
            answer.complete(holds);
        } else {
            answer.completeExceptionally(Failure.cause(failure));
        }
    }

    private Future<?> expiry(CompletableFuture<Boolean> answer, Duration timeout) {
        return Threads.CLOCK.schedule(
                () -> Threads.SERVERS.execute(
                        () -> answer.completeExceptionally(new DeadlineException(file, timeout, timeout))),
                Math.min(TimeUnit.MILLISECONDS.convert(timeout), TimeUnit.DAYS.toMillis(365)) + 1,
                TimeUnit.MILLISECONDS);
    }

    private synchronized void leave(int items) {
        waiting -= items;
    }

    private void refuse() {
        var found = refusal;
        if (found != null) {
            throw new LoadException(found);
        }
    }

    private boolean isProven(GraphJob job) {
        var own = TrialRow.of(job.inputs(), MOST_ROWS);
        try {
            long start = System.nanoTime();
            var one = run(job, own.subList(0, 1));
            boolean isLong = System.nanoTime() - start > LONG_NANOS;
            requireSame(one, run(job, own.subList(0, 1)));
            int count = Math.max(2, Math.min(most, isLong ? FEW_ROWS : MOST_ROWS));
            var rows = new ArrayList<>(own.subList(0, Math.min(own.size(), count)));
            var random = new SplittableRandom(SEED);
            for (int i = 0; rows.size() < count && i < 2 * MOST_ROWS; i++) {
                var made = own.get(i % own.size()).varied(random);
                if (!rows.contains(made)) {
                    rows.add(made);
                }
            }
            try {
                return isProven(job, rows);
            } catch (IllegalStateException e) {
                // what was made may be none that the graph takes
                return own.size() > 1 && isProven(job, own.subList(0, Math.min(own.size(), count)));
            }
        } catch (IllegalStateException e) {
            Log.LOG.debug("{}: rows could not be tried", file, e);
            return false;
        }
    }

    private boolean isProven(GraphJob job, List<TrialRow> rows) {
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

    /** Whether each output tells rows from one another. */
    private boolean areTold(List<List<double[]>> rows) {
        for (int output = 0; output < signature.outputs().size(); output++) {
            double allowed = allowed(output, rows);
            boolean told = false;
            for (int row = 1; row < rows.size() && !told; row++) {
                told = differences(rows.get(row).get(output), rows.get(0).get(output), allowed) > 0;
            }
            if (!told) {
                return false;
            }
        }
        return true;
    }

    private void compare(String how, List<List<double[]>> rows, List<List<double[]>> together) {
        for (int output = 0; output < signature.outputs().size(); output++) {
            double allowed = allowed(output, together);
            var spec = signature.outputs().get(output);
            int wrong = 0;
            int all = 0;
            var example = "";
            for (int row = 0; row < rows.size(); row++) {
                var found = rows.get(row).get(output);
                var wanted = together.get(row).get(output);
                int different = differences(found, wanted, allowed);
                all += wanted.length;
                if (different > 0 && wrong == 0) {
                    int at = firstDifference(found, wanted, allowed);
                    example = found[at] + " " + how + ", " + wanted[at] + " in a batch of " + rows.size();
                }
                wrong += different;
            }
            if (wrong > (isFloat(spec.type()) ? 0 : TIES * all)) {
                refusal = file + ": output " + spec.name() + " of a row follows from the rows beside it too (" + example
                        + "), so requests cannot share runs; open it with Requests.ALONE";
                refuse();
            }
        }
    }

    private void requireSame(List<List<double[]>> one, List<List<double[]>> again) {
        for (int output = 0; output < signature.outputs().size(); output++) {
            var first = one.get(0).get(output);
            if (differences(first, again.get(0).get(output), allowed(output, one)) > TIES * first.length) {
                refusal = file + ": output " + signature.outputs().get(output).name()
                        + " is another each time for the same row, so that it cannot be seen whether rows are"
                        + " independent; open it with Requests.ALONE";
                refuse();
            }
        }
    }

    private double allowed(int output, List<List<double[]>> rows) {
        var type = signature.outputs().get(output).type();
        if (!isFloat(type)) {
            return type == ElementType.UINT8 || type == ElementType.INT8 ? 1 : 0;
        }
        double largest = 0;
        for (var row : rows) {
            for (double value : row.get(output)) {
                largest = Double.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest;
            }
        }
        boolean isShort = type == ElementType.FLOAT16 || type == ElementType.BFLOAT16;
        return largest * (isShort ? COARSE_TOLERANCE : tolerance);
    }

    private static boolean isFloat(ElementType type) {
        return switch (type) {
            case FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> true;
            default -> false;
        };
    }

    private static int differences(double[] one, double[] other, double allowed) {
        int count = 0;
        for (int i = 0; i < one.length; i++) {
            count += isSame(one[i], other[i], allowed) ? 0 : 1;
        }
        return count;
    }

    private static int firstDifference(double[] one, double[] other, double allowed) {
        int at = 0;
        while (isSame(one[at], other[at], allowed)) {
            at++;
        }
        return at;
    }

    private static boolean isSame(double one, double other, double allowed) {
        return Double.compare(one, other) == 0 || Math.abs(one - other) <= allowed;
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
