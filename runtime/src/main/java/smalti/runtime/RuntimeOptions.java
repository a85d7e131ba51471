package smalti.runtime;

import smalti.spec.Check;
import smalti.spec.Precision;

/**
 * How a model is run. None of these changes a result, but for the precision.
 *
 * @param intraOpThreads threads that share the work of one run; by default the processors that this JVM may use. Where
 *     many requests run at once, processors divided by concurrent requests serves best
 * @param maxBatch most pictures in one run; larger requests are cut. It bounds the memory of a request
 * @param maxFileBytes most bytes in a file of the bundle, unpacked; guards against a zip bomb
 * @param precision of the graphs, where the bundle holds them in it; others run in FP32, as
 *     {@link SmaltiModel#precision} tells
 */
public record RuntimeOptions(int intraOpThreads, int maxBatch, int maxFileBytes, Precision precision) {
    public RuntimeOptions {
        Check.that(
                        intraOpThreads >= 1 && intraOpThreads <= 1024,
                        "intraOpThreads must be from 1 to 1024, got %s",
                        intraOpThreads)
                .and(maxBatch >= 1 && maxBatch <= 4096, "maxBatch must be from 1 to 4096, got %s", maxBatch)
                .and(
                        maxFileBytes >= 1024 && maxFileBytes < Integer.MAX_VALUE - 8,
                        "maxFileBytes must be from 1024 to %s, got %s",
                        Integer.MAX_VALUE - 9,
                        maxFileBytes)
                .done();
    }

    /** All processors, batches of at most 16, files of at most 1 GiB, FP32. */
    public static RuntimeOptions defaults() {
        return new RuntimeOptions(Runtime.getRuntime().availableProcessors(), 16, 1 << 30, Precision.FP32);
    }

    public RuntimeOptions withIntraOpThreads(int intraOpThreads) {
        return new RuntimeOptions(intraOpThreads, maxBatch, maxFileBytes, precision);
    }

    public RuntimeOptions withMaxBatch(int maxBatch) {
        return new RuntimeOptions(intraOpThreads, maxBatch, maxFileBytes, precision);
    }

    public RuntimeOptions withMaxFileBytes(int maxFileBytes) {
        return new RuntimeOptions(intraOpThreads, maxBatch, maxFileBytes, precision);
    }

    public RuntimeOptions withPrecision(Precision precision) {
        return new RuntimeOptions(intraOpThreads, maxBatch, maxFileBytes, precision);
    }
}
