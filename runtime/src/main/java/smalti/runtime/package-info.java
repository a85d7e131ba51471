/**
 * A bundle to codes and images, on ONNX Runtime; no training engine.
 *
 * <pre>
 *   bundle ──SmaltiModel.open──▶ SmaltiModel ─┬─ codec() ─────▶ Pixels ⇄ Codes
 *                                             ├─ posterior() ─▶ Pixels ⇄ Distributions
 *   (folder, zip, stream)                     └─ generator() ─▶ (count, seed) → Pixels
 *   any ONNX file ──OnnxModel.open──▶ OnnxModel ─▶ Tensors by name
 *
 *   the rooms, each of which knows itself and those below it alone:
 *
 *   faces    SmaltiModel, Codec, Posterior, Generator, OnnxModel, LiveModel
 *   bundle   BundleGraphs: the files and graphs of a bundle
 *   rows     RowsRequests, RowsProof: whether rows of an ONNX file may share a run
 *   values   Pixels, Codes, Distributions, Generation, Tensor
 *   graph    GraphService ─▶ GraphRunner ─▶ GraphSession ─▶ ONNX Runtime
 *            Placement: on which Device; Lifecycle: from open to closed
 *   batch    Batcher ─┬─▶ OpenRequests: Admission (who may wait), FairQueue (who is next)
 *                     ├─▶ Dispatcher: batches on BatchThreads; RequestEnds: how they end
 *                     └─▶ WarmUp
 *   options  RuntimeOptions, RequestOptions, Device, ThreadBudget, exceptions
 * </pre>
 *
 * <p>Start reading at {@link smalti.runtime.SmaltiModel}, and below the faces at {@code Batcher}: it decides when what
 * runs. {@code GraphRunner} brings a batch into direct memory, {@code GraphSession} runs it.
 */
@NullMarked
package smalti.runtime;

import org.jspecify.annotations.NullMarked;
