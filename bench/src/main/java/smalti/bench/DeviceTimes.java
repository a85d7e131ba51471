package smalti.bench;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import smalti.runtime.Device;
import smalti.runtime.Pixels;
import smalti.runtime.RuntimeOptions;
import smalti.runtime.SmaltiModel;
import smalti.spec.SpecException;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;

/**
 * What one caller waits for pictures on a device, by the number of them in a request, and how far they are from the
 * processor's in FP32. A row of tabs each: what ran, device, numbers, network, batch, median and 99th percentile in
 * microseconds, runs, pictures a second, greatest and mean difference in levels of 255.
 */
public final class DeviceTimes {
    /** Powers of two, as the runtime fills batches up to them. */
    private static final List<Integer> BATCHES = List.of(1, 2, 4, 8, 16, 32, 64, 128, 256);

    /** Where a run is slow it gets up to four times the time for them. */
    private static final int LEAST_RUNS = 20;

    private static final double MOST_SHARE = 4;
    private static final int FEWEST_RUNS = 3;
    private static final double WARM_UP_SHARE = 0.3;
    private static final double NANOS = 1e9;
    private static final double MICROSECOND = 1000;

    private final SmaltiModel model;
    private final SmaltiModel processor;
    private final String label;
    private final double seconds;

    private DeviceTimes(SmaltiModel model, SmaltiModel processor, String label, double seconds) {
        this.model = model;
        this.processor = processor;
        this.label = label;
        this.seconds = seconds;
    }

    /**
     * @param args a bundle; cpu, cuda or tensorrt; fp32, tf32 or fp16; seconds for each batch; for tensorrt a folder for
     *     its engines
     */
    public static void main(String[] args) {
        if (args.length < 4 || args.length > 5) {
            throw new SpecException(
                    "usage: DeviceTimes BUNDLE cpu|cuda|tensorrt fp32|tf32|fp16 SECONDS [FOLDER FOR ENGINES]");
        }
        var bundle = Path.of(args[0]);
        var device = device(args[1], args[2], args.length == 5 ? Path.of(args[4]) : null);
        var most = BATCHES.get(BATCHES.size() - 1);
        var options = RuntimeOptions.defaults().withMaxBatch(most).withMaxPixels(Long.MAX_VALUE);
        var precision = args[2].equals("fp16") ? Precision.FP16 : Precision.FP32;
        try (var model = SmaltiModel.open(bundle, options.withDevice(device).withPrecision(precision));
                var processor = SmaltiModel.open(bundle, options)) {
            long begun = System.nanoTime();
            model.warm();
            var role = model.hasCodec() ? Role.DETOKENIZE : Role.GENERATOR;
            var label = String.join(
                    "\t", "smalti", model.device(role).name(), args[2], bundle.getFileName() + "/" + role.fileStem());
            System.err.printf(Locale.ROOT, "%s: warm after %.1f s%n", label, (System.nanoTime() - begun) / NANOS);
            new DeviceTimes(model, processor, label, Double.parseDouble(args[3])).all();
        }
    }

    private static Device device(String name, String numbers, @Nullable Path engines) {
        return switch (name) {
            case "cpu" -> Device.cpu();
            case "cuda" -> Device.cuda(0).withTf32(!numbers.equals("fp32"));
            case "tensorrt" -> {
                var tensorrt = Device.tensorrt(0)
                        .withFp16(numbers.equals("fp16"))
                        .withCuda(Device.cuda(0).withTf32(!numbers.equals("fp32")));
                yield engines == null ? tensorrt : tensorrt.withCache(engines);
            }
            default -> throw new SpecException("device must be cpu, cuda or tensorrt, got \"" + name + "\"");
        };
    }

    private void all() {
        for (int batch : BATCHES) {
            var request = request(model, batch);
            var distance =
                    Distance.of(request.pictures(), request(processor, batch).pictures());
            var nanos = times(request);
            System.out.printf(
                    Locale.ROOT,
                    "%s\t%d\t%.1f\t%.1f\t%d\t%.0f\t%d\t%.4f%n",
                    label,
                    batch,
                    quantile(nanos, 0.5) / MICROSECOND,
                    quantile(nanos, 0.99) / MICROSECOND,
                    nanos.length,
                    batch * nanos.length * NANOS / Arrays.stream(nanos).sum(),
                    distance.most,
                    distance.mean);
        }
    }

    private interface Request {
        Pixels pictures();
    }

    /** The same pictures of every model of the bundle. */
    private static Request request(SmaltiModel model, int batch) {
        if (model.hasCodec()) {
            var codec = model.codec();
            var shape = model.manifest().pixels();
            var codebook = model.manifest().contracts().get(Contract.Codebook.class);
            var codes = Timing.codes(model, shape.height() / codebook.factor(), batch);
            var into = ByteBuffer.allocateDirect(batch * shape.height() * shape.width() * shape.channels());
            return () -> codec.decode(codes, into);
        }
        var generator = model.generator();
        int length = generator.noiseLength();
        var noise = new float[batch * length];
        for (int i = 0; i < batch; i++) {
            System.arraycopy(generator.noise(1, i), 0, noise, i * length, length);
        }
        return () -> generator.generate(noise);
    }

    /** Nanoseconds of each call, once the first of them are over. */
    private long[] times(Request request) {
        long warm = System.nanoTime() + (long) (WARM_UP_SHARE * seconds * NANOS);
        while (System.nanoTime() < warm) {
            request.pictures();
        }
        var times = new ArrayList<Long>();
        long begun = System.nanoTime();
        long start = begun;
        while (isWanted(times.size(), (start - begun) / NANOS / seconds)) {
            request.pictures();
            long end = System.nanoTime();
            times.add(end - start);
            start = end;
        }
        return times.stream().mapToLong(Long::longValue).toArray();
    }

    /** @param share of the time that a batch has */
    private static boolean isWanted(int runs, double share) {
        return share < 1 || (runs < LEAST_RUNS && share < MOST_SHARE) || runs < FEWEST_RUNS;
    }

    /** The least time that so large a share of all are not above. */
    static double quantile(long[] times, double share) {
        var sorted = times.clone();
        Arrays.sort(sorted);
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }

    /** Of samples, in levels of 255. */
    record Distance(int most, double mean) {
        static Distance of(Pixels pixels, Pixels expected) {
            var data = pixels.data();
            var other = expected.data();
            if (data.remaining() != other.remaining()) {
                throw new IllegalStateException(data.remaining() + " samples, expected " + other.remaining());
            }
            int count = data.remaining();
            int most = 0;
            long sum = 0;
            while (data.hasRemaining()) {
                int difference = Math.abs((data.get() & 0xFF) - (other.get() & 0xFF));
                most = Math.max(most, difference);
                sum += difference;
            }
            return new Distance(most, (double) sum / count);
        }
    }
}
