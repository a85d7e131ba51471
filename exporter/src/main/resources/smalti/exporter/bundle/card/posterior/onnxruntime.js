import * as ort from "onnxruntime-node"; // in a browser, onnxruntime-web

const posterior = await ort.InferenceSession.create("@NAME@.smalti/posterior.onnx");
const generator = await ort.InferenceSession.create("@NAME@.smalti/generator.onnx");

/** pixels: Uint8Array [@HEIGHT@, @WIDTH@, @CHANNELS@]@if class@; label: its class@end@ */
async function reconstruct(pixels@if class@, label@end@) {
@if class@  const y = new ort.Tensor("int64", BigInt64Array.of(BigInt(label)), [1]);
@end@  const input = new ort.Tensor("uint8", pixels, [1, @HEIGHT@, @WIDTH@, @CHANNELS@]);
  const { mean } = await posterior.run({ pixels: input@if class@, class: y@end@ });
  const { pixels: rebuilt } = await generator.run({ noise: mean@if class@, class: y@end@ });
  return rebuilt.data;
}
