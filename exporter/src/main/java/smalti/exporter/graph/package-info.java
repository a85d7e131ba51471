/**
 * The graph that is exported: ONNX's operators and names in plain immutable records, without protobuf and without nd4j.
 *
 * <pre>
 *   GraphAssembler ──▶ Graph = inputs, outputs (Value) + initializers (Tensor) + Node…(Attribute) ──▶ GraphCheck
 * </pre>
 *
 * <p>{@link smalti.exporter.graph.Shapes} says what is surely known of each value; a {@link
 * smalti.exporter.graph.Model} is a graph with all that a file says around it. The rule of an operator's shape is a row of
 * its kind, such as {@code ConvolutionShapes}.
 *
 * <p>Start reading at {@link smalti.exporter.graph.Graph}.
 */
@NullMarked
package smalti.exporter.graph;

import org.jspecify.annotations.NullMarked;
