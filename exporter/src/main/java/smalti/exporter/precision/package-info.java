/**
 * Graphs of fewer bits: FP16 with islands of FP32, and INT8 in ONNX's QDQ form.
 *
 * <pre>
 *   samples ── Observations ─► Ranges ──► Quantizer ──► INT8 model
 *                                 │            ▲
 *                                 │            └── Int8Search: which layers stay in float until the gate holds
 *                                 └─────► HalfPrecision ──► FP16 model
 *
 *   Quantizer ──► QuantizationPlan   which nodes work in bytes ──► Epilogues, LinearLayer, Dataflow
 *             ──► QuantizedWeights   a layer's constants in whole numbers
 *             ──► QuantizedValues    which values are there in bytes ──► QdqBuilder: nodes and constants
 * </pre>
 *
 * <p>Start with {@link smalti.exporter.precision.Int8Search} and {@link smalti.exporter.precision.HalfPrecision}.
 */
@NullMarked
package smalti.exporter.precision;

import org.jspecify.annotations.NullMarked;
