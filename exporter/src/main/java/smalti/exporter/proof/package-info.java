/**
 * Compares ONNX Runtime with SameDiff on the same inputs before anything is published.
 *
 * <pre>
 *   pictures, noise ──▶ SameDiffRunner ─┐
 *                  └──▶ ModelSession ───┴▶ FloatComparison, PixelComparison, CodeComparison ──▶ Proof a graph
 * </pre>
 *
 * <p>ONNX Runtime runs in a process of its own ({@link smalti.exporter.proof.EngineProcess}), as some files end it.
 *
 * <p>Start reading at {@link smalti.exporter.proof.GraphProver}.
 */
@NullMarked
package smalti.exporter.proof;

import org.jspecify.annotations.NullMarked;
