package smalti.bench.conformance;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import smalti.exporter.deployment.WebFolder;
import smalti.spec.file.NpyArray;

/** Something that reads ONNX files. */
sealed interface Consumer {
    /** A heading of the page, with the version. */
    String name();

    /** Why it is not on this machine, if it is not. */
    Optional<String> missing();

    /** The outcome of each job, in order. */
    List<Outcome> run(List<Job> jobs, Path folder) throws IOException;

    /** All of them; the first is what the others are held to. */
    static List<Consumer> all() {
        return List.of(
                new OnnxRuntimeJava(),
                new BytedecoChecker(),
                new DebianPython(
                        "python3-onnx 1.12 `full_check`",
                        "check",
                        "import onnx; assert onnx.__version__[:4] == '1.12'"),
                new Node("onnxruntime-node " + WebFolder.ONNX_RUNTIME_WEB, "onnxruntime-node"),
                new Node("onnxruntime-web " + WebFolder.ONNX_RUNTIME_WEB + ", Node", "onnxruntime-web"),
                new InChromium(),
                new DebianPython("OpenCV 4.6 (Debian)", "opencv", "import cv2; assert cv2.__version__[:3] == '4.6'"),
                new BytedecoOpenCv());
    }

    /** The one that the runtime itself uses. */
    record OnnxRuntimeJava() implements Consumer {
        @Override
        public String name() {
            return "ONNX Runtime Java " + OrtEnvironment.getEnvironment().getVersion();
        }

        @Override
        public Optional<String> missing() {
            return Optional.empty();
        }

        @Override
        public List<Outcome> run(List<Job> jobs, Path folder) {
            var outcomes = new ArrayList<Outcome>();
            for (var job : jobs) {
                try {
                    outcomes.add(new Outcome.Values(run(job.model(), job.inputs())));
                } catch (OrtException e) {
                    outcomes.add(new Outcome.Failure(String.valueOf(e.getMessage())));
                }
            }
            return outcomes;
        }

        static Map<String, NpyArray> run(Path model, Map<String, NpyArray> inputs) throws OrtException {
            var environment = OrtEnvironment.getEnvironment();
            var tensors = new HashMap<String, OnnxTensor>();
            try (var session = environment.createSession(model.toString())) {
                for (var input : inputs.entrySet()) {
                    tensors.put(input.getKey(), tensor(environment, input.getValue()));
                }
                try (var result = session.run(tensors)) {
                    var outputs = new LinkedHashMap<String, NpyArray>();
                    for (var output : result) {
                        outputs.put(output.getKey(), array((OnnxTensor) output.getValue()));
                    }
                    return outputs;
                }
            } finally {
                tensors.values().forEach(OnnxTensor::close);
            }
        }

        private static OnnxTensor tensor(OrtEnvironment environment, NpyArray array) throws OrtException {
            var shape = array.shape().stream().mapToLong(Long::longValue).toArray();
            return switch (array.type()) {
                case UINT8 ->
                    OnnxTensor.createTensor(environment, ByteBuffer.wrap(array.bytes()), shape, OnnxJavaType.UINT8);
                case INT64 -> OnnxTensor.createTensor(environment, LongBuffer.wrap(array.longs()), shape);
                case FLOAT32 -> OnnxTensor.createTensor(environment, FloatBuffer.wrap(array.floats()), shape);
                default -> throw new IllegalArgumentException("no graph of a bundle takes " + array.type());
            };
        }

        private static NpyArray array(OnnxTensor tensor) {
            var info = tensor.getInfo();
            var shape = info.getShape();
            return switch (info.type) {
                case UINT8 -> {
                    var bytes = new byte[tensor.getByteBuffer().remaining()];
                    tensor.getByteBuffer().get(bytes);
                    yield NpyArray.of(bytes, shape);
                }
                case INT64 -> {
                    var longs = new long[tensor.getLongBuffer().remaining()];
                    tensor.getLongBuffer().get(longs);
                    yield NpyArray.of(longs, shape);
                }
                case FLOAT -> {
                    var floats = new float[tensor.getFloatBuffer().remaining()];
                    tensor.getFloatBuffer().get(floats);
                    yield NpyArray.of(floats, shape);
                }
                default -> throw new IllegalStateException("no graph of a bundle gives " + info.type);
            };
        }
    }

    /** The ONNX project's own checker, with shape inference. */
    record BytedecoChecker() implements Consumer {
        @Override
        public String name() {
            return "ONNX checker 1.17";
        }

        @Override
        public Optional<String> missing() {
            return Optional.empty();
        }

        @Override
        public List<Outcome> run(List<Job> jobs, Path folder) {
            var outcomes = new ArrayList<Outcome>();
            for (var job : jobs) {
                try {
                    org.bytedeco.onnx.global.onnx.check_model(job.model().toString(), true, false, true);
                    outcomes.add(new Outcome.Valid());
                } catch (RuntimeException e) {
                    outcomes.add(new Outcome.Failure(String.valueOf(e.getMessage())));
                }
            }
            return outcomes;
        }
    }

    /** A program that takes a {@link JobFolder}; it is started again after a job that stops it. */
    private static List<Outcome> outcomes(
            List<Job> jobs, Path folder, Map<String, String> environment, String... command) throws IOException {
        var whole = new ArrayList<>(List.of(command));
        whole.add(folder.toString());
        var outcomes = new ArrayList<Outcome>();
        while (outcomes.size() < jobs.size()) {
            var rest = jobs.subList(outcomes.size(), jobs.size());
            var exchanged = JobFolder.write(folder, rest);
            var ended = Programs.run(folder, environment, whole.toArray(String[]::new));
            for (var job : rest) {
                var outcome = exchanged.read(job);
                outcomes.add(outcome.orElse(
                        new Outcome.Failure("stopped (status " + ended.status() + "): " + ended.output())));
                if (outcome.isEmpty()) {
                    break;
                }
            }
        }
        return outcomes;
    }

    /** Debian's own Python, for its own packages. */
    record DebianPython(String name, String task, String probe) implements Consumer {
        private static final String PYTHON = "/usr/bin/python3";

        @Override
        public Optional<String> missing() {
            return Programs.missing(PYTHON, "-c", probe);
        }

        @Override
        public List<Outcome> run(List<Job> jobs, Path folder) throws IOException {
            Files.createDirectories(folder);
            var script = Programs.resource("consume.py", folder);
            return outcomes(jobs, folder, Map.of(), PYTHON, script.toString(), task);
        }
    }

    /** @param module the npm package */
    record Node(String name, String module) implements Consumer {
        @Override
        public Optional<String> missing() {
            return Programs.NodePackages.missing(WebFolder.ONNX_RUNTIME_WEB);
        }

        @Override
        public List<Outcome> run(List<Job> jobs, Path folder) throws IOException {
            Files.createDirectories(folder);
            Programs.resource("job.mjs", folder);
            var script = Programs.resource("consume.mjs", folder);
            var entry = Programs.NodePackages.folder(module)
                    .resolve(module.equals("onnxruntime-node") ? "dist/index.js" : "dist/ort.node.min.mjs");
            return outcomes(jobs, folder, Map.of(), "node", script.toString(), entry.toString());
        }
    }

    /** onnxruntime-web's WebAssembly in a page. */
    record InChromium() implements Consumer {
        @Override
        public String name() {
            return "onnxruntime-web " + WebFolder.ONNX_RUNTIME_WEB + ", Chromium";
        }

        @Override
        public Optional<String> missing() {
            return Chromium.missing().or(() -> Programs.NodePackages.missing(WebFolder.ONNX_RUNTIME_WEB));
        }

        @Override
        public List<Outcome> run(List<Job> jobs, Path folder) throws IOException {
            var exchanged = JobFolder.write(folder, jobs);
            Programs.resource("job.mjs", folder);
            Programs.resource("index.html", folder);
            copyOrt(folder.resolve("ort"));
            for (var job : jobs) {
                Files.copy(job.model(), folder.resolve(job.id() + ".onnx"));
            }
            var mapper = new ObjectMapper();
            try (var server = FileServer.of(folder);
                    var browser = Chromium.start()) {
                var state = browser.open(server.url());
                if (!state.equals("ready")) {
                    throw new IOException("the page is " + state);
                }
                for (var job : jobs) {
                    var files = browser.evaluate("consume(" + mapper.writeValueAsString(job.id()) + ")");
                    for (var file : files.properties()) {
                        Files.write(
                                folder.resolve(file.getKey()),
                                java.util.Base64.getDecoder()
                                        .decode(file.getValue().asText()));
                    }
                }
            }
            var outcomes = new ArrayList<Outcome>();
            for (var job : jobs) {
                outcomes.add(exchanged.read(job).orElseThrow());
            }
            return outcomes;
        }

        /** The files that a page of {@link WebFolder} wants. */
        static void copyOrt(Path into) throws IOException {
            Files.createDirectories(into);
            for (var file : List.of("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")) {
                Files.copy(
                        Programs.NodePackages.folder("onnxruntime-web")
                                .resolve("dist")
                                .resolve(file),
                        into.resolve(file));
            }
        }
    }

    /** A JVM of its own, as its OpenBLAS is another than nd4j's. */
    record BytedecoOpenCv() implements Consumer {
        @Override
        public String name() {
            return "OpenCV 4.13 (bytedeco)";
        }

        @Override
        public Optional<String> missing() {
            return Optional.empty();
        }

        @Override
        public List<Outcome> run(List<Job> jobs, Path folder) throws IOException {
            var classPath = Path.of("target/opencv").toAbsolutePath() + "/*" + File.pathSeparator
                    + System.getProperty("java.class.path");
            return outcomes(
                    jobs,
                    folder,
                    Map.of("CLASSPATH", classPath),
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx512m",
                    OpenCvMain.class.getName());
        }
    }
}
