#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <vector>

// pixels: [1, height, width, @CHANNELS@]
std::vector<uint8_t> reconstruct(std::vector<uint8_t>& pixels, int64_t height, int64_t width) {
  Ort::Env env;
  Ort::Session tokenize(env, "@NAME@.smalti/tokenize.onnx", Ort::SessionOptions{});
  Ort::Session detokenize(env, "@NAME@.smalti/detokenize.onnx", Ort::SessionOptions{});
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const int64_t shape[] = {1, height, width, @CHANNELS@};
  const char* names[] = {"pixels", "codes"};
  auto input = Ort::Value::CreateTensor<uint8_t>(memory, pixels.data(), pixels.size(), shape, 4);
  auto codes = tokenize.Run(Ort::RunOptions{}, &names[0], &input, 1, &names[1], 1);
  auto rebuilt = detokenize.Run(Ort::RunOptions{}, &names[1], codes.data(), 1, &names[0], 1);
  const uint8_t* data = rebuilt[0].GetTensorData<uint8_t>();
  return {data, data + rebuilt[0].GetTensorTypeAndShapeInfo().GetElementCount()};
}
