package smalti.exporter.bundle;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.ExportManifest;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.Signature;
import smalti.spec.bundle.TensorSpec;

/** What services want of a run folder: that its graphs fit together. Collects every rule that is broken. */
final class RunRules {
    private final RunFolder run;
    private final List<String> problems = new ArrayList<>();

    RunRules(RunFolder run) {
        this.run = run;
    }

    ExportManifest manifest() {
        return run.manifest();
    }

    List<String> problems() {
        return problems;
    }

    /** Whether a rule is broken already. */
    boolean isBroken() {
        return !problems.isEmpty();
    }

    void problem(String problem, Object... received) {
        problems.add(String.format(Locale.ROOT, problem, received));
    }

    /** The contract that a graph is nothing without. */
    <T extends Contract> Optional<T> contract(Class<T> kind, Role role) {
        var contract = manifest().contracts().find(kind);
        if (contract.isEmpty()) {
            problem(
                    "contracts.%s is missing, but there is graphs.%s",
                    kind.getSimpleName().toLowerCase(Locale.ROOT), role.fileStem());
        }
        return contract;
    }

    /** Pictures to calibrate with and to prove on. */
    void pictures() {
        if (!Files.isRegularFile(run.heldOut())) {
            problem("heldOut: there is no file %s", run.heldOut());
        }
        if (!Files.isRegularFile(run.calibration())) {
            problem("calibration: there is no file %s", run.calibration());
        }
    }

    TensorSpec image(String name) {
        return new TensorSpec(
                name,
                ElementType.FLOAT32,
                List.of(
                        Dimension.free("N"),
                        Dimension.of(manifest().pixels().channels()),
                        Dimension.free("H"),
                        Dimension.free("W")));
    }

    static TensorSpec latents(String name) {
        return TensorSpec.of(name, ElementType.FLOAT32, "N D h w");
    }

    static TensorSpec codes(String name) {
        return TensorSpec.of(name, ElementType.INT64, "N h w");
    }

    /** Compares names, types and ranks; the sizes that an expected tensor fixes; and that the batch is free. */
    void ends(Role role, List<TensorSpec> inputs, List<TensorSpec> outputs) {
        var signature = run.signature(role);
        compare(role, "inputs", inputs, signature.inputs());
        compare(role, "outputs", outputs, signature.outputs());
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

    /** A tensor of one graph must have the axes of one of another. */
    void same(Role one, String name, Role other, String otherName) {
        var first = tensor(run.signature(one), name);
        var second = tensor(run.signature(other), otherName);
        if (!first.shape().equals(second.shape())) {
            problem(
                    "%s's %s %s must have the axes of %s's %s %s",
                    one.fileStem(), name, first.shape(), other.fileStem(), otherName, second.shape());
        }
    }

    private static TensorSpec tensor(Signature signature, String name) {
        return signature.inputs().stream().anyMatch(input -> input.name().equals(name))
                ? signature.input(name)
                : signature.output(name);
    }

    /** A code stands for as many pixels on each side as the contract says, and for a vector of its length. */
    void codebook(Contract.Codebook codebook) {
        var encoder = run.signature(Role.ENCODER);
        var image = encoder.inputs().get(0).shape();
        var latents = encoder.outputs().get(0).shape();
        boolean fits = true;
        for (int axis = 2; axis < 4; axis++) {
            var pixels = image.get(axis);
            var code = latents.get(axis);
            fits &= pixels.name().equals(code.name())
                    && pixels.factor() % code.factor() == 0
                    && pixels.factor() / code.factor() == codebook.factor();
        }
        if (!fits) {
            problem(
                    "the image %s must be contracts.codebook.factor = %s times the latents %s on each side",
                    image, codebook.factor(), latents);
        }
        var dim = codebook.dim();
        if (dim != null && !latents.get(1).equals(Dimension.of(dim))) {
            problem("contracts.codebook.dim must be that of the latents %s, got %s", latents, dim);
        }
    }
}
