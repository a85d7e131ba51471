/**
 * A bundle to codes and images, on ONNX Runtime; no training engine.
 *
 * <pre>
 *   bundle ──SmaltiModel.open──▶ SmaltiModel ─┬─ codec() ─────▶ Pixels ⇄ Codes
 *   (folder or zip)                           └─ generator() ─▶ (count, seed) → Pixels
 * </pre>
 *
 * <p>Start reading at {@link smalti.runtime.SmaltiModel}. Under the faces, a request becomes {@code HostTensor}s,
 * {@code ChunkedRuns} cuts it into batches and brings each into direct memory, {@code GraphSession} runs it.
 */
@NullMarked
package smalti.runtime;

import org.jspecify.annotations.NullMarked;
