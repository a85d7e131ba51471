/**
 * What the runtime costs beside ONNX Runtime alone, measured by JMH, and what becomes of it under load.
 *
 * <pre>
 *   UntrainedBundle ──▶ DecodeBenchmark ──┬─ Codec.decode
 *     or -p bundle=PATH                   └─ ONNX Runtime's own Java API, the same graph and threads
 * </pre>
 *
 * <p>A speed is told as a ratio of two rows of one run. After {@code mvn -DskipTests package}, {@code bench/run} takes
 * what JMH's command line takes:
 *
 * <pre>
 *   bench/run                                          every benchmark, on untrained models
 *   bench/run Decode -p bundle=flowers.smalti -f 3     one benchmark, on a bundle of one's own
 *   bench/run -h                                       all options
 * </pre>
 *
 * <p>Beside JMH there are programs that compare whole settings in turns, each started by the script of its purpose:
 * {@link smalti.bench.ServingTimes} (bench/serving), {@link smalti.bench.ColdStart} (bench/coldstart),
 * {@link smalti.bench.QuotaTimes} (bench/containers), {@link smalti.bench.PassTimes} (bench/passes) and, in the profile
 * {@code djl}, {@code DjlTimes} (bench/djl). docs/performance.md has their figures. {@link smalti.bench.DeviceTimes} runs on
 * a machine with a GPU, from what bench/gpu/pack packs.
 *
 * <p>{@link smalti.bench.WatchedLoad} is a service under load, to see its meters: {@code bench/watched 10 flowers.smalti}.
 *
 * <p>Programs of their own, which say in the end whether what they are about holds, by their exit status too:
 *
 * <pre>
 *   bench/overload flowers.smalti 16                   three times the requests that can be served: OverloadRun
 *   bench/soak flowers.smalti faces.smalti 30          half an hour of load, memory, handles, threads: SoakRun
 * </pre>
 *
 * <p>Start reading at {@link smalti.bench.DecodeBenchmark}.
 */
@NullMarked
package smalti.bench;

import org.jspecify.annotations.NullMarked;
