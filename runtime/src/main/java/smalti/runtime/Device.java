package smalti.runtime;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;
import smalti.spec.SpecException;

/**
 * What graphs are run on.
 *
 * <p>A device that is named is meant: where a graph cannot be run on it, loading fails with ONNX Runtime's reason.
 * {@link #auto} and {@link #firstOf} take the first of several that can run the graph, log which ones they passed over
 * and why, and {@link SmaltiModel#device} tells which one it became.
 */
public sealed interface Device {
    /** The processor, all of its threads; see {@link Cpu}. */
    static Cpu cpu() {
        return new Cpu(Runtime.getRuntime().availableProcessors(), Spread.ADAPTIVE, null, false, false, Map.of());
    }

    /**
     * A GPU through CUDA; see {@link Cuda}. It needs ONNX Runtime's GPU jar on the class path instead of the plain one.
     *
     * @param index as CUDA counts them, from 0
     */
    static Cuda cuda(int index) {
        return new Cuda(
                index,
                Cuda.ALL_MEMORY,
                ConvolutionSearch.HEURISTIC,
                ArenaGrowth.AS_REQUESTED,
                false,
                false,
                false,
                Map.of());
    }

    /**
     * A GPU through TensorRT, which compiles the graph for it when it is first loaded; see {@link TensorRt}.
     *
     * @param index as CUDA counts them, from 0
     */
    static TensorRt tensorrt(int index) {
        return new TensorRt(cuda(index), true, TensorRt.ALL_MEMORY, EngineCache.defaultFolder(), Map.of());
    }

    /** {@code cuda(0)} where that can run the graph, else the processor. */
    static Auto auto() {
        return firstOf(cuda(0), cpu());
    }

    /** The first that can run the graph. */
    static Auto firstOf(Device... devices) {
        return new Auto(List.of(devices));
    }

    /** Short, for logs and metrics: {@code cpu}, {@code cuda:0}, {@code tensorrt:0}, {@code auto}. */
    String name();

    /** How runs share the processor's threads. */
    enum Spread {
        /**
         * A run has all threads where nothing else is run or waits; under load each run has one, as many at once as
         * there are threads. The graph is loaded a second time when load first comes.
         */
        ADAPTIVE,
        /** Each run has all threads, one at a time. */
        WIDE,
        /** Each run has one thread, as many at once as there are threads. */
        NARROW
    }

    /**
     * The processor.
     *
     * @param threads that are used at most; by default the processors that this JVM may use, in a container its quota
     * @param spread of runs over them
     * @param spin how long a thread that ran out of work turns round before it sleeps: answers sooner where calls come
     *     close together, and keeps the processor busy for nothing where they do not; null for ONNX Runtime's own time
     * @param flushDenormals whether numbers below 1.2e-38 count as zero: faster where a model makes many of them
     * @param shrink whether ONNX Runtime gives back after each run what memory it took: for services where a large picture
     *     comes now and then, whose memory would else be kept; a run that then needs it again must ask for it
     * @param sessionConfig entries of ONNX Runtime's session configuration, of those in {@link SessionConfig#KEYS}
     */
    record Cpu(
            int threads,
            Spread spread,
            @Nullable Duration spin,
            boolean flushDenormals,
            boolean shrink,
            Map<String, String> sessionConfig)
            implements Device {
        public Cpu {
            var problems = new ArrayList<String>();
            if (threads < 1 || threads > 1024) {
                problems.add("threads must be from 1 to 1024, got " + threads);
            }
            if (spin != null && (spin.isNegative() || spin.compareTo(Duration.ofSeconds(1)) > 0)) {
                problems.add("spin must be from 0 to 1 second, got " + spin);
            }
            problems.addAll(SessionConfig.problems(sessionConfig));
            if (!problems.isEmpty()) {
                throw new SpecException(problems);
            }
            sessionConfig = Map.copyOf(sessionConfig);
        }

        @Override
        public String name() {
            return "cpu";
        }

        public Cpu withThreads(int threads) {
            return new Cpu(threads, spread, spin, flushDenormals, shrink, sessionConfig);
        }

        public Cpu withSpread(Spread spread) {
            return new Cpu(threads, spread, spin, flushDenormals, shrink, sessionConfig);
        }

        public Cpu withSpin(Duration spin) {
            return new Cpu(threads, spread, spin, flushDenormals, shrink, sessionConfig);
        }

        public Cpu withFlushDenormals(boolean flushDenormals) {
            return new Cpu(threads, spread, spin, flushDenormals, shrink, sessionConfig);
        }

        public Cpu withShrink(boolean shrink) {
            return new Cpu(threads, spread, spin, flushDenormals, shrink, sessionConfig);
        }

        /** Adds an entry. */
        public Cpu withSessionConfig(String key, String value) {
            var entries = new TreeMap<>(sessionConfig);
            entries.put(key, value);
            return new Cpu(threads, spread, spin, flushDenormals, shrink, entries);
        }
    }

    /** How cuDNN chooses the algorithm of a convolution, once for each shape. */
    enum ConvolutionSearch {
        /** By its rules: nothing is tried out, so that a new shape costs nothing. */
        HEURISTIC,
        /** By trying all of them, which can take more than half a second for each new shape. */
        EXHAUSTIVE,
        /** Always the same one; it is slow. */
        DEFAULT
    }

    /** By how much ONNX Runtime's store of GPU memory grows when it is too small. */
    enum ArenaGrowth {
        /** By what is needed. */
        AS_REQUESTED,
        /** To the next power of two: fewer, larger steps. */
        POWER_OF_TWO
    }

    /**
     * A GPU through CUDA. Batches are padded to powers of two, so that few shapes are ever seen, and run one at a time:
     * all models of the process on one GPU take turns, as fairly as on the processor. {@link RuntimeOptions#budget} does
     * not count for it.
     *
     * @param index as CUDA counts them, from 0
     * @param memoryLimit bytes of GPU memory that each graph may take for weights and tensors; CUDA's libraries come on
     *     top. {@link #ALL_MEMORY}: as much as there is
     * @param search for the algorithms of convolutions
     * @param growth of the store of GPU memory
     * @param tf32 whether the factors of products are rounded to 10 bits of mantissa, on GPUs that can: less exact, and
     *     faster
     * @param nhwc whether ONNX Runtime lays pictures out with the channels last on the GPU
     * @param fuseBias whether cuDNN adds the bias of a convolution in the same step
     * @param sessionConfig entries of ONNX Runtime's session configuration, of those in {@link SessionConfig#KEYS}
     */
    record Cuda(
            int index,
            long memoryLimit,
            ConvolutionSearch search,
            ArenaGrowth growth,
            boolean tf32,
            boolean nhwc,
            boolean fuseBias,
            Map<String, String> sessionConfig)
            implements Device {
        public static final long ALL_MEMORY = Long.MAX_VALUE;
        private static final long LEAST_MEMORY = 1 << 20;

        public Cuda {
            var problems = new ArrayList<String>();
            if (index < 0 || index > 255) {
                problems.add("index must be from 0 to 255, got " + index);
            }
            if (memoryLimit < LEAST_MEMORY) {
                problems.add("memoryLimit must be at least " + LEAST_MEMORY + " bytes, got " + memoryLimit);
            }
            problems.addAll(SessionConfig.problems(sessionConfig));
            if (!problems.isEmpty()) {
                throw new SpecException(problems);
            }
            sessionConfig = Map.copyOf(sessionConfig);
        }

        @Override
        public String name() {
            return "cuda:" + index;
        }

        public Cuda withMemoryLimit(long bytes) {
            return new Cuda(index, bytes, search, growth, tf32, nhwc, fuseBias, sessionConfig);
        }

        public Cuda withSearch(ConvolutionSearch search) {
            return new Cuda(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
        }

        public Cuda withGrowth(ArenaGrowth growth) {
            return new Cuda(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
        }

        public Cuda withTf32(boolean tf32) {
            return new Cuda(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
        }

        public Cuda withNhwc(boolean nhwc) {
            return new Cuda(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
        }

        public Cuda withFuseBias(boolean fuseBias) {
            return new Cuda(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, sessionConfig);
        }

        /** Adds an entry. */
        public Cuda withSessionConfig(String key, String value) {
            var entries = new TreeMap<>(sessionConfig);
            entries.put(key, value);
            return new Cuda(index, memoryLimit, search, growth, tf32, nhwc, fuseBias, entries);
        }
    }

    /**
     * A GPU through TensorRT. The first load of a graph compiles it, which can take minutes, and keeps the result in a
     * folder for the next ones. Batches are padded and take turns as with {@link Cuda}.
     *
     * <p>An engine is for a range of shapes: batches up to {@link RuntimeOptions#maxBatch}, and pictures of the size
     * that the model was trained on unless {@link #withSizes} says otherwise. Requests of other sizes are refused.
     *
     * @param cuda the GPU, and how operations that TensorRT lacks run on it
     * @param fp16 whether TensorRT may compute in FP16 where that is faster, whatever the graph's own precision
     * @param workspaceLimit bytes of GPU memory that a single layer may take to work in; {@link #ALL_MEMORY}: as much as
     *     there is
     * @param cache a folder for compiled engines, one folder in it for each graph and kind of GPU. Nobody else should be
     *     able to write there: engines are code
     * @param sizes of free dimensions, by their names in the signature ({@code h} of {@code 4*h})
     */
    record TensorRt(Cuda cuda, boolean fp16, long workspaceLimit, Path cache, Map<String, Sizes> sizes)
            implements Device {
        public static final long ALL_MEMORY = Long.MAX_VALUE;
        private static final long LEAST_WORKSPACE = 1 << 20;

        public TensorRt {
            Check.that(
                            workspaceLimit >= LEAST_WORKSPACE,
                            "workspaceLimit must be at least %s bytes, got %s",
                            LEAST_WORKSPACE,
                            workspaceLimit)
                    .done();
            sizes = Map.copyOf(sizes);
        }

        /** The GPU's index, as CUDA counts them. */
        public int index() {
            return cuda.index();
        }

        @Override
        public String name() {
            return "tensorrt:" + index();
        }

        public TensorRt withCuda(Cuda cuda) {
            return new TensorRt(cuda, fp16, workspaceLimit, cache, sizes);
        }

        public TensorRt withFp16(boolean fp16) {
            return new TensorRt(cuda, fp16, workspaceLimit, cache, sizes);
        }

        public TensorRt withWorkspaceLimit(long bytes) {
            return new TensorRt(cuda, fp16, bytes, cache, sizes);
        }

        public TensorRt withCache(Path folder) {
            return new TensorRt(cuda, fp16, workspaceLimit, folder, sizes);
        }

        /**
         * Gives the sizes of a free dimension.
         *
         * @param usual what engines are made fastest for
         */
        public TensorRt withSizes(String dimension, long least, long usual, long most) {
            var all = new TreeMap<>(sizes);
            all.put(dimension, new Sizes(least, usual, most));
            return new TensorRt(cuda, fp16, workspaceLimit, cache, all);
        }
    }

    /** The sizes that a free dimension may have; {@code 4*h} is four times that of {@code h}. */
    record Sizes(long least, long usual, long most) {
        public Sizes {
            Check.that(
                            least >= 1 && least <= usual && usual <= most,
                            "sizes must be 1 <= least <= usual <= most, got %s, %s, %s",
                            least,
                            usual,
                            most)
                    .done();
        }

        @Override
        public String toString() {
            return least == most ? Long.toString(least) : least + " to " + most;
        }
    }

    /**
     * The first of several devices that can run the graph, tried in their order by loading it.
     *
     * @param devices at least one, none of them such a choice itself
     */
    record Auto(List<Device> devices) implements Device {
        public Auto {
            devices = List.copyOf(devices);
            Check.that(!devices.isEmpty(), "devices must not be empty")
                    .and(
                            devices.stream().noneMatch(Auto.class::isInstance),
                            "devices must be single devices, got %s",
                            devices.stream().map(Device::name).toList())
                    .done();
        }

        @Override
        public String name() {
            return "auto";
        }
    }
}
