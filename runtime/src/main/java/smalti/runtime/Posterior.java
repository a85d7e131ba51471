package smalti.runtime;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.CounterRandom;

/**
 * Pictures to normal distributions of latents and back, as a VAE has them. A conditional model is asked by
 * {@link #ofClass} or {@link #ofClasses}.
 *
 * <pre>{@code
 * Posterior posterior = model.posterior();
 * Distributions distributions = posterior.encode(pixels);
 * Pixels others = posterior.decode(posterior.sample(distributions, 7));
 * }</pre>
 *
 * <p>Latents are rows of {@link #dim} numbers, one after the other; the model's {@link Generator} takes them as noise.
 *
 * <p>Any number of threads may use one at once, and a picture has the same distribution whatever it came with. The graphs
 * are loaded, requests cut, and methods fail, as {@link Codec} says.
 */
public final class Posterior {
    private final LazyGraph posterior;
    private final Generator generator;
    private final int channels;
    private final int @Nullable [] classes;
    private final RequestOptions options;

    /** @param generator of the same options */
    Posterior(
            LazyGraph posterior, Generator generator, int channels, int @Nullable [] classes, RequestOptions options) {
        this.posterior = posterior;
        this.generator = generator;
        this.channels = channels;
        this.classes = classes;
        this.options = options;
    }

    /** The same, whose requests are treated as these options say. */
    public Posterior with(RequestOptions options) {
        Objects.requireNonNull(options, "options");
        return new Posterior(posterior, generator.with(options), channels, classes, options);
    }

    /** The same, all of whose pictures are of one class. */
    public Posterior ofClass(int classIndex) {
        return ofClasses(classIndex);
    }

    /** @param classIndices one for each picture of a request, or one for all */
    public Posterior ofClasses(int... classIndices) {
        Objects.requireNonNull(classIndices, "classIndices");
        return new Posterior(posterior, generator, channels, classIndices.clone(), options);
    }

    /** How many latent numbers a picture has. */
    public int dim() {
        return generator.noiseLength();
    }

    /** Names of the classes 0, 1, …; empty where the model is not conditional. */
    public List<String> classes() {
        return generator.classes();
    }

    /**
     * @param pixels [N,H,W,C]; read in place if its buffer is direct
     * @throws InputException if the signature does not take the size or the channels, or the classes do not fit
     */
    public Distributions encode(Pixels pixels) {
        return encode(encoding(pixels));
    }

    /** As {@link #encode(Pixels)}; colour and alpha as {@link Pixels#of(List, int)} has them. */
    public Distributions encode(List<BufferedImage> images) {
        return encode(encoding(images));
    }

    /** As {@link #encode(Pixels)}, without waiting; the pixels must stay as they are until the future is done. */
    public CompletableFuture<Distributions> encodeAsync(Pixels pixels) {
        return encodeAsync(encoding(pixels));
    }

    private Distributions encode(GraphJob job) {
        posterior.run(job, options);
        return encoded(job);
    }

    private CompletableFuture<Distributions> encodeAsync(GraphJob job) {
        return posterior.submit(job, options, () -> encoded(job));
    }

    /**
     * Latents drawn of distributions: mean + exp(logVariance/2)·ε, in double and rounded at the end. ε of picture i is a
     * function of (seed, i): {@link CounterRandom#normals} with stream {@link CounterRandom#POSTERIOR}.
     *
     * @return [N,D], row by row
     */
    public float[] sample(Distributions distributions, long seed) {
        Objects.requireNonNull(distributions, "distributions");
        int dim = distributions.dim();
        checkDim("distributions", dim);
        var random = new CounterRandom(seed, CounterRandom.POSTERIOR);
        var latents = random.normals(0, distributions.count(), dim);
        for (int i = 0; i < latents.length; i++) {
            double deviation = StrictMath.exp(distributions.logVariances()[i] / 2.0);
            latents[i] = (float) (distributions.means()[i] + deviation * latents[i]);
        }
        return latents;
    }

    private void checkDim(String what, int received) {
        Check.that(received == dim(), "%s must have %s numbers for each picture, got %s", what, dim(), received)
                .done(InputException::new);
    }

    /**
     * @param latents [N,D], row by row
     * @return pixels [N,H,W,C], on the heap
     * @throws InputException if there are not D finite numbers for each picture, or the classes do not fit
     */
    public Pixels decode(float[] latents) {
        var given = classesOf(checked("latents", latents));
        return given == null ? generator.generate(latents) : generator.generate(latents, given);
    }

    /** As {@link #decode}, without waiting. */
    public CompletableFuture<Pixels> decodeAsync(float[] latents) {
        var given = classesOf(checked("latents", latents));
        return given == null ? generator.generateAsync(latents) : generator.generateAsync(latents, given);
    }

    /** What the means of the latents keep of pictures. */
    public Pixels reconstruct(Pixels pixels) {
        return reconstructed(encoding(pixels));
    }

    /** What the means of the latents keep of pictures of one size. */
    public List<BufferedImage> reconstruct(List<BufferedImage> images) {
        return reconstructed(encoding(images)).images();
    }

    /** As {@link #reconstruct(Pixels)}, without waiting. */
    public CompletableFuture<Pixels> reconstructAsync(Pixels pixels) {
        // before any graph is loaded for it
        var job = encoding(pixels);
        long start = System.nanoTime();
        return posterior.calls().withinAsync(() -> {
            var within = withinCall();
            return RequestChain.of(
                    within.encodeAsync(job),
                    within.generator
                            .service()
                            .observed((Distributions distributions) ->
                                    within.with(options.since(start)).decodeAsync(distributions.means())));
        });
    }

    private Pixels reconstructed(GraphJob job) {
        long start = System.nanoTime();
        return posterior.calls().within(() -> {
            var within = withinCall();
            var distributions = within.encode(job);
            return within.with(options.since(start)).decode(distributions.means());
        });
    }

    /** For the steps of a call that has begun. */
    private Posterior withinCall() {
        return new Posterior(posterior.ofStep(), generator.ofStep(), channels, classes, options);
    }

    /**
     * Pictures on the straight line from one picture's latents to another's, both included.
     *
     * @param from D numbers
     * @param to D numbers
     * @param steps how many pictures, at least 2
     */
    public Pixels interpolate(float[] from, float[] to, int steps) {
        return decode(between(from, to, steps));
    }

    /** As {@link #interpolate}, without waiting. */
    public CompletableFuture<Pixels> interpolateAsync(float[] from, float[] to, int steps) {
        return decodeAsync(between(from, to, steps));
    }

    private float[] between(float[] from, float[] to, int steps) {
        Objects.requireNonNull(from, "from");
        Objects.requireNonNull(to, "to");
        var first = checked("from", from);
        var last = checked("to", to);
        checkDim("from", first.length);
        checkDim("to", last.length);
        long most = Integer.MAX_VALUE / dim();
        Check.that(steps >= 2 && steps <= most, "steps must be from 2 to %s, got %s", most, steps)
                .done(InputException::new);
        var latents = new float[steps * dim()];
        for (int step = 0; step < steps; step++) {
            double share = step / (steps - 1.0);
            for (int d = 0; d < dim(); d++) {
                latents[step * dim() + d] = (float) ((1 - share) * first[d] + share * last[d]);
            }
        }
        return latents;
    }

    private float[] checked(String what, float[] latents) {
        Objects.requireNonNull(latents, what);
        if (latents.length == 0 || latents.length % dim() != 0) {
            throw new InputException(what + " must have " + dim() + " numbers for each picture, got " + latents.length);
        }
        for (int i = 0; i < latents.length; i++) {
            if (!Float.isFinite(latents[i])) {
                throw new InputException(what + "[" + i + "] must be finite, got " + latents[i]);
            }
        }
        return latents;
    }

    private int @Nullable [] classesOf(float[] latents) {
        return classesOf(latents.length / dim());
    }

    /** One for each picture; null where none were given. */
    private int @Nullable [] classesOf(int count) {
        var given = classes;
        if (given == null || given.length != 1) {
            return given;
        }
        var all = new int[count];
        Arrays.fill(all, given[0]);
        return all;
    }

    private GraphJob encoding(Pixels pixels) {
        Objects.requireNonNull(pixels, "pixels");
        var input = posterior.signature().inputs().get(0);
        return job(new HostTensor(input, pixels.shape(), pixels.data()));
    }

    private GraphJob encoding(List<BufferedImage> images) {
        var pictures = new ImageRows(images, channels);
        return job(HostTensor.made(posterior.signature().inputs().get(0), pictures.shape(), pictures));
    }

    private GraphJob job(HostTensor pixels) {
        var given = classesOf(pixels.rows());
        generator.checkClasses(given, pixels.rows());
        var inputs = new ArrayList<HostTensor>(List.of(pixels));
        if (given != null) {
            inputs.add(HostTensor.made(
                    posterior.signature().inputs().get(1), new long[] {pixels.rows()}, (first, count, into) -> {
                        for (int i = first; i < first + count; i++) {
                            into.putLong(given[i]);
                        }
                    }));
        }
        return GraphJob.of(posterior.signature(), inputs);
    }

    private Distributions encoded(GraphJob job) {
        return new Distributions(
                dim(), floats(job.outputs().get(0)), floats(job.outputs().get(1)));
    }

    private static float[] floats(HostTensor tensor) {
        var numbers = new float[tensor.bytes() / Float.BYTES];
        tensor.data().asFloatBuffer().get(numbers);
        return numbers;
    }
}
