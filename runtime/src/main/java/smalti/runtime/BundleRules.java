package smalti.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import smalti.spec.BundleManifest;
import smalti.spec.Dimension;
import smalti.spec.ElementType;
import smalti.spec.Role;
import smalti.spec.Signature;
import smalti.spec.SpecException;
import smalti.spec.TensorSpec;

/** What a bundle must hold so that a codec and a generator can be made of it; checked before a graph is loaded. */
final class BundleRules {
    private final BundleManifest manifest;
    private final List<String> problems = new ArrayList<>();

    private BundleRules(BundleManifest manifest) {
        this.manifest = manifest;
    }

    /** @throws SpecException with every rule that is broken */
    static void check(BundleManifest manifest, BundleFiles files) {
        var rules = new BundleRules(manifest);
        rules.files(files);
        rules.roles();
        rules.graph(Role.TOKENIZE).ifPresent(rules::tokenize);
        rules.graph(Role.DETOKENIZE).ifPresent(rules::detokenize);
        rules.graph(Role.GENERATOR).ifPresent(rules::generator);
        if (!rules.problems.isEmpty()) {
            throw new SpecException(rules.problems);
        }
    }

    private void files(BundleFiles files) {
        manifest.files().keySet().stream()
                .filter(file -> !files.has(file))
                .forEach(file -> problems.add(file + " is missing"));
    }

    private void roles() {
        var known = Arrays.stream(Role.values()).map(Role::fileStem).toList();
        manifest.graphs().keySet().stream()
                .filter(role -> !known.contains(role))
                .forEach(role -> problems.add(BundleManifest.FILE + ": graphs." + role
                        + " is not a known role; known here: " + String.join(", ", known)));
    }

    private void tokenize(Signature signature) {
        if (ports(Role.TOKENIZE, signature, "uint8 of rank 4", "int64 of rank 3")) {
            channels(Role.TOKENIZE, signature.inputs().get(0));
        }
        codebook(Role.TOKENIZE);
    }

    private void detokenize(Signature signature) {
        if (ports(Role.DETOKENIZE, signature, "int64 of rank 3", "uint8 of rank 4")) {
            channels(Role.DETOKENIZE, signature.outputs().get(0));
        }
        codebook(Role.DETOKENIZE);
    }

    private void codebook(Role role) {
        rule(manifest.codebook() != null, "codebook is missing, but there is graphs." + role.fileStem());
    }

    private void generator(Signature signature) {
        var inputs = manifest.classes().isEmpty()
                ? "float32 of rank 2"
                : "float32 of rank 2 and (for classes) int64 of rank 1";
        if (ports(Role.GENERATOR, signature, inputs, "uint8 of rank 4")) {
            channels(Role.GENERATOR, signature.outputs().get(0));
            var noise = manifest.noise();
            var length = signature.inputs().get(0).shape().get(1);
            rule(noise != null, "noise is missing, but there is graphs.generator");
            rule(
                    noise == null || length.equals(Dimension.of(noise.length())),
                    "noise.length must be that of " + signature.inputs().get(0) + ", got " + noise);
        }
    }

    /** Types and ranks, and the batch: axis 0 of every tensor, free. */
    private boolean ports(Role role, Signature signature, String inputs, String outputs) {
        var before = problems.size();
        var place = "graphs." + role.fileStem() + ".signature";
        var expected = inputs.replace(" and (for classes) ", " and ");
        rule(kinds(signature.inputs()).equals(expected), place + ".inputs must be " + inputs + ", got " + signature);
        rule(kinds(signature.outputs()).equals(outputs), place + ".outputs must be " + outputs + ", got " + signature);
        if (problems.size() > before) {
            return false;
        }
        var batch = signature.inputs().get(0).shape().get(0);
        var tensors = new ArrayList<>(signature.inputs());
        tensors.addAll(signature.outputs());
        rule(
                !batch.isFixed()
                        && batch.factor() == 1
                        && tensors.stream()
                                .allMatch(tensor -> tensor.shape().get(0).equals(batch)),
                place + " must have the same free batch as axis 0 of every tensor, got " + signature);
        var bound = signature.inputs().stream()
                .flatMap(tensor -> tensor.shape().stream())
                .flatMap(dimension -> dimension.name().stream())
                .collect(Collectors.toSet());
        signature.outputs().stream()
                .flatMap(tensor -> tensor.shape().stream())
                .flatMap(dimension -> dimension.name().stream())
                .filter(symbol -> !bound.contains(symbol))
                .forEach(symbol -> problems.add(place + ".outputs must have free sizes of the inputs only, got "
                        + symbol + " in " + signature));
        return problems.size() == before;
    }

    private void channels(Role role, TensorSpec pixels) {
        var channels = manifest.pixels().channels();
        rule(
                pixels.shape().get(3).equals(Dimension.of(channels)),
                "graphs." + role.fileStem() + ".signature must have pixels.channels (" + channels
                        + ") as the last axis of " + pixels);
    }

    private Optional<Signature> graph(Role role) {
        return Optional.ofNullable(manifest.graphs().get(role.fileStem())).map(BundleManifest.Graph::signature);
    }

    private void rule(boolean holds, String problem) {
        if (!holds) {
            problems.add(BundleManifest.FILE + ": " + problem);
        }
    }

    private static String kinds(List<TensorSpec> tensors) {
        return tensors.stream()
                .map(tensor ->
                        kind(tensor.type()) + " of rank " + tensor.shape().size())
                .collect(Collectors.joining(" and "));
    }

    private static String kind(ElementType type) {
        return type.name().toLowerCase(java.util.Locale.ROOT);
    }
}
