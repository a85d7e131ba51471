package smalti.runtime;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import smalti.spec.SpecException;
import smalti.spec.bundle.Signature;

/**
 * A graph on the device that it really runs on.
 *
 * @param passedOver devices that come before this one in the user's choice and cannot run the graph, each with the
 *     reason; empty where the device is the one that was asked for
 * @param shapes that the device takes
 */
record Placement(
        Device device,
        GraphSessions sessions,
        BatchSettings settings,
        BatchSizes sizes,
        ShapeRange shapes,
        List<String> passedOver) {
    /** One run at a time on each GPU, for all models together. */
    private static final Map<Integer, ThreadBudget> GPUS = new ConcurrentHashMap<>();

    /**
     * A graph to be placed.
     *
     * @param name for the log
     * @param file for errors
     * @param onnx the bytes, read when they are needed
     * @param usualSizes of its free dimensions, by symbol, as far as they are known
     */
    record Graph(
            String name,
            String file,
            Signature signature,
            String sha256,
            Supplier<byte[]> onnx,
            Map<String, Long> usualSizes) {
        boolean hasFreeBatch() {
            var shape = signature.inputs().get(0).shape();
            return !shape.isEmpty() && !shape.get(0).isFixed();
        }
    }

    /**
     * Loads a graph on the first device of the options that can run it.
     *
     * @throws SpecException with the reason of each device, if none can
     */
    static Placement of(Graph graph, RuntimeOptions options) {
        var wanted = options.device();
        var devices = wanted instanceof Device.Auto auto ? auto.devices() : List.of(wanted);
        var passedOver = new ArrayList<String>();
        var problems = new LinkedHashSet<String>();
        for (var device : devices) {
            try {
                var placed = on(device, graph, options, List.copyOf(passedOver));
                passedOver.forEach(
                        reason -> Log.LOG.warn("{}: runs on {}, as {}", graph.name(), device.name(), reason));
                return placed;
            } catch (SpecException e) {
                passedOver.add(device.name() + " cannot run it: " + e.getMessage());
                problems.addAll(e.problems());
            }
        }
        if (!(wanted instanceof Device.Auto) && !(wanted instanceof Device.Cpu)) {
            problems.add(graph.file() + ": where there may be no " + wanted.name()
                    + ", give Device.firstOf(..., Device.cpu()), which falls back and says so");
        }
        throw new LoadException(List.copyOf(problems));
    }

    /** Runs the batches of this graph. */
    GraphRunner runner(BufferPool pool) {
        return new GraphRunner(sessions, pool, sizes);
    }

    /** The budget of a GPU. */
    static ThreadBudget gpu(int index) {
        return GPUS.computeIfAbsent(index, gpu -> ThreadBudget.of(1));
    }

    private static Placement on(Device device, Graph graph, RuntimeOptions options, List<String> passedOver) {
        if (device instanceof Device.Cpu cpu) {
            int most = Math.min(cpu.threads(), options.budget().threads());
            int alone = cpu.spread() == Device.Spread.NARROW ? 1 : most;
            int underLoad = cpu.spread() == Device.Spread.WIDE ? most : 1;
            var sessions = new GraphSessions(
                    graph.name(), threads -> load(graph, SessionPlan.of(cpu, threads)), alone, underLoad);
            var settings = new BatchSettings(Limits.of(options), options.budget(), underLoad, alone);
            return new Placement(
                    cpu, sessions, settings, new BatchSizes(options.maxBatch(), false), ShapeRange.ANY, passedOver);
        }
        if (device instanceof Device.Cuda cuda) {
            var plan = SessionPlan.of(cuda);
            return onGpu(cuda, cuda.index(), plan, ShapeRange.ANY, graph.usualSizes(), graph, options, passedOver);
        }
        if (device instanceof Device.TensorRt tensorRt) {
            var shapes = ShapeRange.of(graph.signature(), options.maxBatch(), tensorRt.sizes(), graph.usualSizes());
            var gpu = TensorRtCache.gpu(
                    tensorRt.index(),
                    TensorRtCache.DRIVER,
                    System.getenv("CUDA_VISIBLE_DEVICES"),
                    SessionPlan.version());
            var cache = TensorRtCache.folder(tensorRt.cache(), graph.sha256(), gpu);
            var plan = SessionPlan.of(tensorRt, graph.signature(), shapes, cache);
            return onGpu(tensorRt, tensorRt.index(), plan, shapes, shapes.usual(), graph, options, passedOver);
        }
        throw new IllegalStateException(device + " is no single device");
    }

    private static Placement onGpu(
            Device device,
            int index,
            SessionPlan plan,
            ShapeRange shapes,
            Map<String, Long> trialSizes,
            Graph graph,
            RuntimeOptions options,
            List<String> passedOver) {
        var sessions = new GraphSessions(graph.name(), threads -> load(graph, plan), 1, 1);
        try {
            tryOut(sessions.session(true), graph.signature(), trialSizes);
        } catch (RunException e) {
            sessions.close();
            throw new LoadException(
                    graph.file() + ": loads and cannot be run" + plan.where() + ": " + e.getMessage(), e);
        }
        var settings = new BatchSettings(Limits.of(options), gpu(index), 1, 1);
        var sizes = new BatchSizes(options.maxBatch(), graph.hasFreeBatch());
        return new Placement(device, sessions, settings, sizes, shapes, passedOver);
    }

    /**
     * Runs a graph once, on zeros: some of CUDA's libraries are first looked for in a run. Where the sizes are not
     * known, nothing is tried.
     *
     * @param sizes of free dimensions other than the batch
     * @throws RunException if ONNX Runtime fails
     */
    static void tryOut(GraphSession session, Signature signature, Map<String, Long> sizes) {
        zeros(signature, sizes, 1).ifPresent(job -> session.run(job.inputs(), job.outputs(), new StopSignal()));
    }

    /**
     * A request of zeros, in direct memory.
     *
     * @param sizes of free dimensions other than the batch
     * @param rows of the batch
     * @return empty where a size is not known
     */
    static Optional<GraphJob> zeros(Signature signature, Map<String, Long> sizes, int rows) {
        var all = new TreeMap<>(sizes);
        if (!signature.inputs().get(0).shape().isEmpty()) {
            signature.inputs().get(0).shape().get(0).name().ifPresent(batch -> all.put(batch, (long) rows));
        }
        var inputs = new ArrayList<HostTensor>();
        for (var input : signature.inputs()) {
            var shape = new ArrayList<Long>();
            for (var dimension : input.shape()) {
                var size = dimension.isFixed() ? Long.valueOf(1) : all.get(dimension.symbol());
                if (size == null) {
                    return Optional.empty();
                }
                shape.add(size * dimension.factor());
            }
            inputs.add(HostTensor.direct(
                    input, shape.stream().mapToLong(Long::longValue).toArray()));
        }
        var shapes = ShapeBinding.of(inputs);
        var outputs = signature.outputs().stream()
                .map(output -> HostTensor.direct(output, shapes.shapeOf(output)))
                .toList();
        return Optional.of(new GraphJob(inputs, outputs));
    }

    private static GraphSession load(Graph graph, SessionPlan plan) {
        return GraphSession.load(graph.file(), graph.signature(), graph.onnx().get(), plan);
    }
}
