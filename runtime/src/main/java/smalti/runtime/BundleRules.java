package smalti.runtime;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;
import smalti.spec.SpecException;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** What a bundle must hold for each of its contracts; checked before a graph is loaded. */
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
        for (var role : Role.values()) {
            var graph = manifest.graphs().get(role.fileStem());
            if (graph != null) {
                rules.graph(role, graph.signature());
            }
        }
        if (!rules.problems.isEmpty()) {
            throw new SpecException(rules.problems);
        }
    }

    private void files(BundleFiles files) {
        for (var file : manifest.files().keySet()) {
            if (!files.has(file)) {
                problems.add(file + " is missing");
            }
        }
    }

    private void roles() {
        var known = new ArrayList<String>();
        for (var role : Role.values()) {
            known.add(role.fileStem());
        }
        for (var role : manifest.graphs().keySet()) {
            rule(known.contains(role), "graphs.%s is not a known role; known here: %s", role, String.join(", ", known));
        }
    }

    private void graph(Role role, Signature signature) {
        switch (role) {
            case TOKENIZE -> tokenize(signature);
            case DETOKENIZE -> detokenize(signature);
            case GENERATOR -> generator(signature);
            case POSTERIOR -> posterior(signature);
            default -> {} // no face of the runtime runs it
        }
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
        boolean known = manifest.contracts().has(Contract.Codebook.class);
        rule(known, "contracts.codebook is missing, but there is graphs.%s", role.fileStem());
    }

    private void posterior(Signature signature) {
        if (ports(Role.POSTERIOR, signature, labelled("uint8 of rank 4"), "float32 of rank 2 and float32 of rank 2")) {
            channels(Role.POSTERIOR, signature.inputs().get(0));
            var contract = manifest.contracts().find(Contract.Posterior.class);
            rule(contract.isPresent(), "contracts.posterior is missing, but there is graphs.posterior");
            var noise = manifest.contracts().find(Contract.Noise.class);
            int dim = contract.map(Contract.Posterior::dim).orElse(0);
            rule(
                    noise.isEmpty() || contract.isEmpty() || noise.get().length() == dim,
                    "contracts.noise.length must be contracts.posterior.dim (%s), got %s",
                    dim,
                    noise.map(Contract.Noise::length).orElse(0));
            for (var output : signature.outputs()) {
                rule(
                        contract.isEmpty() || output.shape().get(1).equals(Dimension.of(dim)),
                        "contracts.posterior.dim must be that of %s, got %s",
                        output,
                        dim);
            }
            rule(
                    signature.outputs().get(0).name().equals("mean")
                            && signature.outputs().get(1).name().equals("logVariance"),
                    "graphs.posterior.signature.outputs must be mean and logVariance, got %s",
                    signature.outputs());
        }
    }

    /** With the class where there are classes. */
    private String labelled(String input) {
        return manifest.contracts().classes().isEmpty() ? input : input + " and (for classes) int64 of rank 1";
    }

    private void generator(Signature signature) {
        if (ports(Role.GENERATOR, signature, labelled("float32 of rank 2"), "uint8 of rank 4")) {
            channels(Role.GENERATOR, signature.outputs().get(0));
            var noise = manifest.contracts().find(Contract.Noise.class);
            var length = signature.inputs().get(0).shape().get(1);
            rule(noise.isPresent(), "contracts.noise is missing, but there is graphs.generator");
            rule(
                    noise.isEmpty() || length.equals(Dimension.of(noise.get().length())),
                    "contracts.noise.length must be that of %s, got %s",
                    signature.inputs().get(0),
                    noise.map(Contract.Noise::length).orElse(0));
        }
    }

    /** Types and ranks, and the batch: axis 0 of every tensor, free. */
    private boolean ports(Role role, Signature signature, String inputs, String outputs) {
        var before = problems.size();
        var place = "graphs." + role.fileStem() + ".signature";
        var expected = inputs.replace(" and (for classes) ", " and ");
        rule(kinds(signature.inputs()).equals(expected), "%s.inputs must be %s, got %s", place, inputs, signature);
        rule(kinds(signature.outputs()).equals(outputs), "%s.outputs must be %s, got %s", place, outputs, signature);
        if (problems.size() > before) {
            return false;
        }
        var batch = signature.inputs().get(0).shape().get(0);
        var tensors = new ArrayList<>(signature.inputs());
        tensors.addAll(signature.outputs());
        boolean oneBatch = !batch.isFixed() && batch.factor() == 1;
        for (var tensor : tensors) {
            oneBatch &= tensor.shape().get(0).equals(batch);
        }
        rule(oneBatch, "%s must have the same free batch as axis 0 of every tensor, got %s", place, signature);
        var unbound = symbols(signature.outputs());
        unbound.removeAll(symbols(signature.inputs()));
        for (var symbol : unbound) {
            problems.add(
                    place + ".outputs must have free sizes of the inputs only, got " + symbol + " in " + signature);
        }
        return problems.size() == before;
    }

    private void channels(Role role, TensorSpec pixels) {
        var channels = manifest.pixels().channels();
        rule(
                pixels.shape().get(3).equals(Dimension.of(channels)),
                "graphs.%s.signature must have contracts.pixels.channels (%s) as the last axis of %s",
                role.fileStem(),
                channels,
                pixels);
    }

    /** The names of free sizes. */
    private static Set<String> symbols(List<TensorSpec> tensors) {
        var symbols = new LinkedHashSet<String>();
        for (var tensor : tensors) {
            for (var dimension : tensor.shape()) {
                if (dimension.symbol() != null) {
                    symbols.add(dimension.symbol());
                }
            }
        }
        return symbols;
    }

    private void rule(boolean holds, String problem, Object... received) {
        if (!holds) {
            problems.add(BundleManifest.FILE + ": " + String.format(Locale.ROOT, problem, received));
        }
    }

    private static String kinds(List<TensorSpec> tensors) {
        var kinds = new StringJoiner(" and ");
        for (var tensor : tensors) {
            kinds.add(tensor.type() + " of rank " + tensor.shape().size());
        }
        return kinds.toString();
    }
}
