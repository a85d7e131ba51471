import * as ort from "onnxruntime-node"; // in a browser, onnxruntime-web

const generator = await ort.InferenceSession.create("@NAME@.smalti/generator.onnx");

/** noise: Float32Array [count, @LENGTH@], standard normal@if class@; classes: whole numbers, one for each@end@ */
async function generate(noise@if class@, classes@end@) {
  const count = noise.length / @LENGTH@;
  const { pixels } = await generator.run({
    noise: new ort.Tensor("float32", noise, [count, @LENGTH@]),
@if class@    class: new ort.Tensor("int64", BigInt64Array.from(classes, BigInt), [count]),
@end@  });
  return pixels.data;
}
