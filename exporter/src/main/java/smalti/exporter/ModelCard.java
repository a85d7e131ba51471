package smalti.exporter;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import smalti.spec.BundleManifest;
import smalti.spec.Check;
import smalti.spec.Contract;
import smalti.spec.ElementType;
import smalti.spec.NpyArray;
import smalti.spec.Role;

/**
 * A bundle's {@code README.md}: what the model is, what it makes, how good it is, where it comes from, and how to run it
 * in Java, Python, JavaScript and C++.
 *
 * @param markdown names the pictures by their files, which lie beside it
 * @param pictures PNG files by name
 */
public record ModelCard(String markdown, SortedMap<String, byte[]> pictures) {
    public static final String FILE = "README.md";

    private static final int GAP = 2;
    private static final int WHITE = 0xFFFFFF;
    private static final int SMALLEST_SHOWN = 96;

    /**
     * Pictures to show.
     *
     * @param file a plain name that ends in .png
     * @param rows each [M,H,W,C] uint8, of one shape: shown one under the other, M pictures wide
     */
    public record Sheet(String file, String caption, List<NpyArray> rows) {
        public Sheet {
            rows = List.copyOf(rows);
            var check = Check.that(
                            file.matches("[A-Za-z0-9][A-Za-z0-9._-]*\\.png"),
                            "file must be a plain name that ends in .png, got \"%s\"",
                            file)
                    .and(!rows.isEmpty(), "rows must not be empty");
            for (var row : rows) {
                var shape = row.shape();
                check.and(
                        row.type() == ElementType.UINT8
                                && shape.size() == 4
                                && shape.equals(rows.get(0).shape())
                                && (shape.get(3) == 1 || shape.get(3) == 3),
                        "rows must be uint8 [M,H,W,C] of one shape with C 1 or 3, got %s %s",
                        row.type(),
                        shape);
            }
            check.done();
        }
    }

    /** Writes the card and its pictures into a folder. */
    void writeTo(Path folder) throws IOException {
        Files.writeString(folder.resolve(FILE), markdown);
        for (var picture : pictures.entrySet()) {
            Files.write(folder.resolve(picture.getKey()), picture.getValue());
        }
    }

    /** A measured figure, such as "PSNR of held-out pictures" and "24.3 dB". */
    public record Figure(String name, String value) {}

    /**
     * @param manifest of the bundle that the card is for; its {@code files} need not list the card
     * @param sheets held-out pictures with their reconstructions below, or generated ones
     * @param figures measured on pictures that the model was not trained on
     */
    public static ModelCard of(BundleManifest manifest, List<Sheet> sheets, List<Figure> figures) {
        var pictures = new TreeMap<String, byte[]>();
        var text = new StringBuilder();
        heading(manifest, text);
        for (var sheet : sheets) {
            var image = image(sheet);
            pictures.put(sheet.file(), png(image));
            // small pictures are shown larger, and a browser keeps their pixels square enough
            long height = sheet.rows().get(0).shape().get(1);
            long zoom = Math.max(1, SMALLEST_SHOWN / height);
            text.append("<img src=\"%s\" alt=\"%s\" width=\"%d\">\n\n*%s*\n\n"
                    .formatted(sheet.file(), attribute(sheet.caption()), image.getWidth() * zoom, sheet.caption()));
        }
        graphs(manifest, text);
        figures(manifest, figures, text);
        contract(manifest, text);
        text.append("## How to run it\n\n");
        var snippets = !manifest.contracts().has(Contract.Noise.class)
                ? new CodecSnippets(manifest)
                : new GeneratorSnippets(manifest);
        snippet(text, "Java, with Smalti's runtime", "java", snippets.smalti());
        snippet(text, "Java, with ONNX Runtime alone", "java", snippets.java());
        snippet(text, "Python", "python", snippets.python());
        snippet(text, "JavaScript", "javascript", snippets.javascript());
        snippet(text, "C++", "cpp", snippets.cpp());
        limits(manifest, text);
        provenance(manifest, text);
        return new ModelCard(text.toString(), pictures);
    }

    private static void heading(BundleManifest manifest, StringBuilder text) {
        var pixels = manifest.pixels();
        var colour = pixels.channels() == 1 ? "grey" : "RGB";
        text.append("# ").append(manifest.name()).append("\n\n");
        var codebook = manifest.contracts().find(Contract.Codebook.class).orElse(null);
        var noise = manifest.contracts().find(Contract.Noise.class).orElse(null);
        if (codebook != null) {
            text.append(
                    "An image codec (%s): %s pictures to codes and back. A code is one of %d and stands for %dx%4$d pixels, which makes %s bits a pixel.\n\n"
                            .formatted(
                                    manifest.provenance().family(),
                                    colour,
                                    codebook.codes(),
                                    codebook.factor(),
                                    number(Math.log(codebook.codes())
                                            / Math.log(2)
                                            / codebook.factor()
                                            / codebook.factor())));
        } else if (noise != null) {
            text.append("An image generator (%s): %dx%d %s pictures out of %d numbers%s.\n\n"
                    .formatted(
                            manifest.provenance().family(),
                            pixels.width(),
                            pixels.height(),
                            colour,
                            noise.length(),
                            manifest.contracts().classes().isEmpty() ? "" : " and a class"));
        }
    }

    private static void graphs(BundleManifest manifest, StringBuilder text) {
        text.append("## Graphs\n\nPlain ONNX, opset " + manifest.opset()
                + ", for any runtime. A letter is a free size.\n\n" + "| file | in → out |\n| --- | --- |\n");
        manifest.graphs().values().forEach(graph -> {
            text.append("| `%s` | %s |\n".formatted(graph.file(), graph.signature()));
            if (graph.variants() != null) {
                graph.variants()
                        .forEach((precision, variant) -> text.append("| `%s` | the same in %s, %s |\n"
                                .formatted(variant.file(), precision.toUpperCase(Locale.ROOT), closeness(variant))));
            }
        });
        text.append('\n');
    }

    private static String closeness(BundleManifest.Variant variant) {
        var agreement = variant.agreement();
        if (agreement != null) {
            return String.format(Locale.ROOT, "%.2f%% of its codes", 100 * agreement);
        }
        var psnr = variant.psnr();
        return psnr == null ? "equal in all samples" : String.format(Locale.ROOT, "%.1f dB from it", psnr);
    }

    private static void figures(BundleManifest manifest, List<Figure> figures, StringBuilder text) {
        text.append("## Figures\n\n| figure | value |\n| --- | --- |\n");
        figures.forEach(figure -> text.append("| ")
                .append(figure.name())
                .append(" | ")
                .append(figure.value())
                .append(" |\n"));
        manifest.graphs().values().forEach(graph -> {
            text.append(
                    "| largest difference of `%s` from its source | %s |\n".formatted(graph.file(), difference(graph)));
        });
        text.append('\n');
    }

    private static String difference(BundleManifest.Graph graph) {
        var proof = graph.proof();
        if (proof.codes() > 0) {
            return proof.codesDiffering() + " of " + proof.codes() + " codes";
        } else if (graph.signature().outputs().get(0).type() == ElementType.UINT8) {
            return String.format(Locale.ROOT, "%.0f of 255 levels", proof.maxDifference());
        }
        return String.format(Locale.ROOT, "%.1e of %.3g", proof.maxDifference(), proof.range());
    }

    private static void contract(BundleManifest manifest, StringBuilder text) {
        var pixels = manifest.pixels();
        text.append("## Pixels\n\nGraphs with `pixels` take and give bytes [batch, height, width, channels], "
                + (pixels.channels() == 1 ? "one grey channel" : "channels red, green, blue")
                + ", sRGB as in a PNG; nothing need be scaled. In graphs with `image` [batch, channels, height, width] a"
                + " byte p is the float " + number(pixels.lo()) + " + " + number(pixels.hi() - pixels.lo())
                + "·p/255; back, it is rounded to the nearest whole number (halves to even) and held to 0…255.\n\n");
        var noise = manifest.contracts().find(Contract.Noise.class).orElse(null);
        if (noise != null) {
            text.append(
                    "`noise` is standard normal, " + noise.length() + " numbers a picture. Picture i of a seed has, in"
                            + " every Smalti runtime, the noise of the counter-based generator `" + noise.generator()
                            + "`: Philox4x32 with 10 rounds, key (seed low, seed high), counter (block, 0, i low, i high); of"
                            + " each block's words (a, b, c, d), with u = (a + 1)/2³² and v = b/2³², √(−2 ln u)·cos 2πv and"
                            + " √(−2 ln u)·sin 2πv, then the same of c and d.\n\n");
        }
        if (!manifest.contracts().classes().isEmpty()) {
            text.append("Classes: ");
            for (int i = 0; i < manifest.contracts().classes().size(); i++) {
                text.append(i == 0 ? "" : ", ")
                        .append(i)
                        .append(' ')
                        .append(manifest.contracts().classes().get(i));
            }
            text.append(".\n\n");
        }
    }

    private static void snippet(StringBuilder text, String heading, String language, String code) {
        text.append("### ").append(heading).append("\n\n```").append(language).append('\n');
        text.append(code).append("```\n\n");
    }

    private static void limits(BundleManifest manifest, StringBuilder text) {
        var pixels = manifest.pixels();
        text.append("## Limits\n\n");
        var codebook = manifest.contracts().find(Contract.Codebook.class).orElse(null);
        if (codebook != null) {
            text.append("- Trained on pictures of %dx%d pixels; ".formatted(pixels.width(), pixels.height()));
            var axis = Objects.requireNonNull(manifest.graphs().get(Role.TOKENIZE.fileStem()))
                    .signature()
                    .inputs()
                    .get(0)
                    .shape()
                    .get(1);
            text.append(
                    axis.isFixed()
                            ? "it takes no other size.\n"
                            : "it takes others whose height and width are multiples of " + codebook.factor()
                                    + ", and is the better the more they look like those.\n");
            text.append("- `detokenize` does not check codes: one below 0 or above " + (codebook.codes() - 1)
                    + " gives a wrong picture or an error.\n");
            text.append(
                    "- Codes belong to this codebook alone, whose fingerprint is `" + codebook.exportedFingerprint() + "`.\n");
        } else {
            text.append("- It makes pictures like those that it was trained on, of " + pixels.width() + "x"
                    + pixels.height() + " pixels, and nothing else.\n");
        }
        text.append("- It knows what its %d training pictures show; what they lack or favour, it lacks and favours.\n\n"
                .formatted(manifest.provenance().trainPictures()));
    }

    private static void provenance(BundleManifest manifest, StringBuilder text) {
        var from = manifest.provenance();
        text.append("## Provenance\n\n| | |\n| --- | --- |\n");
        row(text, "family", from.family());
        row(text, "training", from.steps() + " steps, seed " + from.seed());
        row(text, "pictures", from.trainPictures() + ", variance " + number(from.pixelVariance()));
        row(text, "spec (SHA-256)", "`" + from.specSha256() + "`");
        from.versions().forEach((name, version) -> row(text, name, version));
        text.append("\n`bundle.json` holds the SHA-256 of every file.\n");
    }

    private static void row(StringBuilder text, String name, String value) {
        text.append("| ").append(name).append(" | ").append(value).append(" |\n");
    }

    private static BufferedImage image(Sheet sheet) {
        var shape = sheet.rows().get(0).shape();
        int count = Math.toIntExact(shape.get(0));
        int height = Math.toIntExact(shape.get(1));
        int width = Math.toIntExact(shape.get(2));
        int channels = Math.toIntExact(shape.get(3));
        var image = new BufferedImage(
                count * (width + GAP) - GAP, sheet.rows().size() * (height + GAP) - GAP, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, WHITE);
            }
        }
        for (int row = 0; row < sheet.rows().size(); row++) {
            var data = sheet.rows().get(row).bytes();
            for (int at = 0; at < count * height * width; at++) {
                int red = data[at * channels] & 0xFF;
                int green = data[at * channels + channels / 2] & 0xFF;
                int blue = data[at * channels + channels - 1] & 0xFF;
                image.setRGB(
                        at / (height * width) * (width + GAP) + at % width,
                        row * (height + GAP) + at / width % height,
                        red << 16 | green << 8 | blue);
            }
        }
        return image;
    }

    private static byte[] png(BufferedImage image) {
        try (var out = new ByteArrayOutputStream()) {
            if (!ImageIO.write(image, "png", out)) {
                throw new IllegalStateException("Java has no PNG writer");
            }
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String attribute(String text) {
        return text.replace("&", "&amp;").replace("\"", "&quot;");
    }

    /** At most four digits, and none that say nothing. */
    static String number(double value) {
        return new java.math.BigDecimal(value)
                .round(new java.math.MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
    }

    /** Code that runs the bundle's graphs with bytes, a function for each language. */
    private sealed interface Snippets {
        String smalti();

        String java();

        String python();

        String javascript();

        String cpp();
    }

    private static String fill(String template, BundleManifest manifest) {
        var pixels = manifest.pixels();
        var codebook = manifest.contracts().find(Contract.Codebook.class).orElse(null);
        var noise = manifest.contracts().find(Contract.Noise.class).orElse(null);
        return template.replace("@NAME@", manifest.name())
                .replace("@CHANNELS@", Integer.toString(pixels.channels()))
                .replace("@MODE@", pixels.channels() == 1 ? "L" : "RGB")
                .replace("@FACTOR@", codebook == null ? "" : Integer.toString(codebook.factor()))
                .replace("@LENGTH@", noise == null ? "" : Integer.toString(noise.length()));
    }

    /** Pixels to codes and back. */
    private record CodecSnippets(BundleManifest manifest) implements Snippets {
        @Override
        public String smalti() {
            return fill("""
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
            return fill("""
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
            return fill(
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
            var shape = Objects.requireNonNull(manifest.graphs().get(Role.TOKENIZE.fileStem()))
                    .signature()
                    .inputs()
                    .get(0)
                    .shape();
            return shape.get(1).isFixed()
                    ? "picture = picture.resize((" + shape.get(2) + ", " + shape.get(1) + "))\n"
                    : "picture = picture.crop((0, 0, picture.width // @FACTOR@ * @FACTOR@, picture.height // @FACTOR@ *"
                            + " @FACTOR@))\n";
        }

        @Override
        public String javascript() {
            return fill("""
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
            return fill("""
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

    /** Noise, and a class where there are classes, to pixels. */
    private record GeneratorSnippets(BundleManifest manifest) implements Snippets {
        private boolean conditional() {
            return !manifest.contracts().classes().isEmpty();
        }

        @Override
        public String smalti() {
            return fill("""
                    static List<BufferedImage> generate(int count, long seed) {
                        try (SmaltiModel model = SmaltiModel.open(Path.of("@NAME@.smalti"))) {
                            return model.generator().generate(count, seed%s).images();
                        }
                    }
                    """.formatted(conditional() ? ", 0" : ""), manifest);
        }

        @Override
        public String java() {
            return fill(
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
            return fill(
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
            return fill(
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
            return fill(
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
}
