/**
 * Graphs as ONNX files; the only package that knows protobuf.
 *
 * <p>Start reading at {@link smalti.exporter.onnx.OnnxWriter}.
 */
@NullMarked
package smalti.exporter.onnx;

import org.jspecify.annotations.NullMarked;
