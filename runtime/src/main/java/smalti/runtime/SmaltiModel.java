package smalti.runtime;

import java.io.InputStream;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.file.Npz;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;

/**
 * A bundle, opened.
 *
 * <pre>{@code
 * try (var model = SmaltiModel.open(Path.of("flowers.smalti"))) {
 *     Codes codes = model.codec().encode(picture);
 *     BufferedImage again = model.codec().decode(codes).image(0);
 * }
 * }</pre>
 *
 * <p>Opening reads and checks {@code bundle.json}; a graph is read, checked against its SHA-256 and loaded when it is
 * first needed, so that a service that only decodes never loads what encodes. {@link #warm} loads them all: call it at
 * start-up to fail there.
 *
 * <p>Any number of threads may use one model at once. {@link #close} waits for the calls that are running; calls after
 * it throw {@link ModelClosedException}. Close it before the JVM goes down: ONNX Runtime frees itself in a shutdown
 * hook of its own, and a run at that moment crashes the process.
 */
public final class SmaltiModel implements AutoCloseable {
    private static final int MOST_MANIFEST_BYTES = 16 << 20;

    private final String place;
    private final BundleManifest manifest;
    private final RuntimeOptions options;
    private final BundleGraphs graphs;
    private final Leash leash;

    private SmaltiModel(String place, BundleFiles files, BundleManifest manifest, RuntimeOptions options) {
        this.place = place;
        this.manifest = manifest;
        this.options = options;
        var all = new BundleGraphs(place, files, manifest, options);
        this.graphs = all;
        // of the graphs alone: nobody may reach this model from there
        this.leash = Leash.of(manifest.name() + " (" + place + ")", all::close);
    }

    /** Opens with {@link RuntimeOptions#defaults}. */
    public static SmaltiModel open(Path bundle) {
        Objects.requireNonNull(bundle, "bundle");
        OnnxRuntime.begin();
        return open(bundle, RuntimeOptions.defaults());
    }

    /**
     * @param bundle a folder, or the same zipped
     * @throws LoadException with all that is wrong with {@code bundle.json} or missing beside it
     */
    public static SmaltiModel open(Path bundle, RuntimeOptions options) {
        Objects.requireNonNull(bundle, "bundle");
        Objects.requireNonNull(options, "options");
        OnnxRuntime.begin();
        return open(bundle.toString(), () -> BundleFiles.at(bundle), options);
    }

    /**
     * Reads a zipped bundle to its end, as from a class path or an object store; its files stay in memory.
     *
     * @param zipped closed in the end; all files together at most {@link RuntimeOptions#maxFileBytes}
     * @throws LoadException as {@link #open(Path, RuntimeOptions)}
     */
    public static SmaltiModel open(InputStream zipped, RuntimeOptions options) {
        Objects.requireNonNull(zipped, "zipped");
        Objects.requireNonNull(options, "options");
        OnnxRuntime.begin();
        return open("stream", () -> BundleFiles.Memory.of(zipped, options.maxFileBytes()), options);
    }

    private static SmaltiModel open(String place, Supplier<BundleFiles> bundle, RuntimeOptions options) {
        try {
            return located(place, () -> {
                var files = bundle.get();
                return new SmaltiModel(place, files, manifest(files, options), options);
            });
        } catch (RuntimeException e) {
            OnnxRuntime.settle();
            throw e;
        }
    }

    private static BundleManifest manifest(BundleFiles files, RuntimeOptions options) {
        var json = new String(files.read(BundleManifest.FILE, MOST_MANIFEST_BYTES), StandardCharsets.UTF_8);
        var manifest = RecordTree.parse(json, BundleManifest.class, BundleManifest.FILE);
        BundleRules.check(manifest, files);
        Seal.check(manifest, json);
        boolean none = true;
        for (var graph : manifest.graphs().values()) {
            none &= graph.file(options.precision()).isEmpty();
        }
        if (none) {
            throw new LoadException("must hold a graph in " + options.precision()
                    + " to be opened in it, and holds none;" + " FP32 is always there");
        }
        return manifest;
    }

    /** What the bundle holds. */
    public BundleManifest manifest() {
        return manifest;
    }

    /** Whether the bundle can encode and decode. */
    public boolean hasCodec() {
        return has(Role.TOKENIZE) && has(Role.DETOKENIZE);
    }

    /** Whether the bundle can generate. */
    public boolean hasGenerator() {
        return has(Role.GENERATOR);
    }

    /** Whether the bundle can encode pictures to distributions and back. */
    public boolean hasPosterior() {
        return has(Role.POSTERIOR) && has(Role.GENERATOR);
    }

    /**
     * In which numbers a graph runs: {@link RuntimeOptions#precision} where the bundle holds it so, else FP32.
     *
     * @throws LoadException if the bundle has no graph of that role
     */
    public Precision precision(Role role) {
        Objects.requireNonNull(role, "role");
        var graph = manifest.graphs().get(role.fileStem());
        if (graph == null) {
            throw new LoadException(place + ": has no graph " + role.fileStem() + ", but "
                    + String.join(", ", manifest.graphs().keySet()));
        }
        return graphs.precision(graph);
    }

    /**
     * What a graph really runs on: {@link RuntimeOptions#device}, or the one of several that it became. Loads the graph
     * where nothing did yet.
     *
     * @throws LoadException if the bundle has no graph of that role, or it cannot be loaded
     */
    public Device device(Role role) {
        Objects.requireNonNull(role, "role");
        return located(() -> {
            require("device", role);
            return service(role).placement().device();
        });
    }

    /** What the graphs that were loaded so far really run on, by role. */
    public Map<Role, Device> devices() {
        return graphs.devices();
    }

    /**
     * The codec; it loads its graphs when they are first needed.
     *
     * @throws LoadException if the bundle has none
     */
    public Codec codec() {
        return located(() -> {
            graphs.requireOpen();
            require("codec", Role.TOKENIZE, Role.DETOKENIZE);
            var codebook = manifest.contracts().get(Contract.Codebook.class);
            var channels = manifest.pixels().channels();
            return new Codec(codebook, channels, lazy(Role.TOKENIZE), lazy(Role.DETOKENIZE), RequestOptions.defaults());
        });
    }

    /**
     * The generator; the first call loads its graph.
     *
     * @throws LoadException if the bundle has none, or its graph is not the one that was exported
     */
    public Generator generator() {
        return located(() -> {
            require("generator", Role.GENERATOR);
            var generator = lazyGenerator();
            // now, so that what is wrong with it is said here
            var unusedLoaded = service(Role.GENERATOR);
            return generator;
        });
    }

    /**
     * Pictures to distributions of latents and back; it loads its graphs when they are first needed.
     *
     * @throws LoadException if the bundle has none
     */
    public Posterior posterior() {
        return located(() -> {
            graphs.requireOpen();
            require("posterior", Role.POSTERIOR, Role.GENERATOR);
            var channels = manifest.pixels().channels();
            return new Posterior(lazy(Role.POSTERIOR), lazyGenerator(), channels, null, RequestOptions.defaults());
        });
    }

    private Generator lazyGenerator() {
        var noise = manifest.contracts().get(Contract.Noise.class);
        return new Generator(
                noise.length(), manifest.contracts().classes(), lazy(Role.GENERATOR), RequestOptions.defaults());
    }

    /**
     * Loads every graph that the faces need, and runs it on zeros of the size that the model was trained on, in batches
     * of all sizes: what comes after finds memory, engines and costs of batches as they will be. It takes some dozen
     * runs of each graph; until then {@link #health} may say that the model is not ready, see
     * {@link RuntimeOptions#readyWhenWarm}.
     *
     * @throws LoadException if a graph cannot be loaded
     * @throws ModelClosedException if the model is closed
     * @throws RunException if a run fails
     */
    public void warm() {
        located(() -> {
            graphs.warm(Role.served().stream().filter(this::has).toList());
            return true;
        });
    }

    /** Whether the model lives and may be sent requests, and why not. */
    public ModelHealth health() {
        return graphs.health();
    }

    /**
     * Checks every file of the bundle against its SHA-256, those too that this runtime never loads.
     *
     * @throws LoadException naming each file that differs
     */
    public void verify() {
        var problems = new ArrayList<String>();
        for (var file : manifest.files().keySet()) {
            try {
                located(() -> graphs.verified(file));
            } catch (SpecException e) {
                problems.addAll(e.problems());
            }
        }
        if (!problems.isEmpty()) {
            throw new LoadException(problems);
        }
    }

    /**
     * Runs the samples that the bundle carries and compares with what the trained model made of them before its export:
     * pixels and distributions within 45 dB (30 dB in fewer bits than FP32), codes but for 3% (15%) and one near tie. Bundles of early
     * versions carry no samples, and pass.
     *
     * @throws LoadException naming each graph that does something else
     * @throws ModelClosedException if the model is closed
     * @throws RunException if a run fails
     */
    public void checkParity() {
        located(() -> {
            if (!manifest.files().containsKey(BundleManifest.PARITY_FILE)) {
                return List.of();
            }
            var samples = Npz.read(
                    graphs.verified(BundleManifest.PARITY_FILE), BundleManifest.PARITY_FILE, options.maxFileBytes());
            var problems = Role.served().stream()
                    .filter(this::has)
                    .flatMap(role -> new ParityCheck(role, precision(role), samples)
                            .problems(service(role).signature(), inputs -> run(role, inputs)).stream())
                    .toList();
            if (!problems.isEmpty()) {
                throw new LoadException(problems);
            }
            return problems;
        });
    }

    private List<HostTensor> run(Role role, List<HostTensor> inputs) {
        var service = service(role);
        var job = GraphJob.of(service.signature(), inputs);
        service.run(job, RequestOptions.defaults());
        return job.outputs();
    }

    /**
     * Takes no more requests, waits for those that it has, at most {@link RuntimeOptions#drainTimeout}, and frees the
     * graphs; again, it does nothing. Requests that are not done by then fail with {@link ModelClosedException}. What
     * depends on a request's future may close the model: that request is done.
     *
     * @throws IllegalStateException if this thread is within a run, or a call of two steps such as
     *     {@link Codec#reconstruct}, which would wait for itself
     */
    @Override
    public void close() {
        closeWithin(options.drainTimeout());
    }

    /** As {@link #close}, and waits no longer than this. */
    void closeWithin(Duration timeout) {
        leash.close(timeout);
    }

    /**
     * @param served what callers know
     * @throws LoadException if the other cannot be asked for all of that
     */
    static void requireServes(BundleManifest other, BundleManifest served) {
        var problems = new ArrayList<String>();
        for (var role : Role.served()) {
            var graph = served.graphs().get(role.fileStem());
            var another = other.graphs().get(role.fileStem());
            if (graph == null) {
                continue;
            }
            if (another == null) {
                problems.add("must have a graph " + role.fileStem() + " to take over, got "
                        + other.graphs().keySet());
            } else if (!another.signature().equals(graph.signature())) {
                problems.add(role.fileStem() + " must have " + graph.signature() + " to take over, got "
                        + another.signature());
            }
        }
        var classes = served.contracts().classes();
        var others = other.contracts().classes();
        if (others.size() < classes.size() || !others.subList(0, classes.size()).equals(classes)) {
            problems.add("classes must begin with " + classes + " to take over, got " + others);
        }
        if (!problems.isEmpty()) {
            throw new LoadException(problems);
        }
    }

    /** Its name and where it is from. */
    @Override
    public String toString() {
        return manifest.name() + " (" + place + ")";
    }

    private boolean has(Role role) {
        return manifest.graphs().containsKey(role.fileStem());
    }

    private void require(String face, Role... roles) {
        var missing = new ArrayList<String>();
        for (var role : roles) {
            if (!has(role)) {
                missing.add(role.fileStem());
            }
        }
        if (!missing.isEmpty()) {
            throw new LoadException(
                    "a " + face + " must have the graphs " + String.join(" and ", missing) + ", got a bundle with "
                            + String.join(", ", manifest.graphs().keySet()));
        }
    }

    private LazyGraph lazy(Role role) {
        var graph = Objects.requireNonNull(manifest.graphs().get(role.fileStem()), role.fileStem());
        return new LazyGraph(graph.signature(), () -> located(() -> service(role)), graphs.calls());
    }

    private GraphService<GraphJob> service(Role role) {
        return graphs.service(role);
    }

    private <T> T located(Supplier<T> work) {
        try {
            return located(place, work);
        } finally {
            // who asks for something still has the model
            Reference.reachabilityFence(this);
        }
    }

    private static <T> T located(String place, Supplier<T> work) {
        try {
            return work.get();
        } catch (SpecException e) {
            throw LoadException.located(place, e);
        }
    }
}
