#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <utility>
#include <vector>

// pixels: [1, @HEIGHT@, @WIDTH@, @CHANNELS@]@if class@; label: its class@end@
std::vector<uint8_t> reconstruct(std::vector<uint8_t>& pixels@if class@, int64_t label@end@) {
  Ort::Env env;
  Ort::Session posterior(env, "@NAME@.smalti/posterior.onnx", Ort::SessionOptions{});
  Ort::Session generator(env, "@NAME@.smalti/generator.onnx", Ort::SessionOptions{});
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const int64_t shape[] = {1, @HEIGHT@, @WIDTH@, @CHANNELS@};
  std::vector<Ort::Value> values;
  values.push_back(Ort::Value::CreateTensor<uint8_t>(memory, pixels.data(), pixels.size(), shape, 4));
@if class@  values.push_back(Ort::Value::CreateTensor<int64_t>(memory, &label, 1, shape, 1));
@end@  const char* inputs[] = {"pixels", "class"};
  const char* means[] = {"mean"};
  auto mean = posterior.Run(Ort::RunOptions{}, inputs, values.data(), @if class@2@end@@if plain@1@end@, means, 1);
  values[0] = std::move(mean[0]);
  const char* latents[] = {"noise", "class"};
  const char* outputs[] = {"pixels"};
  auto rebuilt = generator.Run(Ort::RunOptions{}, latents, values.data(), @if class@2@end@@if plain@1@end@, outputs, 1);
  const uint8_t* data = rebuilt[0].GetTensorData<uint8_t>();
  return {data, data + rebuilt[0].GetTensorTypeAndShapeInfo().GetElementCount()};
}
