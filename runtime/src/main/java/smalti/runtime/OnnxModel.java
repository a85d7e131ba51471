package smalti.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import smalti.spec.SpecException;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.Checksums;
import smalti.spec.file.IoReason;
import smalti.spec.onnx.OnnxFile;

/**
 * Any ONNX file, with tensors by name: queued, drained, metered and run on devices as a {@link SmaltiModel} is.
 *
 * <pre>{@code
 * try (var model = OnnxModel.open(Path.of("resnet.onnx"), OnnxModel.Requests.INDEPENDENT_ROWS, RuntimeOptions.defaults())) {
 *     var scores = model.run(Map.of("input", Tensor.of(pixels, 1, 3, 224, 224))).get("scores").floats();
 * }
 * }</pre>
 *
 * <p>Any number of threads may use one at once. Besides what each says, methods throw as {@link Codec}'s do.
 */
public final class OnnxModel implements AutoCloseable {
    /** What one request may share with others. */
    public enum Requests {
        /** Nothing: each is a run of its own. It fits every file. */
        ALONE,
        /**
         * A batch of rows that have nothing to do with one another, so that requests share runs and large ones are cut:
         * axis 0 of every input and output is free and of one name, every other free axis of an output is an axis of an
         * input by its name, and a row's outputs follow from that row's inputs alone, whatever else is in the batch.
         *
         * <p>The former is read in the file. The latter is refused where the graph says otherwise, and tried before any
         * answer is given of rows that shared a run: with rows of the first request of each of the first eight sizes, or
         * of {@link OnnxModel#warm}, which takes some {@code 4·maxBatch} runs of a row. Until it is seen, as where all rows
         * are alike, each request is run for itself. Where a row's outputs follow from others too, calls throw a
         * {@link LoadException} that names the output.
         */
        INDEPENDENT_ROWS
    }

    private final OnnxRequests requests;
    private final Lifecycle lifecycle;
    private final Signature signature;
    private final RequestOptions options;
    private final Leash leash;

    private OnnxModel(
            OnnxRequests requests, Lifecycle lifecycle, Signature signature, RequestOptions options, Leash leash) {
        this.requests = requests;
        this.lifecycle = lifecycle;
        this.signature = signature;
        this.options = options;
        this.leash = leash;
    }

    /** Opens a file whose requests run alone each, with {@link RuntimeOptions#defaults}. */
    public static OnnxModel open(Path file) {
        return open(file, Requests.ALONE, RuntimeOptions.defaults());
    }

    /**
     * Opens a file, with the weights that it keeps in files beside it.
     *
     * @param options {@link RuntimeOptions#precision} and {@link RuntimeOptions#maxPixels} do not matter here; {@link RuntimeOptions#maxFileBytes} bounds
     *     the file together with its weights
     * @throws LoadException if the file cannot be read or loaded, has inputs or outputs that are no tensors of numbers,
     *     keeps weights elsewhere than beside itself, or does not fit {@code requests}
     */
    public static OnnxModel open(Path file, Requests requests, RuntimeOptions options) {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(requests, "requests");
        Objects.requireNonNull(options, "options");
        var name = String.valueOf(file.getFileName());
        return open(name, file.toString(), () -> whole(file, options.maxFileBytes()), requests, options);
    }

    /**
     * Opens a model that is no file.
     *
     * @param name for errors, logs and meters
     * @param onnx stays as it is while the model is open
     * @param weights by the names of files in which the model says that they lie, such as {@code model.onnx.data}; none
     *     where it holds them itself
     * @throws LoadException as {@link #open(Path, Requests, RuntimeOptions)}, with each weight that is not given
     */
    public static OnnxModel open(
            String name, byte[] onnx, Map<String, byte[]> weights, Requests requests, RuntimeOptions options) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(onnx, "onnx");
        Objects.requireNonNull(requests, "requests");
        Objects.requireNonNull(options, "options");
        var given = new ExternalWeights.Given(NoNulls.in(weights, "weights"));
        int most = options.maxFileBytes();
        if (onnx.length > most) {
            throw new LoadException(name + " must have at most " + most + " bytes, got " + onnx.length
                    + "; RuntimeOptions.maxFileBytes is the limit");
        }
        byte[] whole = SelfContainedOnnx.of(name, onnx, given, most);
        return open(name, name, () -> whole, requests, options);
    }

    /**
     * As {@link #open(String, byte[], Map, Requests, RuntimeOptions)}, of streams, which are read to their ends and left
     * open.
     *
     * @throws LoadException also if one cannot be read
     */
    public static OnnxModel open(
            String name,
            InputStream onnx,
            Map<String, ? extends InputStream> weights,
            Requests requests,
            RuntimeOptions options) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(onnx, "onnx");
        var streams = NoNulls.in(weights, "weights");
        Objects.requireNonNull(requests, "requests");
        Objects.requireNonNull(options, "options");
        int left = options.maxFileBytes();
        byte[] model = read(onnx, name, left);
        left -= model.length;
        var given = new LinkedHashMap<String, byte[]>();
        for (var weight : streams.entrySet()) {
            byte[] bytes = read(weight.getValue(), name + ": " + weight.getKey(), left);
            left -= bytes.length;
            given.put(weight.getKey(), bytes);
        }
        return open(name, model, given, requests, options);
    }

    private static OnnxModel open(
            String name, String file, Supplier<byte[]> whole, Requests requests, RuntimeOptions options) {
        byte[] onnx = whole.get();
        var signature = GraphSession.signature(file, onnx);
        var graph = SelfContainedOnnx.isOrtFormat(onnx) ? null : read(file, onnx);
        boolean ofRows = requests == Requests.INDEPENDENT_ROWS;
        if (ofRows) {
            RowsSignature.check(file, signature, graph);
        }
        boolean isCoarse = ofRows && graph != null && RowOperators.isCoarse(graph);
        // what a picture is among tensors of all kinds is not known
        var any = options.withMaxPixels(Long.MAX_VALUE);
        var used = ofRows ? any : any.withMaxBatch(1);
        var hash = Checksums.sha256(onnx);
        var placed =
                new Placement.Graph(name, file, signature, hash, () -> unchanged(file, hash, whole.get()), Map.of());
        var placement = Placement.of(placed, used);
        var face = ofRows
                ? RowsRequests.of(name, file, signature, placement, used, isCoarse)
                : AloneRequests.of(
                        name,
                        signature,
                        placement,
                        used,
                        graph == null
                                ? Set.of()
                                : RowsSignature.unranked(graph.graph().inputs()));
        var lifecycle = new Lifecycle(name, options, face.calls(), () -> Map.of("graph", face.service()));
        var leash = Leash.of(file, lifecycle::close);
        return new OnnxModel(face, lifecycle, signature, RequestOptions.defaults(), leash);
    }

    /** The same model, whose requests are treated as these options say. */
    public OnnxModel with(RequestOptions options) {
        Objects.requireNonNull(options, "options");
        return new OnnxModel(requests, lifecycle, signature, options, leash);
    }

    /** A free axis without a name has one of its own here; one of unknown rank is shown without axes, and takes any. */
    public List<TensorSpec> inputs() {
        return signature.inputs();
    }

    public List<TensorSpec> outputs() {
        return signature.outputs();
    }

    /** What the graph really runs on. */
    public Device device() {
        return requests.service().placement().device();
    }

    /**
     * @param inputs one for each of {@link #inputs}, by name
     * @return one for each of {@link #outputs}, by name, on the heap
     * @throws InputException with every input that is missing, unknown, or of another type or shape
     */
    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
        try {
            return requests.run(tensors(inputs), options);
        } finally {
            Reference.reachabilityFence(leash);
        }
    }

    /** As {@link #run}, without waiting; the inputs must stay as they are until the future is done. */
    public CompletableFuture<Map<String, Tensor>> runAsync(Map<String, Tensor> inputs) {
        try {
            return requests.submit(tensors(inputs), options);
        } finally {
            Reference.reachabilityFence(leash);
        }
    }

    /**
     * Runs inputs like these a few times, as a service would be asked for them; of rows, in batches of all sizes, made
     * of their rows. What comes after finds memory, engines and costs of batches as they will be; until then
     * {@link #health} may say that the model is not ready, see {@link RuntimeOptions#readyWhenWarm}.
     *
     * @throws InputException as {@link #run}
     * @throws ModelClosedException if the model is closed
     * @throws RunException if a run fails
     */
    public void warm(Map<String, Tensor> inputs) {
        try {
            requests.warm(tensors(inputs));
            lifecycle.warmed();
        } finally {
            Reference.reachabilityFence(leash);
        }
    }

    /** Whether the model lives and may be sent requests, and why not. */
    public ModelHealth health() {
        return lifecycle.health(List.of());
    }

    /** As {@link SmaltiModel#close}. */
    @Override
    public void close() {
        leash.close(lifecycle.drainTimeout());
    }

    private List<HostTensor> tensors(Map<String, Tensor> inputs) {
        var given = NoNulls.in(inputs, "inputs");
        var problems = new ArrayList<String>();
        var names = signature.inputs().stream().map(TensorSpec::name).collect(Collectors.toCollection(TreeSet::new));
        given.keySet().stream()
                .filter(name -> !names.contains(name))
                .sorted()
                .forEach(name -> problems.add("inputs must be " + names + ", got " + name));
        var tensors = new ArrayList<HostTensor>();
        for (var spec : signature.inputs()) {
            var tensor = given.get(spec.name());
            if (tensor == null) {
                problems.add("inputs must be " + names + ", and " + spec.name() + " is missing");
            } else if (tensor.type() != spec.type()) {
                problems.add(spec.name() + " must be " + spec.type() + ", got " + tensor.type());
            } else {
                var shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
                tensors.add(new HostTensor(spec, shape, tensor.data()));
            }
        }
        if (!problems.isEmpty()) {
            throw new InputException(problems);
        }
        return tensors;
    }

    private static OnnxFile read(String file, byte[] onnx) {
        try {
            return OnnxFile.read(onnx, file);
        } catch (SpecException e) {
            throw new LoadException(e.problems(), e);
        }
    }

    private static byte[] unchanged(String file, String hash, byte[] bytes) {
        if (!Checksums.sha256(bytes).equals(hash)) {
            throw new LoadException(file + ": changed since it was opened, itself or its weights");
        }
        return bytes;
    }

    private static byte[] whole(Path file, int most) {
        byte[] onnx;
        try (var in = Files.newInputStream(file)) {
            onnx = BundleFiles.bounded(in, file.toString(), most);
        } catch (IOException e) {
            throw new LoadException(file + ": cannot be read (" + IoReason.of(e) + ")", e);
        }
        return SelfContainedOnnx.of(file.toString(), onnx, ExternalWeights.Beside.of(file), most);
    }

    private static byte[] read(InputStream in, String name, int most) {
        try {
            return BundleFiles.bounded(in, name, most);
        } catch (IOException e) {
            throw new LoadException(name + ": cannot be read (" + IoReason.of(e) + ")", e);
        }
    }
}
