/**
 * SameDiff operations to ONNX operators, one row each.
 *
 * <pre>
 *   SourceGraph ──▶ Lowerings ──for each op──▶ Lowering ──▶ Emitter ──▶ Graph
 * </pre>
 *
 * <p>To add an operation: a row in the {@code …Lowerings} class of its kind, and a row in the test that compares it with
 * an independent reference. Start reading at {@link smalti.exporter.lowering.Lowerings}.
 */
@NullMarked
package smalti.exporter.lowering;

import org.jspecify.annotations.NullMarked;
