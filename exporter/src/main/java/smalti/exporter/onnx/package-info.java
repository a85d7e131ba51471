/**
 * Graphs as ONNX files; the only package that knows protobuf.
 *
 * <pre>
 *   file of anyone ──▶ OnnxReader ──▶ Model, Graph ──▶ OnnxWriter ──▶ file
 *                        └ Tensors: constants, in the file or beside it
 * </pre>
 *
 * <p>Start reading at {@link smalti.exporter.onnx.OnnxWriter}.
 */
@NullMarked
package smalti.exporter.onnx;

import org.jspecify.annotations.NullMarked;
