/**
 * A bundle to codes and images, on ONNX Runtime; no training engine.
 *
 * <pre>
 *   bundle ──SmaltiModel.open──▶ SmaltiModel ─┬─ codec() ─────▶ Pixels ⇄ Codes
 *   (folder, zip, stream)                     └─ generator() ─▶ (count, seed) → Pixels
 *   any ONNX file ──OnnxModel.open──▶ OnnxModel ─▶ Tensors by name
 *
 *   a face ─▶ GraphService ─▶ Batcher ─▶ GraphRunner ─▶ GraphSession ─▶ ONNX Runtime
 *                              │ └ FairQueue, BatchCosts     └ Placement: on which Device
 *                              └ ThreadBudget
 * </pre>
 *
 * <p>Start reading at {@link smalti.runtime.SmaltiModel}, and below the faces at {@code Batcher}: it decides when what
 * runs, {@code FairQueue} who is next, {@code ThreadBudget} on how many threads. {@code GraphRunner} brings a batch into
 * direct memory, {@code GraphSession} runs it.
 */
@NullMarked
package smalti.runtime;

import org.jspecify.annotations.NullMarked;
