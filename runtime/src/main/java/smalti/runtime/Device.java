package smalti.runtime;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import smalti.spec.Check;

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
        return new Cpu(new CpuValues(
                Runtime.getRuntime().availableProcessors(), Spread.ADAPTIVE, null, false, false, Map.of()));
    }

    /**
     * A GPU through CUDA; see {@link Cuda}. It needs ONNX Runtime's GPU jar on the class path instead of the plain one.
     *
     * @param index as CUDA counts them, from 0
     */
    static Cuda cuda(int index) {
        return new Cuda(new CudaValues(
                index,
                Cuda.ALL_MEMORY,
                ConvolutionSearch.HEURISTIC,
                ArenaGrowth.AS_REQUESTED,
                false,
                false,
                false,
                Map.of()));
    }

    /**
     * A GPU through TensorRT, which compiles the graph for it when it is first loaded; see {@link TensorRt}.
     *
     * @param index as CUDA counts them, from 0
     */
    static TensorRt tensorrt(int index) {
        return new TensorRt(
                new TensorRtValues(cuda(index), true, TensorRt.ALL_MEMORY, TensorRtValues.defaultCache(), Map.of()));
    }

    /** {@code cuda(0)} where that can run the graph, else the processor. */
    static Auto auto() {
        return firstOf(cuda(0), cpu());
    }

    /** The first that can run the graph. */
    static Auto firstOf(Device... devices) {
        Objects.requireNonNull(devices, "devices");
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

    /** The processor. */
    final class Cpu extends ByValue implements Device {
        private final CpuValues values;

        private Cpu(CpuValues values) {
            this.values = values;
        }

        @Override
        public String name() {
            return "cpu";
        }

        public Cpu withThreads(int threads) {
            return new Cpu(values.withThreads(threads));
        }

        public Cpu withSpread(Spread spread) {
            Objects.requireNonNull(spread, "spread");
            return new Cpu(values.withSpread(spread));
        }

        public Cpu withSpin(Duration spin) {
            Objects.requireNonNull(spin, "spin");
            return new Cpu(values.withSpin(spin));
        }

        public Cpu withFlushDenormals(boolean flushDenormals) {
            return new Cpu(values.withFlushDenormals(flushDenormals));
        }

        public Cpu withShrink(boolean shrink) {
            return new Cpu(values.withShrink(shrink));
        }

        /** Adds an entry. */
        public Cpu withSessionConfig(String key, String value) {
            return new Cpu(values.withSessionConfig(key, value));
        }

        /** Threads that are used at most; by default the processors that this JVM may use, in a container its quota. */
        public int threads() {
            return values.threads();
        }

        /** How runs share them. */
        public Spread spread() {
            return values.spread();
        }

        /** How long a thread that ran out of work turns round before it sleeps: answers sooner where calls come
         * close together, and keeps the processor busy for nothing where they do not; null for ONNX Runtime's own time. */
        public @Nullable Duration spin() {
            return values.spin();
        }

        /** Whether numbers below 1.2e-38 count as zero: faster where a model makes many of them. */
        public boolean flushDenormals() {
            return values.flushDenormals();
        }

        /** Whether ONNX Runtime gives back after each run what memory it took: for services where a large picture
         * comes now and then, whose memory would otherwise be kept. A run that needs it again must ask for it. */
        public boolean shrink() {
            return values.shrink();
        }

        /** Entries of ONNX Runtime's session configuration, of those in {@link SessionConfig#KEYS}. */
        public Map<String, String> sessionConfig() {
            return values.sessionConfig();
        }

        @Override
        Record values() {
            return values;
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
     */
    final class Cuda extends ByValue implements Device {
        public static final long ALL_MEMORY = Long.MAX_VALUE;

        private final CudaValues values;

        private Cuda(CudaValues values) {
            this.values = values;
        }

        @Override
        public String name() {
            return "cuda:" + values.index();
        }

        public Cuda withMemoryLimit(long bytes) {
            return new Cuda(values.withMemoryLimit(bytes));
        }

        public Cuda withSearch(ConvolutionSearch search) {
            Objects.requireNonNull(search, "search");
            return new Cuda(values.withSearch(search));
        }

        public Cuda withGrowth(ArenaGrowth growth) {
            Objects.requireNonNull(growth, "growth");
            return new Cuda(values.withGrowth(growth));
        }

        public Cuda withTf32(boolean tf32) {
            return new Cuda(values.withTf32(tf32));
        }

        public Cuda withNhwc(boolean nhwc) {
            return new Cuda(values.withNhwc(nhwc));
        }

        public Cuda withFuseBias(boolean fuseBias) {
            return new Cuda(values.withFuseBias(fuseBias));
        }

        /** Adds an entry. */
        public Cuda withSessionConfig(String key, String value) {
            return new Cuda(values.withSessionConfig(key, value));
        }

        /** The GPU, as CUDA counts them, from 0. */
        public int index() {
            return values.index();
        }

        /** Bytes of GPU memory that each graph may take for weights and tensors; CUDA's libraries come on
         * top. {@link #ALL_MEMORY}: as much as there is. */
        public long memoryLimit() {
            return values.memoryLimit();
        }

        /** How the algorithms of convolutions are looked for. */
        public ConvolutionSearch search() {
            return values.search();
        }

        /** How the store of GPU memory grows. */
        public ArenaGrowth growth() {
            return values.growth();
        }

        /** Whether the factors of products are rounded to 10 bits of mantissa, on GPUs that can: less exact, and
         * faster. */
        public boolean tf32() {
            return values.tf32();
        }

        /** Whether ONNX Runtime lays pictures out with the channels last on the GPU. */
        public boolean nhwc() {
            return values.nhwc();
        }

        /** Whether cuDNN adds the bias of a convolution in the same step. */
        public boolean fuseBias() {
            return values.fuseBias();
        }

        /** Entries of ONNX Runtime's session configuration, of those in {@link SessionConfig#KEYS}. */
        public Map<String, String> sessionConfig() {
            return values.sessionConfig();
        }

        @Override
        Record values() {
            return values;
        }
    }

    /**
     * A GPU through TensorRT. The first load of a graph compiles it, which can take minutes, and keeps the result in a
     * folder for the next ones. Batches are padded and take turns as with {@link Cuda}.
     *
     * <p>An engine is for a range of shapes: batches up to {@link RuntimeOptions#maxBatch}, and pictures of the size
     * that the model was trained on unless {@link #withSizes} says otherwise. Requests of other sizes are refused.
     */
    final class TensorRt extends ByValue implements Device {
        public static final long ALL_MEMORY = Long.MAX_VALUE;

        private final TensorRtValues values;

        private TensorRt(TensorRtValues values) {
            this.values = values;
        }

        /** The GPU's index, as CUDA counts them. */
        public int index() {
            return values.cuda().index();
        }

        @Override
        public String name() {
            return "tensorrt:" + index();
        }

        public TensorRt withCuda(Cuda cuda) {
            Objects.requireNonNull(cuda, "cuda");
            return new TensorRt(values.withCuda(cuda));
        }

        public TensorRt withFp16(boolean fp16) {
            return new TensorRt(values.withFp16(fp16));
        }

        public TensorRt withWorkspaceLimit(long bytes) {
            return new TensorRt(values.withWorkspaceLimit(bytes));
        }

        public TensorRt withCache(Path folder) {
            Objects.requireNonNull(folder, "folder");
            return new TensorRt(values.withCache(folder));
        }

        /**
         * Gives the sizes of a free dimension.
         *
         * @param usual what engines are made fastest for
         */
        public TensorRt withSizes(String dimension, long least, long usual, long most) {
            Objects.requireNonNull(dimension, "dimension");
            return new TensorRt(values.withSizes(dimension, new Sizes(least, usual, most)));
        }

        /** The GPU, and how operations that TensorRT lacks run on it. */
        public Cuda cuda() {
            return values.cuda();
        }

        /** Whether TensorRT may compute in FP16 where that is faster, whatever the graph's own precision. */
        public boolean fp16() {
            return values.fp16();
        }

        /** Bytes of GPU memory that a single layer may take to work in; {@link #ALL_MEMORY}: as much as
         * there is. */
        public long workspaceLimit() {
            return values.workspaceLimit();
        }

        /** The folder for compiled engines, one folder in it for each graph and kind of GPU. Nobody else should be
         * able to write there: engines are code. */
        public Path cache() {
            return values.cache();
        }

        /** Sizes of free dimensions, by their names in the signature ({@code h} of {@code 4*h}). */
        public Map<String, Sizes> sizes() {
            return values.sizes();
        }

        @Override
        Record values() {
            return values;
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
            devices = NoNulls.in(devices, "devices");
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
