/**
 * A run folder of SameDiff graphs → ONNX, checked and proven → a bundle.
 *
 * <pre>
 *   run folder ─▶ RunFolder ─▶ samediff.SourceGraph ─▶ lowering.Lowerings ─▶ graph.Graph ─▶ Stitcher (adds tokenize, …)
 *                                                                               │
 *   bundle ◀── moved into place whole ◀── proof.Prover ◀── onnx.OnnxWriter ◀── graph.GraphCheck
 * </pre>
 *
 * <p>ONNX files from anywhere go through {@link smalti.exporter.OnnxOptimizer}, {@link smalti.exporter.OnnxFileCheck},
 * {@link smalti.exporter.OnnxDiff} and {@link smalti.exporter.OnnxInspector}.
 *
 * <p>It knows no model family: what a graph is for is its {@link smalti.spec.bundle.Role}, and what a bundle can be asked for is
 * a {@code Service} each, which the rest goes through. Start reading at {@link smalti.exporter.BundleExporter}.
 */
@NullMarked
package smalti.exporter;

import org.jspecify.annotations.NullMarked;
