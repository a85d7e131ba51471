#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <vector>

// noise: [count, @LENGTH@], standard normal@if class@; classes: [count]@end@
std::vector<uint8_t> generate(std::vector<float>& noise@if class@, std::vector<int64_t>& classes@end@) {
  Ort::Env env;
  Ort::Session generator(env, "@NAME@.smalti/generator.onnx", Ort::SessionOptions{});
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const int64_t shape[] = {static_cast<int64_t>(noise.size()) / @LENGTH@, @LENGTH@};
  const char* inputs[] = {"noise", "class"};
  const char* outputs[] = {"pixels"};
  std::vector<Ort::Value> values;
  values.push_back(Ort::Value::CreateTensor<float>(memory, noise.data(), noise.size(), shape, 2));
@if class@  values.push_back(Ort::Value::CreateTensor<int64_t>(memory, classes.data(), classes.size(), shape, 1));
@end@  auto pixels = generator.Run(Ort::RunOptions{}, inputs, values.data(), values.size(), outputs, 1);
  const uint8_t* data = pixels[0].GetTensorData<uint8_t>();
  return {data, data + pixels[0].GetTensorTypeAndShapeInfo().GetElementCount()};
}
