package smalti.exporter.bundle;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;

/** What a card says of pixels, and a class where there are classes, to a normal distribution of latents and back. */
record PosteriorCard(BundleManifest manifest) implements CardSection {
    @Override
    public String summary() {
        var pixels = manifest.pixels();
        return "A variational autoencoder (%s): %dx%d %s pictures%s to normal distributions of %d latent numbers, and back."
                .formatted(
                        manifest.provenance().family(),
                        pixels.width(),
                        pixels.height(),
                        pixels.channels() == 1 ? "grey" : "RGB",
                        conditional() ? " of known classes" : "",
                        posterior().dim());
    }

    @Override
    public List<String> contracts() {
        var y = conditional() ? ", y" : "";
        var paragraphs = new ArrayList<String>();
        paragraphs.add(
                ("`posterior.onnx` gives q(z | x%s) = N(z; `mean`, exp(`logVariance`)) of a picture x%s, every latent"
                                + " number on its own. A sample of it is z = mean + exp(logVariance/2)·ε with ε standard normal; the"
                                + " prior is p(z) = N(0, 1). `decoder.onnx` takes z as `latents`, `generator.onnx` takes it as"
                                + " `noise`.")
                        .formatted(y, conditional() ? " and its `class` y" : ""));
        var likelihood = posterior().deviation() == null
                ? "a pixel is 1 with the probability that `image` says: log p(x | z%s) = Σ x·ln y + (1 − x)·ln(1 − y)"
                        + (posterior().ofBinaryPixels()
                                ? ", x being 0 or 1 by its brightness"
                                : ", x being its brightness, so that this is no logarithm of a probability")
                : "pixels are normal about `image`: log p(x | z%s) = Σ ln N(x; y, s²) with s = "
                        + ModelCard.number(Objects.requireNonNull(posterior().deviation()));
        paragraphs.add(("The likelihood is " + posterior().likelihood() + ": " + likelihood
                        + ", of the float image y of `decoder.onnx`. Its bound is"
                        + " log p(x%s) ≥ E_q[log p(x | z%s)] − KL(q ‖ p), with"
                        + " KL = ½·Σ (mean² + exp(logVariance) − 1 − logVariance). Source: Kingma and Welling 2014,"
                        + " arXiv:1312.6114%s.")
                .formatted(
                        y,
                        conditional() ? " | y" : "",
                        y,
                        conditional() ? "; with classes, Sohn, Lee and Yan 2015" : ""));
        return paragraphs;
    }

    @Override
    public List<String> limits() {
        var pixels = manifest.pixels();
        return List.of(
                "It takes pictures of " + pixels.width() + "x" + pixels.height()
                        + " pixels like those that it was trained on, and no other size.",
                "What comes back of a picture is a mean over all pictures with such latents, and smoother than the original.");
    }

    private Contract.Posterior posterior() {
        return manifest.contracts().get(Contract.Posterior.class);
    }

    private boolean conditional() {
        return manifest.contracts().has(Contract.Classes.class);
    }

    private String fill(String template) {
        var pixels = manifest.pixels();
        return ModelCard.fill(template, manifest)
                .replace("@DIM@", Integer.toString(posterior().dim()))
                .replace("@HEIGHT@", Integer.toString(pixels.height()))
                .replace("@WIDTH@", Integer.toString(pixels.width()));
    }

    @Override
    public String smalti() {
        return fill("""
                static BufferedImage another(BufferedImage picture, long seed) {
                    try (SmaltiModel model = SmaltiModel.open(Path.of("@NAME@.smalti"))) {
                        Posterior posterior = model.posterior()%s;
                        Distributions distributions = posterior.encode(List.of(picture));
                        return posterior.decode(posterior.sample(distributions, seed)).image(0);
                    }
                }
                """.formatted(conditional() ? ".ofClass(0)" : ""));
    }

    @Override
    public String java() {
        return fill("""
                /** @param pixels [1, @HEIGHT@, @WIDTH@, @CHANNELS@]%s */
                static byte[] reconstruct(byte[] pixels%s) throws OrtException {
                    OrtEnvironment environment = OrtEnvironment.getEnvironment();
                    try (OrtSession posterior = environment.createSession("@NAME@.smalti/posterior.onnx");
                            OrtSession generator = environment.createSession("@NAME@.smalti/generator.onnx");
                            OnnxTensor input = OnnxTensor.createTensor(
                                    environment, ByteBuffer.wrap(pixels), new long[] {1, @HEIGHT@, @WIDTH@, @CHANNELS@}, OnnxJavaType.UINT8);
                %s            OrtSession.Result distribution = posterior.run(Map.of("pixels", input%s));
                            OrtSession.Result rebuilt = generator.run(Map.of("noise", (OnnxTensor) distribution.get("mean").get()%s))) {
                        ByteBuffer bytes = ((OnnxTensor) rebuilt.get(0)).getByteBuffer();
                        byte[] result = new byte[bytes.remaining()];
                        bytes.get(result);
                        return result;
                    }
                }
                """.formatted(
                        conditional() ? "; label: its class" : "",
                        conditional() ? ", long label" : "",
                        conditional()
                                ? "            OnnxTensor y = OnnxTensor.createTensor(environment, new long[] {label});\n"
                                : "",
                        conditional() ? ", \"class\", y" : "",
                        conditional() ? ", \"class\", y" : ""));
    }

    @Override
    public String python() {
        var label = conditional() ? ", \"class\": np.zeros(1, np.int64)" : "";
        return fill("""
                import numpy as np
                import onnxruntime
                from PIL import Image

                posterior = onnxruntime.InferenceSession("@NAME@.smalti/posterior.onnx")
                generator = onnxruntime.InferenceSession("@NAME@.smalti/generator.onnx")
                picture = Image.open("picture.png").convert("@MODE@").resize((@WIDTH@, @HEIGHT@))
                pixels = np.asarray(picture, np.uint8).reshape(1, @HEIGHT@, @WIDTH@, @CHANNELS@)
                mean, log_variance = posterior.run(["mean", "logVariance"], {"pixels": pixels%s})
                noise = np.random.default_rng(7).standard_normal(mean.shape, np.float32)
                (another,) = generator.run(None, {"noise": mean + np.exp(log_variance / 2) * noise%s})
                Image.fromarray(another[0]%s).save("another.png")
                """.formatted(label, label, manifest.pixels().channels() == 1 ? "[:, :, 0]" : ""));
    }

    @Override
    public String javascript() {
        return fill("""
                import * as ort from "onnxruntime-node"; // in a browser, onnxruntime-web

                const posterior = await ort.InferenceSession.create("@NAME@.smalti/posterior.onnx");
                const generator = await ort.InferenceSession.create("@NAME@.smalti/generator.onnx");

                /** pixels: Uint8Array [@HEIGHT@, @WIDTH@, @CHANNELS@]%s */
                async function reconstruct(pixels%s) {
                %s  const input = new ort.Tensor("uint8", pixels, [1, @HEIGHT@, @WIDTH@, @CHANNELS@]);
                  const { mean } = await posterior.run({ pixels: input%s });
                  const { pixels: rebuilt } = await generator.run({ noise: mean%s });
                  return rebuilt.data;
                }
                """.formatted(
                conditional() ? "; label: its class" : "",
                conditional() ? ", label" : "",
                conditional() ? "  const y = new ort.Tensor(\"int64\", BigInt64Array.of(BigInt(label)), [1]);\n" : "",
                conditional() ? ", class: y" : "",
                conditional() ? ", class: y" : ""));
    }

    @Override
    public String cpp() {
        var given = conditional() ? "2" : "1";
        return fill("""
                #include <onnxruntime_cxx_api.h>

                #include <cstdint>
                #include <utility>
                #include <vector>

                // pixels: [1, @HEIGHT@, @WIDTH@, @CHANNELS@]%s
                std::vector<uint8_t> reconstruct(std::vector<uint8_t>& pixels%s) {
                  Ort::Env env;
                  Ort::Session posterior(env, "@NAME@.smalti/posterior.onnx", Ort::SessionOptions{});
                  Ort::Session generator(env, "@NAME@.smalti/generator.onnx", Ort::SessionOptions{});
                  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
                  const int64_t shape[] = {1, @HEIGHT@, @WIDTH@, @CHANNELS@};
                  std::vector<Ort::Value> values;
                  values.push_back(Ort::Value::CreateTensor<uint8_t>(memory, pixels.data(), pixels.size(), shape, 4));
                %s  const char* inputs[] = {"pixels", "class"};
                  const char* means[] = {"mean"};
                  auto mean = posterior.Run(Ort::RunOptions{}, inputs, values.data(), %s, means, 1);
                  values[0] = std::move(mean[0]);
                  const char* latents[] = {"noise", "class"};
                  const char* outputs[] = {"pixels"};
                  auto rebuilt = generator.Run(Ort::RunOptions{}, latents, values.data(), %s, outputs, 1);
                  const uint8_t* data = rebuilt[0].GetTensorData<uint8_t>();
                  return {data, data + rebuilt[0].GetTensorTypeAndShapeInfo().GetElementCount()};
                }
                """.formatted(
                        conditional() ? "; label: its class" : "",
                        conditional() ? ", int64_t label" : "",
                        conditional()
                                ? "  values.push_back(Ort::Value::CreateTensor<int64_t>(memory, &label, 1, shape, 1));\n"
                                : "",
                        given,
                        given));
    }
}
