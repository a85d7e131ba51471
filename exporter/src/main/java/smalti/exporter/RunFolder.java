package smalti.exporter;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import smalti.spec.Contract;
import smalti.spec.Dimension;
import smalti.spec.ElementType;
import smalti.spec.ExportManifest;
import smalti.spec.RecordTree;
import smalti.spec.Role;
import smalti.spec.Signature;
import smalti.spec.SpecException;
import smalti.spec.TensorSpec;

/** A run folder whose graphs fit together; what their names stand for is told by {@link Role} alone. */
final class RunFolder {
    private static final Set<Role> CODEC = EnumSet.of(Role.ENCODER, Role.CODEBOOK, Role.LOOKUP, Role.DECODER);
    private static final Set<Role> GENERATOR = EnumSet.of(Role.GENERATOR);

    private final Path folder;
    private final ExportManifest manifest;
    private final Map<Role, ExportManifest.Graph> graphs = new EnumMap<>(Role.class);
    private final List<String> problems = new ArrayList<>();

    private RunFolder(Path folder, ExportManifest manifest) {
        this.folder = folder;
        this.manifest = manifest;
    }

    /** @throws SpecException listing all that is wrong with {@code export.json} and what it names */
    static RunFolder read(Path folder) {
        var file = folder.resolve(ExportManifest.FILE);
        if (!Files.exists(file) && Files.exists(folder.resolve("spec.json"))) {
            throw new SpecException(folder + ": is an unfinished run; finish it first: ./smalti train --resume --out "
                    + folder + " --data PICTURES");
        }
        if (!Files.exists(file)) {
            throw new SpecException(folder + ": must be the folder of a finished training, and "
                    + (Files.isDirectory(folder) ? "holds no " + ExportManifest.FILE : "is no folder"));
        }
        var run = new RunFolder(folder, RecordTree.read(file, ExportManifest.class));
        run.check();
        if (!run.problems.isEmpty()) {
            throw new SpecException(run.problems).at(file.toString());
        }
        return run;
    }

    ExportManifest manifest() {
        return manifest;
    }

    /** The roles of the graphs, in the order of {@link Role}. */
    Set<Role> roles() {
        return graphs.keySet();
    }

    boolean isCodec() {
        return graphs.containsKey(Role.ENCODER);
    }

    Signature signature(Role role) {
        return graph(role).signature();
    }

    Path file(Role role) {
        return folder.resolve(graph(role).file());
    }

    Path calibration() {
        return folder.resolve(manifest.calibration());
    }

    Path heldOut() {
        return folder.resolve(manifest.heldOut());
    }

    private ExportManifest.Graph graph(Role role) {
        var graph = graphs.get(role);
        if (graph == null) {
            throw new IllegalStateException("no graph for " + role);
        }
        return graph;
    }

    /** The codec's K. */
    int codes() {
        return manifest.contracts().get(Contract.Codebook.class).codes();
    }

    /** The generator's Z. */
    int noiseLength() {
        return manifest.contracts().get(Contract.Noise.class).length();
    }

    private void check() {
        var names = Arrays.stream(Role.values()).collect(Collectors.toMap(Role::fileStem, role -> role));
        manifest.graphs().forEach((name, graph) -> {
            var role = names.get(name);
            if (role == null || !(CODEC.contains(role) || GENERATOR.contains(role))) {
                problem(
                        "graphs.%s is no graph of a run folder; known are encoder, codebook, lookup, decoder, generator",
                        name);
                return;
            }
            graphs.put(role, graph);
            var file = folder.resolve(graph.file());
            if (!file.normalize().startsWith(folder.normalize())) {
                problem("graphs.%s.file must lie in the run folder, got %s", name, graph.file());
            } else if (!Files.isRegularFile(file)) {
                problem("graphs.%s.file: there is no file %s", name, file);
            }
        });
        if (problems.isEmpty() && !roles().equals(CODEC) && !roles().equals(GENERATOR)) {
            problem(
                    "graphs must be encoder, codebook, lookup and decoder, or generator, got %s",
                    manifest.graphs().keySet());
        }
        if (!problems.isEmpty()) {
            return;
        }
        if (isCodec()) {
            checkCodec();
        } else {
            checkGenerator();
        }
    }

    private void checkCodec() {
        var encoder = ends(Role.ENCODER, List.of(image("image")), List.of(latents("latents")));
        var codebook = ends(Role.CODEBOOK, List.of(latents("latents")), List.of(codes("codes"), latents("quantized")));
        var lookup = ends(Role.LOOKUP, List.of(codes("codes")), List.of(latents("quantized")));
        var decoder = ends(Role.DECODER, List.of(latents("quantized")), List.of(image("image")));
        if (!Files.isRegularFile(heldOut())) {
            problem("heldOut: there is no file %s", heldOut());
        }
        if (!Files.isRegularFile(calibration())) {
            problem("calibration: there is no file %s", calibration());
        }
        if (!manifest.contracts().has(Contract.Codebook.class)) {
            problem("contracts.codebook is missing, and there is a codebook");
        }
        if (!problems.isEmpty()) {
            return;
        }
        same(
                "encoder's latents",
                encoder.outputs().get(0),
                "codebook's latents",
                codebook.inputs().get(0));
        same(
                "codebook's codes",
                codebook.outputs().get(0),
                "lookup's codes",
                lookup.inputs().get(0));
        same(
                "codebook's quantized",
                codebook.outputs().get(1),
                "lookup's quantized",
                lookup.outputs().get(0));
        same(
                "lookup's quantized",
                lookup.outputs().get(0),
                "decoder's quantized",
                decoder.inputs().get(0));
        same(
                "encoder's image",
                encoder.inputs().get(0),
                "decoder's image",
                decoder.outputs().get(0));
        var contract = manifest.contracts().get(Contract.Codebook.class);
        var image = encoder.inputs().get(0).shape();
        var latents = encoder.outputs().get(0).shape();
        for (int axis = 2; axis < 4; axis++) {
            var pixels = image.get(axis);
            var code = latents.get(axis);
            if (!pixels.name().equals(code.name())
                    || pixels.factor() % code.factor() != 0
                    || pixels.factor() / code.factor() != contract.factor()) {
                problem(
                        "the image %s must be contracts.codebook.factor = %s times the latents %s on each side",
                        image, contract.factor(), latents);
            }
        }
        var dim = contract.dim();
        if (dim != null && !latents.get(1).equals(Dimension.of(dim))) {
            problem("contracts.codebook.dim must be that of the latents %s, got %s", latents, dim);
        }
    }

    private void checkGenerator() {
        var noise = manifest.contracts().find(Contract.Noise.class).orElse(null);
        if (noise == null) {
            problem("contracts.noise is missing, and there is a generator");
            return;
        }
        var batch = Dimension.free("N");
        var input = new TensorSpec("noise", ElementType.FLOAT32, List.of(batch, Dimension.of(noise.length())));
        var inputs = manifest.contracts().classes().isEmpty()
                ? List.of(input)
                : List.of(input, new TensorSpec("class", ElementType.INT64, List.of(batch)));
        ends(Role.GENERATOR, inputs, List.of(image("image")));
    }

    private TensorSpec image(String name) {
        return new TensorSpec(
                name,
                ElementType.FLOAT32,
                List.of(
                        Dimension.free("N"),
                        Dimension.of(manifest.pixels().channels()),
                        Dimension.free("H"),
                        Dimension.free("W")));
    }

    private static TensorSpec latents(String name) {
        return TensorSpec.of(name, ElementType.FLOAT32, "N D h w");
    }

    private static TensorSpec codes(String name) {
        return TensorSpec.of(name, ElementType.INT64, "N h w");
    }

    /** Compares names, types and ranks; the sizes that an expected tensor fixes; and that the batch is free. */
    private Signature ends(Role role, List<TensorSpec> inputs, List<TensorSpec> outputs) {
        var signature = signature(role);
        compare(role, "inputs", inputs, signature.inputs());
        compare(role, "outputs", outputs, signature.outputs());
        return signature;
    }

    private void compare(Role role, String which, List<TensorSpec> expected, List<TensorSpec> given) {
        boolean fits = expected.size() == given.size();
        for (int i = 0; fits && i < given.size(); i++) {
            fits = fits(expected.get(i), given.get(i));
        }
        if (!fits) {
            problem("graphs.%s.signature.%s must be like %s, got %s", role.fileStem(), which, expected, given);
        }
    }

    private static boolean fits(TensorSpec expected, TensorSpec given) {
        boolean fits = expected.name().equals(given.name())
                && expected.type() == given.type()
                && expected.shape().size() == given.shape().size()
                && !given.shape().get(0).isFixed()
                && given.shape().get(0).factor() == 1;
        for (int axis = 1; fits && axis < expected.shape().size(); axis++) {
            var size = expected.shape().get(axis);
            fits = !size.isFixed() || size.equals(given.shape().get(axis));
        }
        return fits;
    }

    private void same(String one, TensorSpec first, String other, TensorSpec second) {
        if (!first.shape().equals(second.shape())) {
            problem("%s %s must have the axes of %s %s", one, first.shape(), other, second.shape());
        }
    }

    private void problem(String problem, Object... received) {
        problems.add(String.format(java.util.Locale.ROOT, problem, received));
    }
}
