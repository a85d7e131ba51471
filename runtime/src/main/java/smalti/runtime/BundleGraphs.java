package smalti.runtime;

import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.Checksums;

/** The graphs of a bundle, each loaded when it is first needed; the model that callers hold is not reached from here. */
final class BundleGraphs implements Lifecycle.Graphs {
    private final String place;
    private final BundleFiles files;
    private final BundleManifest manifest;
    private final RuntimeOptions options;
    private final BufferPool pool = new BufferPool();
    private final Calls calls;
    private final Map<Role, GraphService<GraphJob>> services = new EnumMap<>(Role.class);
    /** Why graphs could not be loaded when that was last tried. */
    private final Map<Role, String> failures = new EnumMap<>(Role.class);

    /** One graph at a time; whoever asks how the model is does not wait for it. */
    private final ReentrantLock loading = new ReentrantLock();

    private final Lifecycle lifecycle;

    BundleGraphs(String place, BundleFiles files, BundleManifest manifest, RuntimeOptions options) {
        this.place = place;
        this.files = files;
        this.manifest = manifest;
        this.options = options;
        this.calls = new Calls(place);
        this.lifecycle = new Lifecycle(place, options, calls, this);
    }

    /** What may begin, and what is under way in several steps. */
    Calls calls() {
        return calls;
    }

    BundleManifest manifest() {
        return manifest;
    }

    /** In which numbers a graph runs. */
    Precision precision(BundleManifest.Graph graph) {
        return graph.file(options.precision()).isPresent() ? options.precision() : Precision.FP32;
    }

    /** What the graphs that were loaded so far run on. */
    Map<Role, Device> devices() {
        synchronized (services) {
            var devices = new EnumMap<Role, Device>(Role.class);
            services.forEach(
                    (role, service) -> devices.put(role, service.placement().device()));
            return devices;
        }
    }

    /** Runs zeros of the size that the model was trained on through the graphs of these roles, in batches of all sizes. */
    void warm(List<Role> roles) {
        for (var role : roles) {
            var service = service(role);
            var sizes = trainedSizes(service.signature());
            int most = Placement.zeros(service.signature(), sizes, 1)
                    .map(job -> service.placement().settings().limits().batch(job.demand()))
                    .orElse(1);
            service.warm(service.placement().sizes().all().stream()
                    .filter(rows -> rows <= most)
                    .flatMap(rows -> Placement.zeros(service.signature(), sizes, rows).stream())
                    .toList());
        }
        lifecycle.warmed();
    }

    ModelHealth health() {
        List<String> failed;
        synchronized (services) {
            failed = List.copyOf(failures.values());
        }
        return lifecycle.health(failed);
    }

    /** As {@link Lifecycle#close}. */
    void close(Duration timeout) {
        lifecycle.close(timeout);
    }

    /** As {@link Lifecycle#requireOpen}. */
    void requireOpen() {
        lifecycle.requireOpen();
    }

    @Override
    public Map<String, GraphService<GraphJob>> loaded() {
        synchronized (services) {
            var loaded = new LinkedHashMap<String, GraphService<GraphJob>>();
            services.forEach((role, service) -> loaded.put(role.fileStem(), service));
            return loaded;
        }
    }

    /** What is being loaded is not there in the end. */
    @Override
    public Map<String, GraphService<GraphJob>> loadedAtLast() {
        loading.lock();
        try {
            return loaded();
        } finally {
            loading.unlock();
        }
    }

    /**
     * A graph, loaded where nothing did yet.
     *
     * @throws LoadException if it cannot be loaded
     */
    GraphService<GraphJob> service(Role role) {
        var present = present(role);
        if (present != null) {
            return present;
        }
        loading.lock();
        try {
            present = present(role);
            return present == null ? loaded(role) : present;
        } finally {
            loading.unlock();
        }
    }

    private @Nullable GraphService<GraphJob> present(Role role) {
        requireOpen();
        synchronized (services) {
            return services.get(role);
        }
    }

    private GraphService<GraphJob> loaded(Role role) {
        GraphService<GraphJob> service;
        try {
            service = load(role);
        } catch (SpecException e) {
            synchronized (services) {
                failures.put(role, e.getMessage());
            }
            throw e;
        }
        boolean isOpen = lifecycle.whileOpen(() -> {
            synchronized (services) {
                failures.remove(role);
                services.put(role, service);
            }
        });
        if (isOpen) {
            return service;
        }
        service.drain(Duration.ZERO);
        service.free();
        throw new ModelClosedException(place);
    }

    private GraphService<GraphJob> load(Role role) {
        var graph = Objects.requireNonNull(manifest.graphs().get(role.fileStem()), role.fileStem());
        var file = graph.file(precision(graph)).orElseThrow();
        var name = place + "/" + file;
        var placement = Placement.of(
                new Placement.Graph(
                        name,
                        file,
                        graph.signature(),
                        Objects.requireNonNull(manifest.files().get(file), file),
                        () -> SelfContainedOnnx.of(
                                file, verified(file), new ExternalWeights.Refused(), options.maxFileBytes()),
                        trainedSizes(graph.signature())),
                options);
        return new GraphService<>(
                manifest.name(), role.fileStem(), graph.signature(), placement, placement.runner(pool), options);
    }

    /** The sizes of free dimensions for pictures as the model was trained on. */
    private Map<String, Long> trainedSizes(Signature signature) {
        var sizes = new TreeMap<String, Long>();
        addSizes(sizes, signature.inputs());
        addSizes(sizes, signature.outputs());
        return sizes;
    }

    private void addSizes(Map<String, Long> sizes, List<TensorSpec> tensors) {
        for (var tensor : tensors) {
            var shape = tensor.shape();
            if (tensor.type() == ElementType.UINT8 && shape.size() == 4) { // [N,H,W,C]
                addSize(sizes, shape.get(1), manifest.pixels().height());
                addSize(sizes, shape.get(2), manifest.pixels().width());
            }
        }
    }

    private static void addSize(Map<String, Long> sizes, Dimension dimension, int pixels) {
        if (dimension.symbol() != null && pixels % dimension.factor() == 0) {
            sizes.put(dimension.symbol(), pixels / dimension.factor());
        }
    }

    /** The bytes of a file, which are those that were exported. */
    byte[] verified(String file) {
        var bytes = files.read(file, options.maxFileBytes());
        var expected = manifest.files().get(file);
        var actual = Checksums.sha256(bytes);
        if (!actual.equals(expected)) {
            throw new LoadException(file + " must have SHA-256 " + expected + " as " + BundleManifest.FILE
                    + " says, got " + actual + "; the bundle was damaged or changed after its export");
        }
        return bytes;
    }
}
