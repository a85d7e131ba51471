package smalti.exporter.bundle;

import java.util.List;
import java.util.Objects;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Role;

/** What a card says of pixels to codes and back. */
record CodecCard(BundleManifest manifest) implements CardSection {
    @Override
    public String summary() {
        var codebook = manifest.contracts().get(Contract.Codebook.class);
        double bits = Math.log(codebook.codes()) / Math.log(2);
        return "An image codec (%s): %s pictures to codes and back. A code is one of %d and stands for %dx%4$d pixels, which makes %s bits a pixel."
                .formatted(
                        manifest.provenance().family(),
                        manifest.pixels().channels() == 1 ? "grey" : "RGB",
                        codebook.codes(),
                        codebook.factor(),
                        ModelCard.number(bits / codebook.factor() / codebook.factor()));
    }

    @Override
    public List<String> contracts() {
        return List.of();
    }

    @Override
    public List<String> limits() {
        var pixels = manifest.pixels();
        var codebook = manifest.contracts().get(Contract.Codebook.class);
        return List.of(
                "Trained on pictures of %dx%d pixels; ".formatted(pixels.width(), pixels.height())
                        + (takes().get(1).isFixed()
                                ? "it takes no other size."
                                : "it takes others whose height and width are multiples of " + codebook.factor()
                                        + ", and is the better the more they look like those."),
                "`detokenize` does not check codes: one below 0 or above " + (codebook.codes() - 1)
                        + " gives a wrong picture or an error.",
                "Codes belong to this codebook alone, whose fingerprint is `" + codebook.exportedFingerprint() + "`.");
    }

    /** The axes of the pixels that it takes. */
    private List<Dimension> takes() {
        return Objects.requireNonNull(manifest.graphs().get(Role.TOKENIZE.fileStem()))
                .signature()
                .inputs()
                .get(0)
                .shape();
    }

    @Override
    public String smalti() {
        return ModelCard.fill("""
                static BufferedImage reconstruct(BufferedImage picture) {
                    try (SmaltiModel model = SmaltiModel.open(Path.of("@NAME@.smalti"))) {
                        Codec codec = model.codec();
                        Codes codes = codec.encode(picture);
                        return codec.decode(codes).image(0);
                    }
                }
                """, manifest);
    }

    @Override
    public String java() {
        return ModelCard.fill("""
                /** @param pixels [1, height, width, @CHANNELS@] */
                static byte[] reconstruct(byte[] pixels, long height, long width) throws OrtException {
                    OrtEnvironment environment = OrtEnvironment.getEnvironment();
                    try (OrtSession tokenize = environment.createSession("@NAME@.smalti/tokenize.onnx");
                            OrtSession detokenize = environment.createSession("@NAME@.smalti/detokenize.onnx");
                            OnnxTensor input = OnnxTensor.createTensor(
                                    environment, ByteBuffer.wrap(pixels), new long[] {1, height, width, @CHANNELS@}, OnnxJavaType.UINT8);
                            OrtSession.Result codes = tokenize.run(Map.of("pixels", input));
                            OrtSession.Result rebuilt = detokenize.run(Map.of("codes", (OnnxTensor) codes.get(0)))) {
                        ByteBuffer bytes = ((OnnxTensor) rebuilt.get(0)).getByteBuffer();
                        byte[] result = new byte[bytes.remaining()];
                        bytes.get(result);
                        return result;
                    }
                }
                """, manifest);
    }

    @Override
    public String python() {
        return ModelCard.fill(
                """
                import numpy as np
                import onnxruntime
                from PIL import Image

                tokenize = onnxruntime.InferenceSession("@NAME@.smalti/tokenize.onnx")
                detokenize = onnxruntime.InferenceSession("@NAME@.smalti/detokenize.onnx")
                picture = Image.open("picture.png").convert("@MODE@")
                """ + size() + """
                pixels = np.asarray(picture, np.uint8).reshape(1, picture.height, picture.width, @CHANNELS@)
                (codes,) = tokenize.run(None, {"pixels": pixels})
                (rebuilt,) = detokenize.run(None, {"codes": codes})
                """ + "Image.fromarray(rebuilt[0]"
                        + (manifest.pixels().channels() == 1 ? "[:, :, 0]" : "") + ").save(\"rebuilt.png\")\n",
                manifest);
    }

    /** Brings the picture to a size that the model takes. */
    private String size() {
        var shape = takes();
        return shape.get(1).isFixed()
                ? "picture = picture.resize((" + shape.get(2) + ", " + shape.get(1) + "))\n"
                : "picture = picture.crop((0, 0, picture.width // @FACTOR@ * @FACTOR@, picture.height // @FACTOR@ *"
                        + " @FACTOR@))\n";
    }

    @Override
    public String javascript() {
        return ModelCard.fill("""
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
                """, manifest);
    }

    @Override
    public String cpp() {
        return ModelCard.fill("""
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
                """, manifest);
    }
}
