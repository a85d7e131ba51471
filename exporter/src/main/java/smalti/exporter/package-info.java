/**
 * SameDiff graphs, runs and ONNX files → ONNX files and bundles, checked and proven. There are three doors:
 *
 * <pre>
 *   a SameDiff graph   ──▶ OnnxExporter          ──▶ an ONNX file
 *   a run folder       ──▶ bundle.BundleExporter ──▶ a bundle
 *   an ONNX file       ──▶ file.OnnxOptimizer, … ──▶ an ONNX file, or what is known of it
 * </pre>
 *
 * <p>Behind each of them:
 *
 * <pre>
 *   samediff ──▶ lowering ──▶ graph ──▶ pass, precision, opset ──▶ onnx (writes and reads files) ──▶ proof (runs them)
 * </pre>
 *
 * <p>Start reading at {@link smalti.exporter.OnnxExporter}.
 */
@NullMarked
package smalti.exporter;

import org.jspecify.annotations.NullMarked;
