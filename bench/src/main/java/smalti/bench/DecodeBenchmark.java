package smalti.bench;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import smalti.runtime.Codec;
import smalti.runtime.Codes;
import smalti.runtime.Device;
import smalti.runtime.Pixels;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;
import smalti.spec.file.AtomicFiles;

/**
 * Codes to pixels: the runtime beside ONNX Runtime alone. What the checks, the copies and the gate of the runtime cost
 * is {@code decode / onnxRuntime} of one batch size.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 8, time = 2)
@Fork(1)
public class DecodeBenchmark {
    private static final long SEED = 1;

    /** Pictures a call. */
    @Param({"1", "16"})
    int batch;

    /** Codes on each side of a picture; 0: as many as those have that the model was trained on. */
    @Param("0")
    int side;

    /** Path of a folder that is a bundle with a codec; empty: an {@link UntrainedBundle}. */
    @Param("")
    String bundle = "";

    private Path temporary;
    private SmaltiModel model;
    private Codec codec;
    private Codes codes;
    private ByteBuffer into;
    private PlainDecoder plain;

    /** Opens the bundle twice over and sees to it that both decode to the same bytes. */
    @Setup
    public void open() throws IOException, OrtException {
        temporary = Files.createTempDirectory("smalti-bench");
        var path = bundle.isEmpty() ? UntrainedBundle.write(temporary) : Path.of(bundle);
        var options = RuntimeOptions.defaults().withMaxBatch(batch).withMaxPixels(Long.MAX_VALUE);
        model = SmaltiModel.open(path, options);
        if (!model.hasCodec()) {
            throw new SpecException("-p bundle=" + bundle + " must be a bundle with a codec, and is not");
        }
        codec = model.codec();
        codes = randomCodes(model, batch, side);
        var detokenize = Objects.requireNonNull(model.manifest().graphs().get(Role.DETOKENIZE.fileStem()));
        var pixels = codec.decode(codes);
        into = ByteBuffer.allocateDirect(pixels.data().remaining());
        plain = new PlainDecoder(
                path.resolve(detokenize.file()),
                detokenize.signature(),
                codes,
                pixels,
                Device.cpu().threads());
        if (!plain.decode().equals(pixels.data())) {
            throw new IllegalStateException("ONNX Runtime alone must decode to the runtime's pixels, and does not");
        }
    }

    @TearDown
    public void close() throws IOException, OrtException {
        plain.close();
        model.close();
        AtomicFiles.deleteRecursively(temporary);
    }

    /** As a service calls it. */
    @Benchmark
    public Pixels decode() {
        return codec.decode(codes);
    }

    /** Into direct memory of the caller's. */
    @Benchmark
    public Pixels decodeInto() {
        return codec.decode(codes, into);
    }

    /** The least that a Java program can do: tensors made once, written in place. */
    @Benchmark
    public ByteBuffer onnxRuntime() throws OrtException {
        return plain.decode();
    }

    private static Codes randomCodes(SmaltiModel model, int batch, int side) {
        var manifest = model.manifest();
        var codebook = manifest.contracts().get(Contract.Codebook.class);
        int height = side > 0 ? side : manifest.pixels().height() / codebook.factor();
        int width = side > 0 ? side : manifest.pixels().width() / codebook.factor();
        var random = new CounterRandom(SEED, 0);
        var values = new long[batch * height * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (long) (random.uniform(0, i) * codebook.codes());
        }
        return new Codes(batch, height, width, values, codebook.exportedFingerprint());
    }
}
