/**
 * ONNX files as those see them who must know what is inside before an engine opens them; no protobuf library.
 *
 * <pre>
 *   file ──Wire (protobuf's bytes)──▶ OnnxFile ──▶ OnnxGraph ──▶ OnnxNode, OnnxTensor, OnnxValue
 * </pre>
 *
 * <p>Start reading at {@link smalti.spec.onnx.OnnxFile}. Weights are never copied: a tensor knows where its bytes lie.
 */
@NullMarked
package smalti.spec.onnx;

import org.jspecify.annotations.NullMarked;
