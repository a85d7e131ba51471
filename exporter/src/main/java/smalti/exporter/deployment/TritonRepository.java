package smalti.exporter.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import smalti.spec.AtomicFiles;
import smalti.spec.BundleManifest;
import smalti.spec.Contract;
import smalti.spec.Dimension;
import smalti.spec.ElementType;
import smalti.spec.Precision;
import smalti.spec.Role;
import smalti.spec.Signature;
import smalti.spec.SpecException;
import smalti.spec.TensorSpec;

/**
 * A bundle's graphs with uint8 pictures as a model repository of NVIDIA's Triton server.
 *
 * <pre>
 *   NAME_tokenize/config.pbtxt, 1/model.onnx      pixels → codes
 *   NAME_detokenize/…                             codes → pixels
 *   NAME_reconstruct/config.pbtxt, 1/             both in turn: pixels → codes, reconstruction
 *   NAME_generator/…, labels.txt                  noise (and class) → pixels
 * </pre>
 *
 * <p>Other precisions of a graph are models of their own, {@code NAME_detokenize_int8}.
 */
public final class TritonRepository {
    /** The most rows that Triton may put together; those of one size only, where height and width are free. */
    static final int MOST_IN_BATCH = 16;

    private static final String MODEL = "model.onnx";
    private static final String LABELS = "labels.txt";
    /** Of the one version of each model. */
    private static final String VERSION = "1";

    private static final List<Role> SERVED = List.of(Role.TOKENIZE, Role.DETOKENIZE, Role.GENERATOR);

    private final Bundle bundle;
    private final String name;
    private final List<String> written = new ArrayList<>();

    private TritonRepository(Bundle bundle) {
        this.bundle = bundle;
        this.name = bundle.manifest().name().replaceAll("[^A-Za-z0-9_-]", "_");
    }

    /**
     * Writes the repository, whole or not at all.
     *
     * @param bundle a folder or a zip
     * @param out a new or empty folder
     * @return names of the models, the ensemble last
     * @throws SpecException if the bundle is damaged or has no graph to serve, or {@code out} holds something
     */
    public static List<String> write(Path bundle, Path out) throws IOException {
        Bundle.requireNew(out);
        var repository = new TritonRepository(Bundle.open(bundle));
        AtomicFiles.writeFolder(out, repository::models);
        return List.copyOf(repository.written);
    }

    private void models(Path folder) throws IOException {
        for (var role : SERVED) {
            for (var entry : bundle.manifest().graphs().entrySet()) {
                if (entry.getKey().equals(role.fileStem())) {
                    precisions(folder, role, entry.getValue());
                }
            }
        }
        if (written.isEmpty()) {
            throw new SpecException(bundle.path() + ": must have one of the graphs "
                    + SERVED.stream().map(Role::fileStem).collect(Collectors.joining(", ")) + ", got "
                    + bundle.manifest().graphs().keySet());
        }
        var tokenize = bundle.graph(Role.TOKENIZE);
        var detokenize = bundle.graph(Role.DETOKENIZE);
        if (tokenize.isPresent() && detokenize.isPresent()) {
            ensemble(folder, tokenize.get().signature(), detokenize.get().signature());
        }
        AtomicFiles.writeString(folder.resolve("README.md"), readme());
    }

    private void precisions(Path folder, Role role, BundleManifest.Graph graph) throws IOException {
        model(folder, role, role.fileStem(), graph);
        for (var precision : Precision.values()) {
            var file = graph.file(precision);
            if (precision != Precision.FP32 && file.isPresent()) {
                var variant = new BundleManifest.Graph(file.get(), graph.signature(), graph.proof());
                model(folder, role, role.fileStem() + "." + precision.key(), variant);
            }
        }
    }

    private void model(Path folder, Role role, String key, BundleManifest.Graph graph) throws IOException {
        var model = model(key);
        var version = Files.createDirectories(folder.resolve(model).resolve(VERSION));
        for (var file : bundle.filesOf(graph)) {
            bundle.copy(file, version.resolve(file.equals(graph.file()) ? MODEL : file));
        }
        var classes = role == Role.GENERATOR ? bundle.manifest().contracts().classes() : List.<String>of();
        if (!classes.isEmpty()) {
            AtomicFiles.writeString(folder.resolve(model).resolve(LABELS), String.join("\n", classes) + "\n");
        }
        var text = new StringBuilder();
        text.append("name: ").append(quoted(model)).append('\n');
        text.append("backend: \"onnxruntime\"\n");
        text.append("default_model_filename: ").append(quoted(MODEL)).append('\n');
        ends(text, graph.signature());
        if (isBatched(graph.signature())) {
            // no delay: what waits when an instance falls free goes together
            text.append("dynamic_batching { }\n");
        }
        text.append("instance_group [ { count: 1 kind: KIND_AUTO } ]\n");
        text.append("version_policy { latest { num_versions: 1 } }\n");
        // one operation at a time, each on all cores: the graphs are chains
        parameter(text, "execution_mode", "0");
        parameter(text, "intra_op_thread_count", "0");
        parameter(text, "inter_op_thread_count", "1");
        provenance(text);
        if (!classes.isEmpty()) {
            parameter(text, "smalti.classes", String.join(",", classes));
        }
        AtomicFiles.writeString(folder.resolve(model).resolve("config.pbtxt"), text.toString());
        written.add(model);
    }

    private void ensemble(Path folder, Signature tokenize, Signature detokenize) throws IOException {
        var pixels = tokenize.inputs().get(0);
        var codes = tokenize.outputs().get(0);
        var rebuilt = detokenize.outputs().get(0);
        // a tensor of an ensemble has one writer: what comes out may not be called what goes in
        var reconstruction = new TensorSpec("reconstruction", rebuilt.type(), rebuilt.shape());
        var model = model("reconstruct");
        // Triton wants the folder of the version; stores of objects have no empty ones
        Files.createDirectories(folder.resolve(model).resolve(VERSION));
        AtomicFiles.writeString(folder.resolve(model).resolve(VERSION).resolve(".keep"), "");
        var text = new StringBuilder();
        text.append("name: ").append(quoted(model)).append('\n');
        text.append("platform: \"ensemble\"\n");
        ends(text, new Signature(List.of(pixels), List.of(codes, reconstruction)));
        text.append("version_policy { latest { num_versions: 1 } }\n");
        text.append("ensemble_scheduling {\n");
        step(text, Role.TOKENIZE, pixels.name(), pixels.name(), codes.name(), codes.name());
        step(
                text,
                Role.DETOKENIZE,
                detokenize.inputs().get(0).name(),
                codes.name(),
                rebuilt.name(),
                reconstruction.name());
        text.append("}\n");
        provenance(text);
        AtomicFiles.writeString(folder.resolve(model).resolve("config.pbtxt"), text.toString());
        written.add(model);
    }

    /** One step: the model's own names are keys, the ensemble's are values. */
    private void step(StringBuilder text, Role role, String input, String from, String output, String to) {
        text.append("  step {\n");
        text.append("    model_name: ").append(quoted(model(role.fileStem()))).append('\n');
        text.append("    model_version: -1\n");
        text.append("    input_map { key: %s value: %s }\n".formatted(quoted(input), quoted(from)));
        text.append("    output_map { key: %s value: %s }\n".formatted(quoted(output), quoted(to)));
        text.append("  }\n");
    }

    private static void ends(StringBuilder text, Signature signature) {
        boolean batched = isBatched(signature);
        text.append("max_batch_size: ").append(batched ? MOST_IN_BATCH : 0).append('\n');
        signature.inputs().forEach(tensor -> end(text, "input", tensor, batched));
        signature.outputs().forEach(tensor -> end(text, "output", tensor, batched));
    }

    private static void end(StringBuilder text, String kind, TensorSpec tensor, boolean batched) {
        var axes = batched ? tensor.shape().subList(1, tensor.shape().size()) : tensor.shape();
        var dims = axes.stream()
                .map(axis -> axis.isFixed() ? Long.toString(axis.factor()) : "-1")
                .collect(Collectors.joining(", "));
        text.append(kind).append(" {\n");
        text.append("  name: ").append(quoted(tensor.name())).append('\n');
        text.append("  data_type: ").append(type(tensor.type())).append('\n');
        if (axes.isEmpty()) {
            // a number a row: Triton wants an axis, the graph has none beside the batch
            text.append("  dims: [ 1 ]\n  reshape { shape: [ ] }\n");
        } else {
            text.append("  dims: [ ").append(dims).append(" ]\n");
        }
        text.append("}\n");
    }

    /** Whether axis 0 of every tensor is the same free batch, which Triton then leaves out of its dims. */
    private static boolean isBatched(Signature signature) {
        var batches = Stream.concat(signature.inputs().stream(), signature.outputs().stream())
                .map(tensor -> tensor.shape().stream().findFirst())
                .distinct()
                .toList();
        return batches.size() == 1
                && batches.get(0)
                        .filter(axis -> !axis.isFixed() && axis.factor() == 1)
                        .isPresent();
    }

    private void provenance(StringBuilder text) {
        parameter(text, "smalti.bundle", String.valueOf(bundle.manifest().sha256()));
        bundle.manifest()
                .contracts()
                .find(Contract.Codebook.class)
                .ifPresent(codebook -> parameter(text, "smalti.codebook", codebook.exportedFingerprint()));
    }

    private static void parameter(StringBuilder text, String key, String value) {
        text.append("parameters { key: %s value { string_value: %s } }\n".formatted(quoted(key), quoted(value)));
    }

    private static String type(ElementType type) {
        return switch (type) {
            case FLOAT32 -> "TYPE_FP32";
            case FLOAT64 -> "TYPE_FP64";
            case FLOAT16 -> "TYPE_FP16";
            case BFLOAT16 -> "TYPE_BF16";
            case INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, BOOL -> "TYPE_" + type.name();
        };
    }

    /** A string of protobuf's text format. */
    private static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c == '\n') {
                quoted.append("\\n");
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    /** Of a graph's key in the bundle, such as {@code detokenize.int8}. */
    private String model(String key) {
        return name + "_" + key.replace('.', '_');
    }

    private String readme() {
        var manifest = bundle.manifest();
        var text = new StringBuilder("# " + manifest.name() + " for Triton\n\n"
                + "A model repository of the bundle `" + manifest.name() + "` (seal `" + manifest.sha256() + "`):\n\n"
                + "    tritonserver --model-repository=THIS_FOLDER\n\n"
                + "| model | in | out |\n| --- | --- | --- |\n");
        bundle.manifest().graphs().forEach((key, graph) -> {
            for (var precision : Precision.values()) {
                var name = model(precision == Precision.FP32 ? key : key + "." + precision.key());
                if (written.contains(name)) {
                    row(
                            text,
                            name,
                            graph.signature().inputs(),
                            graph.signature().outputs());
                }
            }
        });
        if (written.contains(model("reconstruct"))) {
            text.append("| `%s` | as `%s` | `codes`, and `reconstruction` as `%s` |\n"
                    .formatted(model("reconstruct"), model("tokenize"), model("detokenize")));
        }
        text.append("\nShapes without the batch, which is the first axis of every request; up to " + MOST_IN_BATCH
                + " rows go together (`max_batch_size`).\n");
        manifest.contracts()
                .find(Contract.Codebook.class)
                .ifPresent(codebook -> text.append("Height and width must be multiples of ")
                        .append(codebook.factor())
                        .append(". A code must be in [0, ")
                        .append(codebook.codes())
                        .append("): the graphs do not check it.\n"));
        if (!manifest.contracts().classes().isEmpty()) {
            text.append("`class` is a line of `labels.txt`, counted from 0; a request gives it as [batch, 1].\n");
        }
        return text.toString();
    }

    private static void row(StringBuilder text, String model, List<TensorSpec> inputs, List<TensorSpec> outputs) {
        text.append("| `%s` | %s | %s |\n".formatted(model, ends(inputs), ends(outputs)));
    }

    private static String ends(List<TensorSpec> tensors) {
        return tensors.stream()
                .map(tensor -> "`" + tensor.name() + "` "
                        + tensor.shape().stream()
                                .skip(1)
                                .map(Dimension::toString)
                                .collect(Collectors.joining(",", "[", "]"))
                        + " " + tensor.type().name().toLowerCase(java.util.Locale.ROOT))
                .collect(Collectors.joining(", "));
    }
}
