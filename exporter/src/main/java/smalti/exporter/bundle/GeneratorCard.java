package smalti.exporter.bundle;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;

/** What a card says of noise, and a class where there are classes, to pixels. */
record GeneratorCard(BundleManifest manifest) implements CardSection {
    @Override
    public String summary() {
        var pixels = manifest.pixels();
        return "An image generator (%s): %dx%d %s pictures out of %d numbers%s."
                .formatted(
                        manifest.provenance().family(),
                        pixels.width(),
                        pixels.height(),
                        pixels.channels() == 1 ? "grey" : "RGB",
                        manifest.contracts().get(Contract.Noise.class).length(),
                        conditional() ? " and a class" : "");
    }

    @Override
    public List<String> contracts() {
        var noise = manifest.contracts().get(Contract.Noise.class);
        var text = "`noise` is standard normal, " + noise.length() + " numbers a picture. Picture i of a seed has, in"
                + " every Smalti runtime, the noise of the counter-based generator `" + noise.generator()
                + "`: Philox4x32 with 10 rounds, key (seed low, seed high), counter (block, 0, i low, i high); of"
                + " each block's words (a, b, c, d), with u = (a + 1)/2³² and v = b/2³², √(−2 ln u)·cos 2πv and"
                + " √(−2 ln u)·sin 2πv, then the same of c and d.";
        var classes = manifest.contracts().classes();
        if (classes.isEmpty()) {
            return List.of(text);
        }
        var numbered = IntStream.range(0, classes.size()).mapToObj(i -> i + " " + classes.get(i));
        return List.of(text, "Classes: " + numbered.collect(Collectors.joining(", ")) + ".");
    }

    @Override
    public List<String> limits() {
        var pixels = manifest.pixels();
        return List.of("It makes pictures like those that it was trained on, of " + pixels.width() + "x"
                + pixels.height() + " pixels, and nothing else.");
    }

    private boolean conditional() {
        return manifest.contracts().has(Contract.Classes.class);
    }

    @Override
    public String smalti() {
        return ModelCard.fill("""
                static List<BufferedImage> generate(int count, long seed) {
                    try (SmaltiModel model = SmaltiModel.open(Path.of("@NAME@.smalti"))) {
                        return model.generator().generate(count, seed%s).images();
                    }
                }
                """.formatted(conditional() ? ", 0" : ""), manifest);
    }

    @Override
    public String java() {
        return ModelCard.fill(
                """
                /** @param noise [count, @LENGTH@], standard normal%s */
                static byte[] generate(float[] noise%s) throws OrtException {
                    OrtEnvironment environment = OrtEnvironment.getEnvironment();
                    long count = noise.length / @LENGTH@;
                    try (OrtSession generator = environment.createSession("@NAME@.smalti/generator.onnx");
                            OnnxTensor z = OnnxTensor.createTensor(environment, FloatBuffer.wrap(noise), new long[] {count, @LENGTH@});
                %s            OrtSession.Result result = generator.run(Map.of("noise", z%s))) {
                        ByteBuffer bytes = ((OnnxTensor) result.get(0)).getByteBuffer();
                        byte[] pixels = new byte[bytes.remaining()];
                        bytes.get(pixels);
                        return pixels;
                    }
                }
                """.formatted(
                                conditional() ? "; classes [count]" : "",
                                conditional() ? ", long[] classes" : "",
                                conditional()
                                        ? "            OnnxTensor labels = OnnxTensor.createTensor(environment,"
                                                + " LongBuffer.wrap(classes), new long[] {count});\n"
                                        : "",
                                conditional() ? ", \"class\", labels" : ""),
                manifest);
    }

    @Override
    public String python() {
        return ModelCard.fill(
                """
                import numpy as np
                import onnxruntime
                from PIL import Image

                generator = onnxruntime.InferenceSession("@NAME@.smalti/generator.onnx")
                noise = np.random.default_rng(7).standard_normal((4, @LENGTH@), np.float32)
                (pixels,) = generator.run(None, {"noise": noise%s})
                for i, picture in enumerate(pixels):
                    Image.fromarray(picture%s).save(f"{i}.png")
                """.formatted(
                                conditional() ? ", \"class\": np.zeros(4, np.int64)" : "",
                                manifest.pixels().channels() == 1 ? "[:, :, 0]" : ""),
                manifest);
    }

    @Override
    public String javascript() {
        return ModelCard.fill(
                """
                import * as ort from "onnxruntime-node"; // in a browser, onnxruntime-web

                const generator = await ort.InferenceSession.create("@NAME@.smalti/generator.onnx");

                /** noise: Float32Array [count, @LENGTH@], standard normal%s */
                async function generate(noise%s) {
                  const count = noise.length / @LENGTH@;
                  const { pixels } = await generator.run({
                    noise: new ort.Tensor("float32", noise, [count, @LENGTH@]),
                %s  });
                  return pixels.data;
                }
                """.formatted(
                                conditional() ? "; classes: whole numbers, one for each" : "",
                                conditional() ? ", classes" : "",
                                conditional()
                                        ? "    class: new ort.Tensor(\"int64\", BigInt64Array.from(classes, BigInt), [count]),\n"
                                        : ""),
                manifest);
    }

    @Override
    public String cpp() {
        return ModelCard.fill(
                """
                #include <onnxruntime_cxx_api.h>

                #include <cstdint>
                #include <vector>

                // noise: [count, @LENGTH@], standard normal%s
                std::vector<uint8_t> generate(std::vector<float>& noise%s) {
                  Ort::Env env;
                  Ort::Session generator(env, "@NAME@.smalti/generator.onnx", Ort::SessionOptions{});
                  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
                  const int64_t shape[] = {static_cast<int64_t>(noise.size()) / @LENGTH@, @LENGTH@};
                  const char* inputs[] = {"noise", "class"};
                  const char* outputs[] = {"pixels"};
                  std::vector<Ort::Value> values;
                  values.push_back(Ort::Value::CreateTensor<float>(memory, noise.data(), noise.size(), shape, 2));
                %s  auto pixels = generator.Run(Ort::RunOptions{}, inputs, values.data(), values.size(), outputs, 1);
                  const uint8_t* data = pixels[0].GetTensorData<uint8_t>();
                  return {data, data + pixels[0].GetTensorTypeAndShapeInfo().GetElementCount()};
                }
                """.formatted(
                                conditional() ? "; classes: [count]" : "",
                                conditional() ? ", std::vector<int64_t>& classes" : "",
                                conditional()
                                        ? "  values.push_back(Ort::Value::CreateTensor<int64_t>(memory, classes.data(),"
                                                + " classes.size(), shape, 1));\n"
                                        : ""),
                manifest);
    }
}
