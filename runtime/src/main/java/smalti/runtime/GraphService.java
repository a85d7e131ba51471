package smalti.runtime;

import io.micrometer.common.KeyValues;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/**
 * One graph that serves many callers.
 *
 * @param <J> what it is asked for
 */
final class GraphService<J extends Job> {
    private final String name;
    private final Signature signature;
    private final Placement placement;
    private final Batcher<J> batcher;
    private final @Nullable Meters meters;
    private final ObservationRegistry observations;
    private final KeyValues names;

    /**
     * @param model its name
     * @param graph its name in the model, such as detokenize
     * @param placement freed by {@link #free}
     * @param runner of the placement's sessions
     */
    GraphService(
            String model,
            String graph,
            Signature signature,
            Placement placement,
            BatchRunner<J> runner,
            RuntimeOptions options) {
        this.name = model + "/" + graph;
        this.signature = signature;
        this.placement = placement;
        var registry = options.meters().orElse(null);
        var device = placement.device().name();
        this.meters = registry == null ? null : new Meters(registry, model, graph, device);
        this.batcher = new Batcher<>(
                name, runner, placement.settings(), meters == null ? BatchListener.NONE : meters, Threads.SERVERS);
        if (meters != null) {
            meters.depth(batcher.room()::waiting);
            meters.fallbacks(placement.passedOver().size());
        }
        this.observations = options.observations();
        this.names = KeyValues.of("model", model, "graph", graph, "device", device);
    }

    /** Where the graph runs, and what was passed over for it. */
    Placement placement() {
        return placement;
    }

    Signature signature() {
        return signature;
    }

    TensorSpec input(int place) {
        return signature.inputs().get(place);
    }

    TensorSpec output(int place) {
        return signature.outputs().get(place);
    }

    /**
     * Runs a request and waits for it; throws as {@link Batcher#run}.
     *
     * @throws InputException if the device was not made ready for such sizes, or the request is larger than any may be
     */
    void run(J job, RequestOptions options) {
        var demand = checked(job);
        if (observations.isNoop()) {
            batcher.run(job, demand, options);
        } else {
            observation(demand).observe(() -> batcher.run(job, demand, options));
        }
    }

    /** As {@link Batcher#submit}; refuses at once as {@link #run} does. */
    <T> CompletableFuture<T> submit(J job, RequestOptions options, Supplier<T> answer) {
        var demand = checked(job);
        return observedAsync(demand, () -> batcher.submit(job, demand, options, answer));
    }

    /**
     * A request that is let in first, and run later: it is observed as one.
     *
     * @throws InputException as {@link #run}
     */
    <T> T later(J job, Supplier<T> work) {
        var observation = observation(checked(job));
        return Objects.requireNonNull(observation.observe(work));
    }

    /** As {@link #later}, without waiting. */
    <T> CompletableFuture<T> laterAsync(J job, Supplier<CompletableFuture<T>> work) {
        return observedAsync(checked(job), work);
    }

    /** As {@link Batcher#place}. */
    Place place(Demand demand) {
        return batcher.place(demand);
    }

    /** Runs, within {@link #later}, what was let in. */
    void run(J job, RequestOptions options, Place place) {
        batcher.run(job, job.demand(), options, place);
    }

    /** Runs, within {@link #laterAsync}, what was let in. */
    <T> CompletableFuture<T> submit(J job, RequestOptions options, Place place, Supplier<T> answer) {
        return batcher.submit(job, job.demand(), options, place, answer);
    }

    private <T> CompletableFuture<T> observedAsync(Demand demand, Supplier<CompletableFuture<T>> work) {
        if (observations.isNoop()) {
            return work.get();
        }
        var observation = observation(demand).start();
        return LentAnswer.of(work.get(), failure -> {
            if (failure != null) {
                observation.error(failure);
            }
            observation.stop();
        });
    }

    /** @throws ModelClosedException if nothing may begin any more; observed as of a request */
    void requireOpen(Calls calls, J job) {
        if (!calls.isClosed()) {
            return;
        }
        if (observations.isNoop()) {
            calls.requireOpen();
        } else {
            observation(checked(job)).observe(calls::requireOpen);
        }
    }

    /** Work that is done later, maybe by another thread, as a part of what is observed now. */
    <A, B> Function<A, B> observed(Function<A, B> work) {
        var current = observations.getCurrentObservation();
        return current == null ? work : given -> current.scoped(() -> work.apply(given));
    }

    /**
     * A request ended before its time in the queue began.
     *
     * @param start when it arrived, in {@link System#nanoTime}
     */
    void ended(J job, Throwable failure, long start) {
        long waited = System.nanoTime() - start;
        var outcome = switch (Failure.of(failure)) {
            case REFUSED -> BatchListener.Outcome.REFUSED;
            case EXPIRED -> BatchListener.Outcome.EXPIRED;
            case CANCELLED -> BatchListener.Outcome.CANCELLED;
            default -> BatchListener.Outcome.FAILED;
        };
        batcher.listener().request(outcome, job.demand().items(), waited, waited);
    }

    /** @throws InputException as {@link #run} */
    void check(J job) {
        var unused = checked(job);
    }

    private Demand checked(J job) {
        placement.shapes().check(job.inputs());
        var demand = job.demand();
        placement.settings().limits().check(name, demand);
        return demand;
    }

    private Observation observation(Demand demand) {
        return Observation.createNotStarted("smalti.request", observations)
                .lowCardinalityKeyValues(names)
                .highCardinalityKeyValue("items", Integer.toString(demand.items()));
    }

    /** For what waits, in the graph's queue or in front of it. */
    WaitingRoom room() {
        return batcher.room();
    }

    /** Loads what would be loaded later, and runs a request of each of these. */
    void warm(List<J> jobs) {
        placement.sessions().loadAll();
        jobs.forEach(job -> batcher.warm(job, job.demand()));
    }

    /** As {@link Batcher#once}. */
    void once(J job) {
        placement.shapes().check(job.inputs());
        batcher.once(job, job.demand());
    }

    /** As {@link Batcher#requireOutside}. */
    void requireOutside() {
        batcher.requireOutside();
    }

    /** As {@link Batcher#drain}. */
    void drain(Duration timeout) {
        batcher.drain(timeout);
    }

    /** After it was drained. */
    void free() {
        placement.sessions().close();
        if (meters != null) {
            meters.close();
        }
    }
}
