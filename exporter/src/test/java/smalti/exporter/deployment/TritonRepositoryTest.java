package smalti.exporter.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.exporter.ExportOptions;
import smalti.exporter.bundle.BundleExporter;
import smalti.exporter.bundle.TinyRuns;
import smalti.exporter.bundle.TinyVaes;
import smalti.exporter.deployment.triton.DataType;
import smalti.exporter.deployment.triton.ModelConfig;
import smalti.exporter.deployment.triton.ModelInput;
import smalti.exporter.deployment.triton.ModelOutput;
import smalti.exporter.deployment.triton.ModelTensorReshape;
import smalti.spec.CounterRandom;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.file.RecordTree;
import smalti.spec.file.Seal;

/** Repositories, read as Triton reads them and held against the graphs in them. */
final class TritonRepositoryTest {
    private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();
    private static final int ROWS = 3;
    private static final int SIDE = 24;

    @TempDir
    private static Path shared;

    private static Path codec = Path.of("");
    private static Path generator = Path.of("");

    @TempDir
    private Path folder;

    @BeforeAll
    static void export() throws IOException {
        codec = shared.resolve("codec.smalti");
        generator = shared.resolve("generator.smalti");
        TinyRuns.codec(shared.resolve("codec-run"), 1);
        TinyRuns.generator(shared.resolve("generator-run"), 1);
        BundleExporter.export(
                shared.resolve("codec-run"), codec, ExportOptions.defaults().withPrecisions(Set.of()));
        BundleExporter.export(
                shared.resolve("generator-run"),
                generator,
                ExportOptions.defaults().withPrecisions(Set.of()));
    }

    @Test
    void everyModelIsDescribedAsItIs() throws Exception {
        var models = TritonRepository.write(codec, folder.resolve("codec"));
        assertThat(models).containsExactly("tiny_tokenize", "tiny_detokenize", "tiny_reconstruct");
        requireDescribed(folder.resolve("codec"), "tiny_tokenize");
        requireDescribed(folder.resolve("codec"), "tiny_detokenize");

        assertThat(TritonRepository.write(generator, folder.resolve("generator")))
                .containsExactly("tiny_generator");
        requireDescribed(folder.resolve("generator"), "tiny_generator");
        assertThat(folder.resolve("generator/tiny_generator/labels.txt")).hasContent("red\ngreen\nblue\n");
        assertThat(config(folder.resolve("generator"), "tiny_generator")
                        .getParametersOrThrow("smalti.classes")
                        .getStringValue())
                .isEqualTo("red,green,blue");
    }

    /** Pixels → mean and log-variance, and mean → pixels, with the class for both. */
    @Test
    void aVaeHasItsPosteriorAndAnEnsembleThatReconstructs() throws Exception {
        var run = folder.resolve("vae-run");
        var vae = folder.resolve("vae.smalti");
        TinyVaes.write(run, TinyVaes.Kind.DENSE_CONDITIONAL, 1);
        BundleExporter.export(run, vae, ExportOptions.defaults().withPrecisions(Set.of()));
        var repository = folder.resolve("vae");
        assertThat(TritonRepository.write(vae, repository))
                .containsExactly("tiny_posterior", "tiny_generator", "tiny_reconstruct");
        requireDescribed(repository, "tiny_posterior");
        requireDescribed(repository, "tiny_generator");
        assertThat(repository.resolve("tiny_posterior/labels.txt")).hasContent("red\ngreen\nblue\n");
        var ensemble = config(repository, "tiny_reconstruct");
        assertThat(ensemble.getInputList()).extracting(ModelInput::getName).containsExactly("pixels", "class");
        assertThat(ensemble.getOutputList())
                .extracting(ModelOutput::getName)
                .containsExactly("mean", "logVariance", "reconstruction");
        var steps = ensemble.getEnsembleScheduling().getStepList();
        assertThat(steps).hasSize(2);
        assertThat(steps.get(0).getModelName()).isEqualTo("tiny_posterior");
        assertThat(steps.get(0).getInputMapMap()).isEqualTo(Map.of("pixels", "pixels", "class", "class"));
        assertThat(steps.get(0).getOutputMapMap()).isEqualTo(Map.of("mean", "mean", "logVariance", "logVariance"));
        assertThat(steps.get(1).getModelName()).isEqualTo("tiny_generator");
        assertThat(steps.get(1).getInputMapMap()).isEqualTo(Map.of("noise", "mean", "class", "class"));
        assertThat(steps.get(1).getOutputMapMap()).isEqualTo(Map.of("pixels", "reconstruction"));
    }

    @Test
    void aClassIsOneNumberARow() throws Exception {
        TritonRepository.write(generator, folder.resolve("out"));
        var label = config(folder.resolve("out"), "tiny_generator").getInput(1);
        assertThat(label.getName()).isEqualTo("class");
        assertThat(label.getDimsList()).containsExactly(1L);
        assertThat(label.hasReshape()).isTrue();
        assertThat(label.getReshape().getShapeList()).isEmpty();
    }

    /** Pixels → codes → pixels along the steps, each tensor found by the names that the maps give. */
    @Test
    void theEnsembleReconstructs() throws Exception {
        var repository = folder.resolve("out");
        TritonRepository.write(codec, repository);
        var ensemble = config(repository, "tiny_reconstruct");
        assertThat(ensemble.getPlatform()).isEqualTo("ensemble");
        assertThat(ensemble.getBackend()).isEmpty();
        assertThat(ensemble.getInstanceGroupList()).isEmpty();
        assertThat(ensemble.getMaxBatchSize())
                .isPositive()
                .isLessThanOrEqualTo(config(repository, "tiny_tokenize").getMaxBatchSize())
                .isLessThanOrEqualTo(config(repository, "tiny_detokenize").getMaxBatchSize());
        assertThat(Files.isDirectory(repository.resolve("tiny_reconstruct/1"))).isTrue();

        var pixels = pixels();
        try (var input = OnnxTensor.createTensor(
                        ENVIRONMENT, ByteBuffer.wrap(pixels), new long[] {ROWS, SIDE, SIDE, 3}, OnnxJavaType.UINT8);
                var codes = run(codec.resolve("tokenize.onnx"), Map.of("pixels", input));
                var rebuilt = run(codec.resolve("detokenize.onnx"), Map.of("codes", (OnnxTensor)
                        codes.get("codes").orElseThrow()))) {
            var tensors = new HashMap<String, OnnxTensor>();
            tensors.put(ensemble.getInput(0).getName(), input);
            var results = new ArrayList<OrtSession.Result>();
            for (var step : ensemble.getEnsembleScheduling().getStepList()) {
                var inputs = new HashMap<String, OnnxTensor>();
                step.getInputMapMap().forEach((name, tensor) -> inputs.put(name, found(tensors, tensor)));
                var result = run(repository.resolve(step.getModelName() + "/1/model.onnx"), inputs);
                results.add(result);
                step.getOutputMapMap().forEach((name, tensor) -> {
                    assertThat(tensors).as("written once").doesNotContainKey(tensor);
                    tensors.put(tensor, (OnnxTensor) result.get(name).orElseThrow());
                });
            }
            assertThat(ensemble.getOutputList())
                    .extracting(ModelOutput::getName)
                    .containsExactly("codes", "reconstruction");
            assertThat(found(tensors, "codes").getLongBuffer()).isEqualTo(((OnnxTensor) codes.get(0)).getLongBuffer());
            assertThat(found(tensors, "reconstruction").getByteBuffer())
                    .isEqualTo(((OnnxTensor) rebuilt.get(0)).getByteBuffer());
            for (var output : ensemble.getOutputList()) {
                requireFits(
                        output.getDimsList(),
                        found(tensors, output.getName()).getInfo().getShape());
            }
            requireFits(ensemble.getInput(0).getDimsList(), input.getInfo().getShape());
            results.forEach(OrtSession.Result::close);
        }
    }

    /** As Triton gives it to the graph: the batch, then the reshaped dims. */
    @Test
    void aGeneratorTakesWhatItsConfigSays() throws Exception {
        var repository = folder.resolve("out");
        TritonRepository.write(generator, repository);
        var config = config(repository, "tiny_generator");
        var noise = new float[ROWS * (int) config.getInput(0).getDims(0)];
        new CounterRandom(5, CounterRandom.GENERATION).normals(0, noise, 0, noise.length);
        try (var z = OnnxTensor.createTensor(
                        ENVIRONMENT,
                        FloatBuffer.wrap(noise),
                        batch(config.getInput(0).getDimsList()));
                var label = OnnxTensor.createTensor(
                        ENVIRONMENT,
                        LongBuffer.wrap(new long[] {2, 0, 1}),
                        batch(config.getInput(1).getReshape().getShapeList()));
                var result = run(
                        repository.resolve("tiny_generator/1/model.onnx"),
                        Map.of(
                                config.getInput(0).getName(),
                                z,
                                config.getInput(1).getName(),
                                label))) {
            var pixels = (OnnxTensor) result.get(config.getOutput(0).getName()).orElseThrow();
            requireFits(config.getOutput(0).getDimsList(), pixels.getInfo().getShape());
        }
    }

    @Test
    void aZipAndOtherPrecisionsAreTaken() throws Exception {
        var copy = Files.createDirectories(folder.resolve("copy"));
        var zip = folder.resolve("codec.zip");
        try (var out = new ZipOutputStream(Files.newOutputStream(zip));
                var files = Files.list(codec)) {
            for (var file : (Iterable<Path>) files::iterator) {
                out.putNextEntry(new ZipEntry("codec.smalti/" + file.getFileName()));
                Files.copy(file, out);
                out.closeEntry();
            }
        }
        TritonRepository.write(codec, copy);
        TritonRepository.write(zip, folder.resolve("from-zip"));
        try (var files = Files.walk(copy)) {
            for (var file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                assertThat(folder.resolve("from-zip").resolve(copy.relativize(file)))
                        .hasSameBinaryContentAs(file);
            }
        }

        var precise = folder.resolve("precise.smalti");
        Files.createDirectories(precise);
        var manifest = RecordTree.read(codec.resolve(BundleManifest.FILE), BundleManifest.class);
        for (var file : manifest.files().keySet()) {
            Files.copy(codec.resolve(file), precise.resolve(file));
        }
        Files.copy(codec.resolve("detokenize.onnx"), precise.resolve("detokenize.other.onnx"));
        var files = new HashMap<>(manifest.files());
        files.put("detokenize.other.onnx", Objects.requireNonNull(files.get("detokenize.onnx")));
        var graphs = new HashMap<>(manifest.graphs());
        graphs.replaceAll((role, graph) -> new BundleManifest.Graph(
                graph.file(),
                graph.signature(),
                graph.proof(),
                role.equals("detokenize")
                        ? Map.of("int8", new BundleManifest.Variant("detokenize.other.onnx", 40.0, null, null))
                        : null));
        var more = Seal.on(new BundleManifest(
                manifest.format(),
                "two words: \"tiny\"",
                manifest.opset(),
                graphs,
                manifest.contracts(),
                manifest.provenance(),
                files,
                null));
        Files.writeString(precise.resolve(BundleManifest.FILE), RecordTree.json(more));
        assertThat(TritonRepository.write(precise, folder.resolve("precise")))
                .containsExactlyInAnyOrder(
                        "two_words___tiny__tokenize",
                        "two_words___tiny__detokenize",
                        "two_words___tiny__detokenize_int8",
                        "two_words___tiny__reconstruct");
        requireDescribed(folder.resolve("precise"), "two_words___tiny__detokenize_int8");
    }

    @Test
    void refusesWhatWouldBeLostAndWhatIsDamaged() throws IOException {
        Files.writeString(folder.resolve("mine.txt"), "mine");
        assertThatThrownBy(() -> TritonRepository.write(codec, folder))
                .isInstanceOf(SpecException.class)
                .hasMessageContainingAll(folder.toString(), "must be new or empty", "mine.txt");
        assertThatThrownBy(() -> TritonRepository.write(shared, folder.resolve("out")))
                .isInstanceOf(SpecException.class)
                .hasMessageContaining("must be a bundle");
        var damaged = folder.resolve("damaged.smalti");
        Files.createDirectories(damaged);
        try (var files = Files.list(codec)) {
            for (var file : (Iterable<Path>) files::iterator) {
                Files.copy(file, damaged.resolve(file.getFileName()));
            }
        }
        var bytes = Files.readAllBytes(damaged.resolve("tokenize.onnx"));
        bytes[bytes.length / 2] ^= 1;
        Files.write(damaged.resolve("tokenize.onnx"), bytes);
        assertThatThrownBy(() -> TritonRepository.write(damaged, folder.resolve("out")))
                .isInstanceOf(SpecException.class)
                .hasMessageContainingAll("tokenize.onnx", "SHA-256");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private static ModelConfig config(Path repository, String model) throws IOException {
        var config = ModelConfig.newBuilder();
        TextFormat.merge(Files.readString(repository.resolve(model).resolve("config.pbtxt")), config);
        assertThat(config.getName()).isEqualTo(model);
        assertThat(config.getVersionPolicy().getLatest().getNumVersions()).isEqualTo(1);
        return config.build();
    }

    /** Names, types and dims against those that ONNX Runtime reads from the graph. */
    private static void requireDescribed(Path repository, String model) throws Exception {
        var config = config(repository, model);
        assertThat(config.getBackend()).isEqualTo("onnxruntime");
        assertThat(config.hasDynamicBatching()).isTrue();
        assertThat(config.getMaxBatchSize()).isEqualTo(TritonRepository.MOST_IN_BATCH);
        assertThat(config.getInstanceGroupList()).hasSize(1);
        assertThat(config.getInstanceGroup(0).getCount()).isEqualTo(1);
        var file = repository.resolve(model).resolve("1").resolve(config.getDefaultModelFilename());
        try (var session = ENVIRONMENT.createSession(file.toString())) {
            assertThat(config.getInputList())
                    .extracting(ModelInput::getName)
                    .containsExactlyElementsOf(session.getInputNames());
            assertThat(config.getOutputList())
                    .extracting(ModelOutput::getName)
                    .containsExactlyElementsOf(session.getOutputNames());
            for (var input : config.getInputList()) {
                requireSame(
                        input.getDataType(),
                        input.getDimsList(),
                        input.hasReshape() ? input.getReshape() : null,
                        (TensorInfo)
                                Objects.requireNonNull(session.getInputInfo().get(input.getName()))
                                        .getInfo());
            }
            for (var output : config.getOutputList()) {
                requireSame(
                        output.getDataType(),
                        output.getDimsList(),
                        output.hasReshape() ? output.getReshape() : null,
                        (TensorInfo)
                                Objects.requireNonNull(session.getOutputInfo().get(output.getName()))
                                        .getInfo());
            }
        }
    }

    private static void requireSame(
            DataType type,
            List<Long> dims,
            @org.jspecify.annotations.Nullable ModelTensorReshape reshape,
            TensorInfo info) {
        assertThat(type)
                .isEqualTo(
                        switch (info.type) {
                            case FLOAT -> DataType.TYPE_FP32;
                            case INT64 -> DataType.TYPE_INT64;
                            case UINT8 -> DataType.TYPE_UINT8;
                            default -> throw new AssertionError("not in these graphs: " + info.type);
                        });
        var shape = LongStream.of(info.getShape()).boxed().toList();
        assertThat(shape.get(0)).as("the batch is free").isEqualTo(-1L);
        assertThat(dims).as("Triton refuses empty dims").isNotEmpty();
        assertThat(reshape == null ? dims : reshape.getShapeList()).isEqualTo(shape.subList(1, shape.size()));
    }

    private static void requireFits(List<Long> dims, long[] shape) {
        assertThat(shape).hasSize(dims.size() + 1);
        for (int i = 0; i < dims.size(); i++) {
            if (dims.get(i) != -1) {
                assertThat(shape[i + 1]).isEqualTo(dims.get(i));
            }
        }
    }

    private static long[] batch(List<Long> dims) {
        return LongStream.concat(LongStream.of(ROWS), dims.stream().mapToLong(Long::longValue))
                .toArray();
    }

    private static OnnxTensor found(Map<String, OnnxTensor> tensors, String name) {
        return Objects.requireNonNull(tensors.get(name), name + " is not there yet");
    }

    private static OrtSession.Result run(Path model, Map<String, OnnxTensor> inputs) throws OrtException {
        try (var session = ENVIRONMENT.createSession(model.toString())) {
            return session.run(inputs);
        }
    }

    private static byte[] pixels() {
        var random = new CounterRandom(3, 7);
        var pixels = new byte[ROWS * SIDE * SIDE * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (256 * random.uniform(0, i));
        }
        return pixels;
    }
}
