package smalti.exporter.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Precision;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.AtomicFiles;

/**
 * A bundle's graphs with uint8 pictures as a model repository of NVIDIA's Triton server.
 *
 * <pre>
 *   NAME_tokenize/config.pbtxt, 1/model.onnx      pixels → codes
 *   NAME_detokenize/…                             codes → pixels
 *   NAME_reconstruct/config.pbtxt, 1/             two in turn: pixels → codes (or mean and logVariance), reconstruction
 *   NAME_posterior/…, labels.txt                  pixels (and class) → mean, logVariance
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

    /** Two graphs that reconstruct pictures. */
    private static final List<Chain> CHAINS = List.of(
            new Chain(Role.TOKENIZE, "codes", Role.DETOKENIZE, "codes"),
            new Chain(Role.POSTERIOR, "mean", Role.GENERATOR, "noise"));

    private final Bundle bundle;
    private final String name;
    private final List<String> written = new ArrayList<>();

    /**
     * One graph after another.
     *
     * @param output of the first that is passed on
     * @param input of the second that takes it
     */
    private record Chain(Role first, String output, Role second, String input) {}

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
        for (var role : Role.served()) {
            for (var entry : bundle.manifest().graphs().entrySet()) {
                if (entry.getKey().equals(role.fileStem())) {
                    precisions(folder, role, entry.getValue());
                }
            }
        }
        if (written.isEmpty()) {
            throw new SpecException(bundle.path() + ": must have one of the graphs "
                    + Role.served().stream().map(Role::fileStem).collect(Collectors.joining(", ")) + ", got "
                    + bundle.manifest().graphs().keySet());
        }
        var chain = chain();
        if (chain.isPresent()) {
            ensemble(folder, chain.get());
        }
        AtomicFiles.writeString(folder.resolve("README.md"), readme());
    }

    /** The first whose graphs are there. */
    private Optional<Chain> chain() {
        return CHAINS.stream()
                .filter(chain -> bundle.graph(chain.first()).isPresent()
                        && bundle.graph(chain.second()).isPresent())
                .findFirst();
    }

    private void precisions(Path folder, Role role, BundleManifest.Graph graph) throws IOException {
        model(folder, role.fileStem(), graph);
        for (var precision : Precision.values()) {
            var file = graph.file(precision);
            if (precision != Precision.FP32 && file.isPresent()) {
                var variant = new BundleManifest.Graph(file.get(), graph.signature(), graph.proof());
                model(folder, role.fileStem() + "." + precision.key(), variant);
            }
        }
    }

    private void model(Path folder, String key, BundleManifest.Graph graph) throws IOException {
        var model = model(key);
        var version = Files.createDirectories(folder.resolve(model).resolve(VERSION));
        for (var file : bundle.filesOf(graph)) {
            bundle.copy(file, version.resolve(file.equals(graph.file()) ? MODEL : file));
        }
        boolean takesClass = graph.signature().inputs().stream()
                .anyMatch(input -> input.name().equals("class"));
        var classes = takesClass ? bundle.manifest().contracts().classes() : List.<String>of();
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

    private void ensemble(Path folder, Chain chain) throws IOException {
        var first = signature(chain.first());
        var second = signature(chain.second());
        var rebuilt = second.outputs().get(0);
        // a tensor of an ensemble has one writer: what comes out may not be called what goes in
        var reconstruction = new TensorSpec("reconstruction", rebuilt.type(), rebuilt.shape());
        var outputs = new ArrayList<>(first.outputs());
        outputs.add(reconstruction);
        var model = model("reconstruct");
        // Triton wants the folder of the version; stores of objects have no empty ones
        Files.createDirectories(folder.resolve(model).resolve(VERSION));
        AtomicFiles.writeString(folder.resolve(model).resolve(VERSION).resolve(".keep"), "");
        var text = new StringBuilder();
        text.append("name: ").append(quoted(model)).append('\n');
        text.append("platform: \"ensemble\"\n");
        ends(text, new Signature(first.inputs(), outputs));
        text.append("version_policy { latest { num_versions: 1 } }\n");
        text.append("ensemble_scheduling {\n");
        step(text, chain.first(), first, Map.of());
        step(
                text,
                chain.second(),
                second,
                Map.of(chain.input(), chain.output(), rebuilt.name(), reconstruction.name()));
        text.append("}\n");
        provenance(text);
        AtomicFiles.writeString(folder.resolve(model).resolve("config.pbtxt"), text.toString());
        written.add(model);
    }

    private Signature signature(Role role) {
        return bundle.graph(role).orElseThrow().signature();
    }

    /**
     * One step: the model's own names are keys, the ensemble's are values.
     *
     * @param renamed the ensemble's names, where they are others
     */
    private void step(StringBuilder text, Role role, Signature signature, Map<String, String> renamed) {
        text.append("  step {\n");
        text.append("    model_name: ").append(quoted(model(role.fileStem()))).append('\n');
        text.append("    model_version: -1\n");
        map(text, "input_map", signature.inputs(), renamed);
        map(text, "output_map", signature.outputs(), renamed);
        text.append("  }\n");
    }

    private static void map(StringBuilder text, String kind, List<TensorSpec> tensors, Map<String, String> renamed) {
        for (var tensor : tensors) {
            var name = renamed.getOrDefault(tensor.name(), tensor.name());
            text.append("    %s { key: %s value: %s }\n".formatted(kind, quoted(tensor.name()), quoted(name)));
        }
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
        chain().ifPresent(chain -> text.append("| `%s` | as `%s` | as there, and `reconstruction` as `%s` |\n"
                .formatted(
                        model("reconstruct"),
                        model(chain.first().fileStem()),
                        model(chain.second().fileStem()))));
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
