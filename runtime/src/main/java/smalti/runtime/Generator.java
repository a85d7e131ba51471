package smalti.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.bundle.Contract;

/**
 * Pictures out of noise. Picture i of a seed is the same alone and in a batch of any size, and on any machine up to
 * the rounding of its arithmetic: its noise is a function of (seed, i), {@link Contract.Noise#PHILOX}.
 *
 * <p>Any number of threads may use one at once. Besides what each says, methods throw {@link ModelClosedException} once
 * the model is closed, {@link RunException} where a run fails, {@link QueueFullException} where too much waits, {@link DeadlineException} where the request's
 * timeout passes, and {@link java.util.concurrent.CancellationException} where the waiting thread is interrupted. The
 * asynchronous ones throw where the arguments are wrong; with all else their futures fail. Cancelling a future, or
 * completing it from outside as {@code orTimeout} does, gives its request up.
 */
public final class Generator {
    /** Most pictures at a time of a stream. */
    private static final int STEP = 16;

    /** Of wrong classes. */
    private static final int MOST_SHOWN = 10;

    private final int noiseLength;
    private final List<String> classes;
    private final LazyGraph generator;
    private final RequestOptions options;

    Generator(int noiseLength, List<String> classes, LazyGraph generator, RequestOptions options) {
        this.noiseLength = noiseLength;
        this.classes = List.copyOf(classes);
        this.generator = generator;
        this.options = options;
    }

    /** The same generator, whose requests are treated as these options say. */
    public Generator with(RequestOptions options) {
        Objects.requireNonNull(options, "options");
        return new Generator(noiseLength, classes, generator, options);
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
        Check.that(index >= 0, "index must be at least 0, got %s", index).done(InputException::new);
        return Generation.of(1, seed).noise(index, noiseLength);
    }

    /**
     * Pictures 0…count−1 of a seed.
     *
     * @return pixels [count,H,W,C], on the heap
     * @throws InputException if the model is conditional
     */
    public Pixels generate(int count, long seed) {
        return generate(Generation.of(count, seed));
    }

    /**
     * Pictures 0…count−1 of a seed, all of one class.
     *
     * @throws InputException if the model has no such class
     */
    public Pixels generate(int count, long seed, int classIndex) {
        return generate(Generation.of(count, seed).ofClass(classIndex));
    }

    /**
     * Pictures of a seed, each with its class.
     *
     * @param classIndices one for each picture
     */
    public Pixels generate(long seed, int[] classIndices) {
        Objects.requireNonNull(classIndices, "classIndices");
        return generate(Generation.of(classIndices.length, seed).ofClasses(classIndices));
    }

    /**
     * Pictures of the caller's noise, as for an interpolation.
     *
     * @param noise [N,Z], row by row
     */
    public Pixels generate(float[] noise) {
        Objects.requireNonNull(noise, "noise");
        return run(job(noise, null));
    }

    /**
     * Pictures of the caller's noise, each with its class.
     *
     * @param noise [N,Z], row by row
     * @param classIndices N of them
     */
    public Pixels generate(float[] noise, int[] classIndices) {
        Objects.requireNonNull(noise, "noise");
        Objects.requireNonNull(classIndices, "classIndices");
        return run(job(noise, classIndices));
    }

    /** As {@link #generate(float[])}, without waiting; the noise must stay as it is until the future is done. */
    public CompletableFuture<Pixels> generateAsync(float[] noise) {
        Objects.requireNonNull(noise, "noise");
        return submit(job(noise, null));
    }

    /** As {@link #generate(float[], int[])}, without waiting; both must stay as they are until the future is done. */
    public CompletableFuture<Pixels> generateAsync(float[] noise, int[] classIndices) {
        Objects.requireNonNull(noise, "noise");
        Objects.requireNonNull(classIndices, "classIndices");
        return submit(job(noise, classIndices));
    }

    /**
     * Pictures as a request says.
     *
     * @return pixels [count,H,W,C], on the heap
     * @throws InputException if the classes do not fit the model
     */
    public Pixels generate(Generation request) {
        Objects.requireNonNull(request, "request");
        checkCount(request.count());
        return run(job(request, 0, request.count()));
    }

    /** As {@link #generate(Generation)}, without waiting. */
    public CompletableFuture<Pixels> generateAsync(Generation request) {
        Objects.requireNonNull(request, "request");
        checkCount(request.count());
        return submit(job(request, 0, request.count()));
    }

    /**
     * The pictures of a request in their order, some at a time and a few ahead of whoever reads them: the memory is
     * bounded, however many there are. Where the queue is full it waits.
     */
    public Stream<Pixels> stream(Generation request) {
        Objects.requireNonNull(request, "request");
        var limits = generator.service().placement().settings().limits();
        int step = (int) Math.min(STEP, limits.request(job(request, 0, 1).demand()));
        int steps = Math.toIntExact((request.count() + step - 1L) / step);
        return AnswerStream.map(IntStream.range(0, steps).boxed(), at -> {
            int first = at * step;
            int count = Math.min(step, request.count() - first);
            return submit(job(request, first, count));
        });
    }

    private Pixels run(GraphJob job) {
        generator.run(job, options);
        return Pixels.of(job.outputs().get(0));
    }

    private CompletableFuture<Pixels> submit(GraphJob job) {
        return generator.submit(job, options, () -> Pixels.of(job.outputs().get(0)));
    }

    /** For the steps of a call that has begun. */
    Generator ofStep() {
        return new Generator(noiseLength, classes, generator.ofStep(), options);
    }

    GraphService<GraphJob> service() {
        return generator.service();
    }

    /** Some pictures of a request, the noise of which is drawn when they are run. */
    private GraphJob job(Generation request, int first, int count) {
        var problems = new ArrayList<String>();
        checkClasses(request.hasClasses(), request.classIndices(first, count), problems);
        if (!problems.isEmpty()) {
            throw new InputException(problems);
        }
        return job(
                count,
                (from, many, into) -> request.putNoise(first + from, many, noiseLength, into),
                (from, many, into) -> request.putClasses(first + from, many, into));
    }

    private GraphJob job(float[] noise, int @Nullable [] classIndices) {
        int count = noise.length / noiseLength;
        var problems = new ArrayList<String>();
        boolean isWhole = noise.length > 0 && noise.length % noiseLength == 0;
        if (!isWhole) {
            problems.add("noise must have " + noiseLength + " numbers for each picture, got " + noise.length);
        }
        for (int i = 0; i < noise.length; i++) {
            if (!Float.isFinite(noise[i])) {
                problems.add("noise[" + i + "] must be finite, got " + noise[i]);
                break;
            }
        }
        var given = classIndices == null ? new int[0] : classIndices;
        checkClasses(classIndices, isWhole ? count : given.length, problems);
        if (!problems.isEmpty()) {
            throw new InputException(problems);
        }
        return job(
                count,
                (from, many, into) -> {
                    for (int i = from * noiseLength; i < (from + many) * noiseLength; i++) {
                        into.putFloat(noise[i]);
                    }
                },
                (from, many, into) -> {
                    for (int i = from; i < from + many; i++) {
                        into.putLong(given[i]);
                    }
                });
    }

    private GraphJob job(int count, HostTensor.Rows noise, HostTensor.Rows classIndices) {
        var inputs = new ArrayList<HostTensor>();
        inputs.add(HostTensor.made(generator.signature().inputs().get(0), new long[] {count, noiseLength}, noise));
        if (!classes.isEmpty()) {
            inputs.add(HostTensor.made(generator.signature().inputs().get(1), new long[] {count}, classIndices));
        }
        return GraphJob.of(generator.signature(), inputs);
    }

    /** @throws InputException if they are not one for each of so many pictures, of a model that has them */
    void checkClasses(int @Nullable [] given, int count) {
        var problems = new ArrayList<String>();
        checkClasses(given, count, problems);
        if (!problems.isEmpty()) {
            throw new InputException(problems);
        }
    }

    private void checkClasses(int @Nullable [] given, int count, List<String> problems) {
        if (given != null && !classes.isEmpty() && given.length != count) {
            problems.add("classes must be one for each of " + count + " pictures, got " + given.length);
        }
        checkClasses(given != null, given == null ? IntStream.empty() : Arrays.stream(given), problems);
    }

    private void checkClasses(boolean given, IntStream indices, List<String> problems) {
        if (classes.isEmpty() && given) {
            problems.add("classes must not be given, the model has none; got "
                    + indices.limit(MOST_SHOWN).boxed().toList());
        } else if (!classes.isEmpty() && !given) {
            problems.add("classes must be given, the model is conditional; it has " + named());
        } else {
            indices.filter(index -> index < 0 || index >= classes.size())
                    .distinct()
                    .limit(MOST_SHOWN)
                    .forEach(index -> problems.add("a class must be one of " + named() + ", got " + index));
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
        long bytes = (long) Float.BYTES * noiseLength;
        long ofPicture = generator.signature().outputs().get(0).type().bytes();
        for (var dimension : generator.signature().outputs().get(0).shape()) {
            // a free one is the batch
            ofPicture *= dimension.isFixed() ? dimension.factor() : 1;
        }
        long most = Integer.MAX_VALUE / Math.max(bytes, ofPicture);
        Check.that(
                        count >= 1 && count <= most,
                        "count must be from 1 to %s, got %s; stream(...) takes more",
                        most,
                        count)
                .done(InputException::new);
    }
}
