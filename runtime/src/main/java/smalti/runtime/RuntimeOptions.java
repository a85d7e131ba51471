package smalti.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.Precision;

/**
 * How a model is run. None of these changes a result, but for the precision and the device.
 *
 * @param device that the graphs run on
 * @param precision of the graphs, where the bundle holds them in it; others run in FP32, as
 *     {@link SmaltiModel#precision} tells
 * @param maxBatch most pictures in one run; larger requests are cut. It bounds the memory of a run
 * @param maxWaiting most pictures that wait for a graph; beyond it requests are refused with {@link QueueFullException}.
 *     A request of more is taken where nothing waits
 * @param budget the threads that this model shares with others; a GPU has a budget of its own
 * @param maxFileBytes most bytes in a file of the bundle, unpacked; guards against a zip bomb
 * @param drainTimeout how long closing waits for what runs and waits before it gives that up
 * @param readyWhenWarm whether {@link SmaltiModel#health} says that the model is ready only after
 *     {@link SmaltiModel#warm}
 * @param meters where the model's meters are; null for none
 * @param observations where requests are observed, as for tracing
 */
public record RuntimeOptions(
        Device device,
        Precision precision,
        int maxBatch,
        int maxWaiting,
        ThreadBudget budget,
        int maxFileBytes,
        Duration drainTimeout,
        boolean readyWhenWarm,
        @Nullable MeterRegistry meters,
        ObservationRegistry observations) {
    public RuntimeOptions {
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(precision, "precision");
        Objects.requireNonNull(budget, "budget");
        Objects.requireNonNull(drainTimeout, "drainTimeout");
        Objects.requireNonNull(observations, "observations");
        Check.that(maxBatch >= 1 && maxBatch <= 4096, "maxBatch must be from 1 to 4096, got %s", maxBatch)
                .and(maxWaiting >= 1, "maxWaiting must be at least 1, got %s", maxWaiting)
                .and(
                        maxFileBytes >= 1024 && maxFileBytes < Integer.MAX_VALUE - 8,
                        "maxFileBytes must be from 1024 to %s, got %s",
                        Integer.MAX_VALUE - 9,
                        maxFileBytes)
                .and(
                        !drainTimeout.isNegative() && drainTimeout.compareTo(Duration.ofDays(365)) <= 0,
                        "drainTimeout must be from 0 to 365 days, got %s",
                        drainTimeout)
                .done();
    }

    /**
     * The processor, FP32, batches of at most 16, 1,024 pictures waiting, the threads of the process, files of at most
     * 1 GiB, 30 seconds to drain, nobody who watches.
     */
    public static RuntimeOptions defaults() {
        return new RuntimeOptions(
                Device.cpu(),
                Precision.FP32,
                16,
                1024,
                ThreadBudget.ofProcess(),
                1 << 30,
                Duration.ofSeconds(30),
                false,
                null,
                ObservationRegistry.NOOP);
    }

    public RuntimeOptions withDevice(Device device) {
        return with(values -> values.device = device);
    }

    public RuntimeOptions withPrecision(Precision precision) {
        return with(values -> values.precision = precision);
    }

    public RuntimeOptions withMaxBatch(int maxBatch) {
        return with(values -> values.maxBatch = maxBatch);
    }

    public RuntimeOptions withMaxWaiting(int maxWaiting) {
        return with(values -> values.maxWaiting = maxWaiting);
    }

    public RuntimeOptions withBudget(ThreadBudget budget) {
        return with(values -> values.budget = budget);
    }

    public RuntimeOptions withMaxFileBytes(int maxFileBytes) {
        return with(values -> values.maxFileBytes = maxFileBytes);
    }

    public RuntimeOptions withDrainTimeout(Duration drainTimeout) {
        return with(values -> values.drainTimeout = drainTimeout);
    }

    public RuntimeOptions withReadyWhenWarm(boolean readyWhenWarm) {
        return with(values -> values.readyWhenWarm = readyWhenWarm);
    }

    public RuntimeOptions withMeters(MeterRegistry meters) {
        return with(values -> values.meters = meters);
    }

    public RuntimeOptions withObservations(ObservationRegistry observations) {
        return with(values -> values.observations = observations);
    }

    private RuntimeOptions with(Consumer<Values> change) {
        var values = new Values(this);
        change.accept(values);
        return new RuntimeOptions(
                values.device,
                values.precision,
                values.maxBatch,
                values.maxWaiting,
                values.budget,
                values.maxFileBytes,
                values.drainTimeout,
                values.readyWhenWarm,
                values.meters,
                values.observations);
    }

    /** The components, while one of them is changed. */
    private static final class Values {
        private Device device;
        private Precision precision;
        private int maxBatch;
        private int maxWaiting;
        private ThreadBudget budget;
        private int maxFileBytes;
        private Duration drainTimeout;
        private boolean readyWhenWarm;
        private @Nullable MeterRegistry meters;
        private ObservationRegistry observations;

        Values(RuntimeOptions options) {
            this.device = options.device;
            this.precision = options.precision;
            this.maxBatch = options.maxBatch;
            this.maxWaiting = options.maxWaiting;
            this.budget = options.budget;
            this.maxFileBytes = options.maxFileBytes;
            this.drainTimeout = options.drainTimeout;
            this.readyWhenWarm = options.readyWhenWarm;
            this.meters = options.meters;
            this.observations = options.observations;
        }
    }
}
