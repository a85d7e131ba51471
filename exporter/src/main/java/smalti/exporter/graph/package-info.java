/**
 * The graph that is exported: ONNX's operators and names in plain immutable records, without protobuf and without nd4j.
 *
 * <pre>
 *   GraphBuilder ──▶ Graph = inputs, outputs (Value) + initializers (Tensor) + Node…(Attribute) ──▶ GraphCheck
 * </pre>
 *
 * <p>Start reading at {@link smalti.exporter.graph.Graph}.
 */
@NullMarked
package smalti.exporter.graph;

import org.jspecify.annotations.NullMarked;
