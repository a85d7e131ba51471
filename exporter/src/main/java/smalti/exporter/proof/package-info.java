/**
 * Compares ONNX Runtime with SameDiff on the same inputs before anything is published.
 *
 * <pre>
 *   pictures, noise ──▶ SameDiffRunner ─┐
 *                  └──▶ OrtRunner ──────┴▶ FloatComparison, PixelComparison, CodeComparison ──▶ Proof a graph
 * </pre>
 *
 * <p>Start reading at {@link smalti.exporter.proof.Prover}.
 */
@NullMarked
package smalti.exporter.proof;

import org.jspecify.annotations.NullMarked;
