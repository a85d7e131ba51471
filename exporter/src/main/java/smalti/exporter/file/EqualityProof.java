package smalti.exporter.file;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import smalti.exporter.graph.Model;
import smalti.exporter.proof.DeadlyNode;
import smalti.exporter.proof.EngineEndedException;
import smalti.exporter.proof.ModelSession;
import smalti.exporter.proof.ModelSession.Form;
import smalti.exporter.proof.ProofException;
import smalti.spec.SpecException;

/**
 * Shows that a file computes what the one does that it was made of, with ONNX Runtime's optimizations and without.
 *
 * <p>Random operators without a seed get one in both, for the proof alone.
 */
final class EqualityProof {
    /** Metadata of a file that nobody has proven: the reason. */
    static final String UNPROVEN = "smalti.unproven";

    private final Path file;
    private final Model source;
    private final boolean isRandom;
    private final String place;
    private Form plain = Form.AS_WRITTEN;
    private @Nullable SeededRun expected;
    private @Nullable String unproven;

    private EqualityProof(Path file, Model model, String place) {
        this.file = file;
        this.isRandom = RandomSeeds.isRandom(model);
        this.source = isRandom ? RandomSeeds.set(model) : model;
        this.place = place;
    }

    /**
     * Runs the original.
     *
     * @param model of the file
     * @throws SpecException if it cannot be run and nothing unproven is to be written, or not on the samples
     */
    static EqualityProof of(Path file, Model model, ProofOptions options, String place) {
        var proof = new EqualityProof(file, model, place);
        try {
            proof.expected = proof.located(options);
        } catch (SpecException | ProofException e) {
            // samples that do not fit are the caller's mistake, and tell nothing of the file
            if (!options.isUnprovenWritten() || e instanceof SamplesException) {
                throw e;
            }
            proof.unproven = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        }
        return proof;
    }

    /** Names the node that ends ONNX Runtime's process, if one does. */
    private SeededRun located(ProofOptions options) {
        try {
            return run(options);
        } catch (EngineEndedException e) {
            throw DeadlyNode.named(e, source, part -> {
                var fed = Feeding.of(part);
                try (var session = ModelSession.open(fed, place, plain)) {
                    SeededRun.of(session, fed, options, place);
                }
            });
        }
    }

    private SeededRun run(ProofOptions options) {
        SeededRun run;
        try (var session = openPlain()) {
            run = SeededRun.of(session, Feeding.of(source), options, place);
            if (!isRandom) {
                return sure(run, run.again(session));
            }
        }
        // in sessions of their own: one that ran before goes on in the row of its numbers
        try (var first = open(file, source, place, plain);
                var second = open(file, source, place, plain)) {
            return sure(run.again(first), run.again(second));
        }
    }

    /** As written: a fault of a fusion in both files would hide itself. Some files run with fusions alone. */
    private ModelSession openPlain() {
        try {
            return open(file, source, place, plain);
        } catch (EngineEndedException e) {
            throw e;
        } catch (ProofException e) {
            plain = Form.FUSED;
            try {
                return open(file, source, place, plain);
            } catch (ProofException again) {
                throw e;
            }
        }
    }

    private SeededRun sure(SeededRun run, SeededRun again) {
        if (!run.distance(again).problems().isEmpty()) {
            throw new SpecException(
                    place + ": must give the same outputs for the same inputs to be proven, and draws random numbers");
        }
        return run;
    }

    private ModelSession open(Path written, Model model, String name, Form form) {
        var fed = Feeding.of(model);
        return isRandom || isMadeFor(fed, model)
                ? ModelSession.open(fed, name, form)
                : ModelSession.open(written, name, form);
    }

    @SuppressWarnings("ReferenceEquality") // nothing made gives the very same model
    private static boolean isMadeFor(Model fed, Model model) {
        return fed != model;
    }

    /** What is to be changed: the model, with seeds where it draws numbers. */
    Model source() {
        return source;
    }

    /** What is to be written of a changed {@link #source}: without the seeds, and saying so where nothing can be proven. */
    Model written(Model changed) {
        var plain = isRandom ? RandomSeeds.without(changed) : changed;
        if (unproven == null) {
            return plain;
        }
        var metadata = new TreeMap<>(plain.metadata());
        metadata.put(UNPROVEN, unproven);
        return new Model(
                plain.graph(),
                plain.opsets(),
                plain.irVersion(),
                plain.producer(),
                plain.producerVersion(),
                metadata,
                plain.rest());
    }

    /**
     * Compares.
     *
     * @param changed of the {@link #source}
     * @param written the file of it
     * @param how it was made, in errors
     * @throws SpecException if it computes something else
     */
    Equivalence compare(Model changed, Path written, String how) {
        var wanted = expected;
        if (wanted == null) {
            return new Equivalence(0, List.of(), unproven);
        }
        var notes = new ArrayList<>(wanted.notes());
        if (plain == Form.FUSED) {
            notes.add("ONNX Runtime runs it with its optimizations alone, so it was compared with them");
        }
        if (isRandom) {
            notes.add("random operators without a seed had one for the proof, and have none in the file");
        }
        return new Equivalence(difference(wanted, changed, written, how), notes, null);
    }

    private double difference(SeededRun wanted, Model changed, Path written, String how) {
        var name = place + ", " + how;
        Distance asWritten;
        try (var session = open(written, changed, name, plain)) {
            asWritten = wanted.distance(wanted.again(session));
            if (!asWritten.problems().isEmpty()) {
                throw new SpecException(asWritten.problems()).at(place + ": not written: " + how);
            }
        }
        try (var session = open(written, changed, name, Form.FUSED)) {
            var fused = wanted.again(session);
            var distance = wanted.distance(fused);
            if (distance.problems().isEmpty()) {
                return Math.max(asWritten.worst(), distance.worst());
            }
            // kernels of whole numbers round otherwise; then they must do so for both files
            try (var original = open(file, source, place, Form.FUSED)) {
                var both = wanted.again(original).distance(fused);
                if (!both.problems().isEmpty()) {
                    throw new SpecException(distance.problems())
                            .at(place + ": not written: " + how + ", it computes the same node by node, but ONNX"
                                    + " Runtime's own fusions make other numbers of it");
                }
                return Math.max(asWritten.worst(), both.worst());
            }
        }
    }
}
