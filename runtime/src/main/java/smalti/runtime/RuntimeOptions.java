package smalti.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.bundle.Precision;

/**
 * How a model is run. None of these changes a result, but for the precision and the device. Immutable; what is not said
 * is as in {@link #defaults}.
 *
 * <pre>{@code
 * RuntimeOptions.defaults().withMaxBatch(8).withDrainTimeout(Duration.ofSeconds(10))
 * }</pre>
 *
 * <p>Each method throws {@link smalti.spec.SpecException} where its value is out of range.
 */
public final class RuntimeOptions {
    private final Device device;
    private final Precision precision;
    private final int maxBatch;
    private final int maxWaiting;
    private final long maxPixels;
    private final long maxRequestBytes;
    private final ThreadBudget budget;
    private final int maxFileBytes;
    private final Duration drainTimeout;
    private final boolean readyWhenWarm;
    private final @Nullable MeterRegistry meters;
    private final ObservationRegistry observations;

    private RuntimeOptions(Values values) {
        Check.that(
                        values.maxBatch >= 1 && values.maxBatch <= 4096,
                        "maxBatch must be from 1 to 4096, got %s",
                        values.maxBatch)
                .and(values.maxWaiting >= 1, "maxWaiting must be at least 1, got %s", values.maxWaiting)
                .and(values.maxPixels >= 1, "maxPixels must be at least 1, got %s", values.maxPixels)
                .and(values.maxRequestBytes >= 1, "maxRequestBytes must be at least 1, got %s", values.maxRequestBytes)
                .and(
                        values.maxFileBytes >= 1024 && values.maxFileBytes < Integer.MAX_VALUE - 8,
                        "maxFileBytes must be from 1024 to %s, got %s",
                        Integer.MAX_VALUE - 9,
                        values.maxFileBytes)
                .and(
                        !values.drainTimeout.isNegative() && values.drainTimeout.compareTo(Duration.ofDays(365)) <= 0,
                        "drainTimeout must be from 0 to 365 days, got %s",
                        values.drainTimeout)
                .done();
        this.device = values.device;
        this.precision = values.precision;
        this.maxBatch = values.maxBatch;
        this.maxWaiting = values.maxWaiting;
        this.maxPixels = values.maxPixels;
        this.maxRequestBytes = values.maxRequestBytes;
        this.budget = values.budget;
        this.maxFileBytes = values.maxFileBytes;
        this.drainTimeout = values.drainTimeout;
        this.readyWhenWarm = values.readyWhenWarm;
        this.meters = values.meters;
        this.observations = values.observations;
    }

    /**
     * The processor, FP32, batches of at most 16, 1,024 pictures waiting, 4,194,304 pixels and 256 MiB in a request, the threads of the process, files of at most
     * 1 GiB, 30 seconds to drain, nobody who watches.
     */
    public static RuntimeOptions defaults() {
        return new RuntimeOptions(new Values());
    }

    /** @param device that the graphs run on */
    public RuntimeOptions withDevice(Device device) {
        Objects.requireNonNull(device, "device");
        return with(values -> values.device = device);
    }

    /**
     * @param precision of the graphs, where the bundle holds them in it; others run in FP32, as
     *     {@link SmaltiModel#precision} tells
     */
    public RuntimeOptions withPrecision(Precision precision) {
        Objects.requireNonNull(precision, "precision");
        return with(values -> values.precision = precision);
    }

    /** @param maxBatch most pictures in one run, 1 to 4096; larger requests are cut. It bounds the memory of a run */
    public RuntimeOptions withMaxBatch(int maxBatch) {
        return with(values -> values.maxBatch = maxBatch);
    }

    /**
     * @param maxWaiting most pictures that wait for a graph; beyond it requests are refused with
     *     {@link QueueFullException}. A request of more is taken where nothing waits
     */
    public RuntimeOptions withMaxWaiting(int maxWaiting) {
        return with(values -> values.maxWaiting = maxWaiting);
    }

    /**
     * Bounds what a request of a bundle may ask for, and the memory of a run with it: a codec of the presets takes some
     * 200 bytes a pixel while it runs, so that one run of the default, 4,194,304, stays below 1 GB. That is a picture of
     * 2048×2048, 64 of 256×256, or 4,096 of 32×32.
     *
     * @param maxPixels most pixels of all pictures of a request, pictures × height × width; beyond it requests are
     *     refused with {@link InputException}, before anything of them is drawn or copied. Several pictures share a run
     *     up to as many, and 8 times as many may wait for a graph
     */
    public RuntimeOptions withMaxPixels(long maxPixels) {
        return with(values -> values.maxPixels = maxPixels);
    }

    /**
     * As {@link #withMaxPixels}, for tensors of all kinds.
     *
     * @param maxRequestBytes most bytes of a request's tensors, in and out as far as that is known before it is run; 8
     *     times as many may wait for a graph
     */
    public RuntimeOptions withMaxRequestBytes(long maxRequestBytes) {
        return with(values -> values.maxRequestBytes = maxRequestBytes);
    }

    /** @param budget the threads that this model shares with others; a GPU has a budget of its own */
    public RuntimeOptions withBudget(ThreadBudget budget) {
        Objects.requireNonNull(budget, "budget");
        return with(values -> values.budget = budget);
    }

    /** @param maxFileBytes most bytes in a file of the bundle, unpacked; guards against a zip bomb */
    public RuntimeOptions withMaxFileBytes(int maxFileBytes) {
        return with(values -> values.maxFileBytes = maxFileBytes);
    }

    /** @param drainTimeout how long closing waits for what runs and waits before it gives that up */
    public RuntimeOptions withDrainTimeout(Duration drainTimeout) {
        Objects.requireNonNull(drainTimeout, "drainTimeout");
        return with(values -> values.drainTimeout = drainTimeout);
    }

    /**
     * @param readyWhenWarm whether {@link SmaltiModel#health} says that the model is ready only after
     *     {@link SmaltiModel#warm}
     */
    public RuntimeOptions withReadyWhenWarm(boolean readyWhenWarm) {
        return with(values -> values.readyWhenWarm = readyWhenWarm);
    }

    /** @param meters where the model's meters are */
    public RuntimeOptions withMeters(MeterRegistry meters) {
        Objects.requireNonNull(meters, "meters");
        return with(values -> values.meters = meters);
    }

    /** @param observations where requests are observed, as for tracing */
    public RuntimeOptions withObservations(ObservationRegistry observations) {
        Objects.requireNonNull(observations, "observations");
        return with(values -> values.observations = observations);
    }

    public Device device() {
        return device;
    }

    public Precision precision() {
        return precision;
    }

    public int maxBatch() {
        return maxBatch;
    }

    public int maxWaiting() {
        return maxWaiting;
    }

    public long maxPixels() {
        return maxPixels;
    }

    public long maxRequestBytes() {
        return maxRequestBytes;
    }

    public ThreadBudget budget() {
        return budget;
    }

    public int maxFileBytes() {
        return maxFileBytes;
    }

    public Duration drainTimeout() {
        return drainTimeout;
    }

    public boolean readyWhenWarm() {
        return readyWhenWarm;
    }

    /** Empty for none. */
    public Optional<MeterRegistry> meters() {
        return Optional.ofNullable(meters);
    }

    public ObservationRegistry observations() {
        return observations;
    }

    @Override
    public String toString() {
        return "RuntimeOptions[device=" + device + ", precision=" + precision + ", maxBatch=" + maxBatch
                + ", maxWaiting=" + maxWaiting + ", maxPixels=" + maxPixels + ", maxRequestBytes="
                + maxRequestBytes + ", budget=" + budget.threads() + " threads, maxFileBytes="
                + maxFileBytes + ", drainTimeout=" + drainTimeout + ", readyWhenWarm=" + readyWhenWarm + ", meters="
                + meters + ", observations=" + observations + "]";
    }

    private RuntimeOptions with(Consumer<Values> change) {
        var values = new Values(this);
        change.accept(values);
        return new RuntimeOptions(values);
    }

    /** All of them, while one is changed. */
    private static final class Values {
        private Device device = Device.cpu();
        private Precision precision = Precision.FP32;
        private int maxBatch = 16;
        private int maxWaiting = 1024;
        private long maxPixels = 1 << 22;
        private long maxRequestBytes = 1 << 28;
        private ThreadBudget budget = ThreadBudget.ofProcess();
        private int maxFileBytes = 1 << 30;
        private Duration drainTimeout = Duration.ofSeconds(30);
        private boolean readyWhenWarm;
        private @Nullable MeterRegistry meters;
        private ObservationRegistry observations = ObservationRegistry.NOOP;

        Values() {}

        Values(RuntimeOptions options) {
            this.device = options.device;
            this.precision = options.precision;
            this.maxBatch = options.maxBatch;
            this.maxWaiting = options.maxWaiting;
            this.maxPixels = options.maxPixels;
            this.maxRequestBytes = options.maxRequestBytes;
            this.budget = options.budget;
            this.maxFileBytes = options.maxFileBytes;
            this.drainTimeout = options.drainTimeout;
            this.readyWhenWarm = options.readyWhenWarm;
            this.meters = options.meters;
            this.observations = options.observations;
        }
    }
}
