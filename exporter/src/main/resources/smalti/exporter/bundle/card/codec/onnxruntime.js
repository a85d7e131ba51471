import * as ort from "onnxruntime-node"; // in a browser, onnxruntime-web

const tokenize = await ort.InferenceSession.create("@NAME@.smalti/tokenize.onnx");
const detokenize = await ort.InferenceSession.create("@NAME@.smalti/detokenize.onnx");

/** pixels: Uint8Array [height, width, @CHANNELS@]; codes are BigInts */
async function reconstruct(pixels, height, width) {
  const input = new ort.Tensor("uint8", pixels, [1, height, width, @CHANNELS@]);
  const { codes } = await tokenize.run({ pixels: input });
  const { pixels: rebuilt } = await detokenize.run({ codes });
  return rebuilt.data;
}
