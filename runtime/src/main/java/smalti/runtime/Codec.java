package smalti.runtime;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import smalti.spec.BundleManifest;
import smalti.spec.Check;
import smalti.spec.SpecException;

/**
 * Pictures to codes and back. Any number of threads may use one at once; requests larger than
 * {@link RuntimeOptions#maxBatch} are cut, and a picture has the same codes whatever it came with.
 *
 * <p>Sizes: where the bundle's signature leaves height and width free (a convolutional model does), every multiple of
 * the codebook's factor is taken.
 *
 * <p>Every method throws {@link IllegalStateException} once the model is closed.
 */
public final class Codec {
    private static final int MOST_REPORTED = 10;

    private final OpenGate gate;
    private final ChunkedRuns runs;
    private final BundleManifest.Codebook codebook;
    private final int channels;
    private final GraphSession tokenize;
    private final GraphSession detokenize;

    Codec(
            OpenGate gate,
            ChunkedRuns runs,
            BundleManifest.Codebook codebook,
            int channels,
            GraphSession tokenize,
            GraphSession detokenize) {
        this.gate = gate;
        this.runs = runs;
        this.codebook = codebook;
        this.channels = channels;
        this.tokenize = tokenize;
        this.detokenize = detokenize;
    }

    /**
     * @param pixels [N,H,W,C]; read in place if its buffer is direct
     * @return codes [N,h,w], each in [0, K)
     * @throws SpecException if the signature does not take the size or the channels
     */
    public Codes encode(Pixels pixels) {
        return gate.during(() -> {
            var input = new HostTensor(tokenize.input(0), pixels.shape(), pixels.data());
            var shape = ShapeBinding.of(List.of(input)).shapeOf(tokenize.output(0));
            var output = HostTensor.onHeap(tokenize.output(0), shape);
            runs.run(tokenize, List.of(input), List.of(output));
            return Codes.of(output, codebook.fingerprint());
        });
    }

    /** The codes of one picture; colour and alpha as {@link Pixels#of(List, int)} has them. */
    public Codes encode(BufferedImage image) {
        return encode(List.of(image));
    }

    /** The codes of pictures of one size; colour and alpha as {@link Pixels#of(List, int)} has them. */
    public Codes encode(List<BufferedImage> images) {
        return encode(Pixels.of(images, channels));
    }

    /**
     * @param codes [N,h,w] of this bundle's codebook
     * @return pixels [N,H,W,C], on the heap
     * @throws SpecException if a code is not in [0, K), the codes are of another codebook, or the signature does not
     *     take their size
     */
    public Pixels decode(Codes codes) {
        return gate.during(() -> {
            var input = checked(codes);
            return decode(input, HostTensor.onHeap(detokenize.output(0), decodedShape(input)));
        });
    }

    /**
     * As {@link #decode(Codes)}, into the caller's memory.
     *
     * @param into filled from position to limit, which must be just the pixels' bytes; written in place if direct
     * @return the pixels, over {@code into}
     */
    public Pixels decode(Codes codes, ByteBuffer into) {
        Check.that(!into.isReadOnly(), "into must be writable, got a read-only buffer")
                .done();
        return gate.during(() -> {
            var input = checked(codes);
            return decode(input, new HostTensor(detokenize.output(0), decodedShape(input), into));
        });
    }

    /** What the codes keep of the pictures. */
    public Pixels reconstruct(Pixels pixels) {
        return gate.during(() -> decode(encode(pixels)));
    }

    /** What the codes keep of one picture. */
    public BufferedImage reconstruct(BufferedImage image) {
        return reconstruct(List.of(image)).get(0);
    }

    /** What the codes keep of pictures of one size. */
    public List<BufferedImage> reconstruct(List<BufferedImage> images) {
        return reconstruct(Pixels.of(images, channels)).images();
    }

    private Pixels decode(HostTensor codes, HostTensor output) {
        runs.run(detokenize, List.of(codes), List.of(output));
        var shape = output.shape();
        return new Pixels((int) shape[0], (int) shape[1], (int) shape[2], (int) shape[3], output.data());
    }

    private long[] decodedShape(HostTensor codes) {
        return ShapeBinding.of(List.of(codes)).shapeOf(detokenize.output(0));
    }

    /** ONNX's Gather takes −1 for the last code without a word. */
    private HostTensor checked(Codes codes) {
        if (!codes.fingerprint().equals(codebook.fingerprint())) {
            // what another codebook's codes may be says nothing
            throw new SpecException("codes must be of this bundle's codebook (fingerprint " + codebook.fingerprint()
                    + "), got those of " + codes.fingerprint());
        }
        var problems = new ArrayList<String>();
        var values = codes.values();
        int wrong = 0;
        for (int i = 0; i < values.length; i++) {
            if (values[i] < 0 || values[i] >= codebook.codes()) {
                wrong++;
                if (wrong <= MOST_REPORTED) {
                    int column = i % codes.width();
                    int row = i / codes.width() % codes.height();
                    int picture = i / codes.width() / codes.height();
                    problems.add("codes[" + picture + "][" + row + "][" + column + "] must be in [0, "
                            + codebook.codes() + "), got " + values[i]);
                }
            }
        }
        if (wrong > MOST_REPORTED) {
            problems.add("and " + (wrong - MOST_REPORTED) + " codes more");
        }
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        return new HostTensor(detokenize.input(0), codes.shape(), codes.data());
    }
}
