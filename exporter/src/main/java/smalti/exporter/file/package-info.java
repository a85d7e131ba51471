/**
 * What works on an ONNX file from anywhere: check, inspect, compare, optimize, another opset or precision.
 *
 * <pre>
 *   file ─┬─▶ OnnxFileCheck, OnnxInspector ──▶ problems, figures
 *         ├─▶ OnnxDiff ─────────────────────▶ how far two files differ
 *         └─▶ OnnxOptimizer, OnnxOpset, OnnxPrecision ──▶ EqualityProof or a gate ──▶ another file
 *                                                             └ SeededRun: inputs that fit, made up or given
 * </pre>
 *
 * <p>Start reading at {@link smalti.exporter.file.OnnxOptimizer}.
 */
@NullMarked
package smalti.exporter.file;

import org.jspecify.annotations.NullMarked;
