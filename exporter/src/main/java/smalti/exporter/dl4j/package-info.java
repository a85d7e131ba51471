/**
 * DL4J's own networks → SameDiff graphs, which {@link smalti.exporter.OnnxExporter} turns into ONNX.
 *
 * <pre>
 *   MultiLayerNetwork ─┐
 *   ComputationGraph  ─┼─▶ NetworkConversion ─▶ LayerConversions, VertexConversions, … ─▶ SameDiff ─▶ OnnxExporter
 *   network.zip ─▶ NetworkFile                                                                          │
 *                                             model.onnx, proven against the network's own output ◀─────┘
 * </pre>
 *
 * <p>The one package that knows DL4J, which is an optional dependency: nothing else loads a class of it. Start reading at
 * {@link smalti.exporter.dl4j.Dl4jNetworks}.
 */
@NullMarked
package smalti.exporter.dl4j;

import org.jspecify.annotations.NullMarked;
