package smalti.runtime;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import smalti.spec.Check;
import smalti.spec.bundle.Contract;

/**
 * Pictures to codes and back. Any number of threads may use one at once, and a picture has the same codes whatever it
 * came with. A request larger than {@link RuntimeOptions#maxBatch} is cut, and takes turns with others.
 *
 * <p>Sizes: where the bundle's signature leaves height and width free (a convolutional model does), every multiple of
 * the codebook's factor is taken.
 *
 * <p>Each of the two graphs is loaded by the first call that needs it, which throws {@link LoadException} where the file
 * is not the one that was exported; {@link SmaltiModel#warm} loads both.
 *
 * <p>Besides what each says, methods throw {@link ModelClosedException} once the model is closed, {@link RunException} where a run fails,
 * {@link QueueFullException} where too much waits, {@link DeadlineException} where the request's timeout passes, and
 * {@link java.util.concurrent.CancellationException} where the waiting thread is interrupted. The asynchronous ones throw
 * where the arguments are wrong or a graph cannot be loaded, and load it where they are the first; with all else their
 * futures fail. Cancelling a future, or completing it from outside as {@code orTimeout} does, gives its request up; a run
 * that is under way may read the request's direct memory for a moment longer, so leave that to the garbage collector.
 */
public final class Codec {
    private static final int MOST_REPORTED = 10;

    private final Contract.Codebook codebook;
    private final String fingerprint;
    private final int channels;
    private final LazyGraph tokenize;
    private final LazyGraph detokenize;
    private final RequestOptions options;

    Codec(Contract.Codebook codebook, int channels, LazyGraph tokenize, LazyGraph detokenize, RequestOptions options) {
        this.codebook = codebook;
        fingerprint = codebook.exportedFingerprint();
        this.channels = channels;
        this.tokenize = tokenize;
        this.detokenize = detokenize;
        this.options = options;
    }

    /** The same codec, whose requests are treated as these options say. */
    public Codec with(RequestOptions options) {
        Objects.requireNonNull(options, "options");
        return new Codec(codebook, channels, tokenize, detokenize, options);
    }

    /**
     * @param pixels [N,H,W,C]; read in place if its buffer is direct
     * @return codes [N,h,w], each in [0, K)
     * @throws InputException if the signature does not take the size or the channels
     */
    public Codes encode(Pixels pixels) {
        return encode(encoding(pixels));
    }

    /** As {@link #encode(Pixels)}, without waiting; the pixels must stay as they are until the future is done. */
    public CompletableFuture<Codes> encodeAsync(Pixels pixels) {
        return encodeAsync(encoding(pixels));
    }

    /**
     * The codes of many pictures, in their order, a few ahead of whoever reads them: the memory is bounded, however many
     * there are. Where the queue is full it waits.
     */
    public Stream<Codes> encode(Stream<Pixels> pixels) {
        Objects.requireNonNull(pixels, "pixels");
        return AnswerStream.map(pixels, this::encodeAsync);
    }

    /** The codes of one picture; colour and alpha as {@link Pixels#of(List, int)} has them. */
    public Codes encode(BufferedImage image) {
        Objects.requireNonNull(image, "image");
        return encode(List.of(image));
    }

    /** The codes of pictures of one size; colour and alpha as {@link Pixels#of(List, int)} has them. */
    public Codes encode(List<BufferedImage> images) {
        return encode(encoding(images));
    }

    private Codes encode(GraphJob job) {
        tokenize.run(job, options);
        return encoded(job);
    }

    private CompletableFuture<Codes> encodeAsync(GraphJob job) {
        return tokenize.submit(job, options, () -> encoded(job));
    }

    /**
     * @param codes [N,h,w] of this bundle's codebook
     * @return pixels [N,H,W,C], on the heap
     * @throws InputException if a code is not in [0, K), the codes are of another codebook, or the signature does not
     *     take their size
     */
    public Pixels decode(Codes codes) {
        var job = decoding(codes);
        detokenize.run(job, options);
        return decoded(job);
    }

    /** As {@link #decode(Codes)}, without waiting. */
    public CompletableFuture<Pixels> decodeAsync(Codes codes) {
        var job = decoding(codes);
        return detokenize.submit(job, options, () -> decoded(job));
    }

    /** The pixels of many codes; as {@link #encode(Stream)}. */
    public Stream<Pixels> decode(Stream<Codes> codes) {
        Objects.requireNonNull(codes, "codes");
        return AnswerStream.map(codes, this::decodeAsync);
    }

    /**
     * As {@link #decode(Codes)}, into the caller's memory.
     *
     * @param into filled from position to limit, which must be just the pixels' bytes; written in place if direct
     * @return the pixels, over {@code into}
     */
    public Pixels decode(Codes codes, ByteBuffer into) {
        Objects.requireNonNull(codes, "codes");
        Objects.requireNonNull(into, "into");
        Check.that(!into.isReadOnly(), "into must be writable, got a read-only buffer")
                .done(InputException::new);
        var input = checked(codes);
        var output = detokenize.signature().outputs().get(0);
        var shape = ShapeBinding.of(List.of(input)).shapeOf(output);
        var job = new GraphJob(List.of(input), List.of(new HostTensor(output, shape, into)));
        detokenize.run(job, options);
        return decoded(job);
    }

    /** What the codes keep of the pictures. */
    public Pixels reconstruct(Pixels pixels) {
        return reconstructed(encoding(pixels));
    }

    /** As {@link #reconstruct(Pixels)}, without waiting. */
    public CompletableFuture<Pixels> reconstructAsync(Pixels pixels) {
        // before any graph is loaded for it
        var job = encoding(pixels);
        long start = System.nanoTime();
        return tokenize.calls().withinAsync(() -> {
            var within = withinCall();
            Function<Codes, CompletableFuture<Pixels>> decode =
                    codes -> within.with(options.since(start)).decodeAsync(codes);
            return RequestChain.of(
                    within.encodeAsync(job), within.detokenize.service().observed(decode));
        });
    }

    /** What the codes keep of one picture. */
    public BufferedImage reconstruct(BufferedImage image) {
        Objects.requireNonNull(image, "image");
        return reconstruct(List.of(image)).get(0);
    }

    /** What the codes keep of pictures of one size. */
    public List<BufferedImage> reconstruct(List<BufferedImage> images) {
        return reconstructed(encoding(images)).images();
    }

    private Pixels reconstructed(GraphJob job) {
        long start = System.nanoTime();
        return tokenize.calls().within(() -> {
            var within = withinCall();
            var codes = within.encode(job);
            return within.with(options.since(start)).decode(codes);
        });
    }

    /** For the steps of a call that has begun. */
    private Codec withinCall() {
        return new Codec(codebook, channels, tokenize.ofStep(), detokenize.ofStep(), options);
    }

    private GraphJob encoding(Pixels pixels) {
        Objects.requireNonNull(pixels, "pixels");
        var signature = tokenize.signature();
        var input = signature.inputs().get(0);
        return GraphJob.of(signature, List.of(new HostTensor(input, pixels.shape(), pixels.data())));
    }

    private GraphJob encoding(List<BufferedImage> images) {
        var pictures = new ImageRows(images, channels);
        var signature = tokenize.signature();
        var input = HostTensor.made(signature.inputs().get(0), pictures.shape(), pictures);
        return GraphJob.of(signature, List.of(input));
    }

    private Codes encoded(GraphJob job) {
        return Codes.of(job.outputs().get(0), fingerprint);
    }

    private GraphJob decoding(Codes codes) {
        return GraphJob.of(detokenize.signature(), List.of(checked(codes)));
    }

    private static Pixels decoded(GraphJob job) {
        return Pixels.of(job.outputs().get(0));
    }

    /** ONNX's Gather takes −1 for the last code without a word. */
    private HostTensor checked(Codes codes) {
        Objects.requireNonNull(codes, "codes");
        if (!codes.fingerprint().equals(fingerprint)) {
            // what another codebook's codes may be says nothing
            throw new InputException("codes must be of this bundle's codebook (fingerprint " + fingerprint
                    + "), got those of " + codes.fingerprint());
        }
        var problems = new ArrayList<String>();
        int wrong = 0;
        for (int i = 0; i < codes.size(); i++) {
            long code = codes.at(i);
            if (code < 0 || code >= codebook.codes()) {
                wrong++;
                if (wrong <= MOST_REPORTED) {
                    int column = i % codes.width();
                    int row = i / codes.width() % codes.height();
                    int picture = i / codes.width() / codes.height();
                    problems.add("codes[" + picture + "][" + row + "][" + column + "] must be in [0, "
                            + codebook.codes() + "), got " + code);
                }
            }
        }
        if (wrong > MOST_REPORTED) {
            problems.add("and " + (wrong - MOST_REPORTED) + " codes more");
        }
        if (!problems.isEmpty()) {
            throw new InputException(problems);
        }
        return new HostTensor(detokenize.signature().inputs().get(0), codes.shape(), codes.data());
    }
}
