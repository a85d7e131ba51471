package smalti.exporter.bundle;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import smalti.exporter.graph.Graph;
import smalti.exporter.graph.Model;
import smalti.exporter.graph.Tensor;
import smalti.exporter.proof.GeneratorProver;
import smalti.exporter.proof.ModelSession.Item;
import smalti.exporter.proof.PixelConversion;
import smalti.exporter.proof.SeededInputs;
import smalti.spec.CounterRandom;
import smalti.spec.bundle.BundleManifest;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Contracts;
import smalti.spec.bundle.Dimension;
import smalti.spec.bundle.ElementType;
import smalti.spec.bundle.Role;
import smalti.spec.bundle.TensorSpec;
import smalti.spec.file.NpyArray;

/** Noise, and a class where there are classes, to pictures. */
final class GeneratorService implements Service {
    private static final int NOISES = 128;
    private static final int ROWS = 2;
    private static final int SHOWN = 8;

    @Override
    public Set<Role> sources() {
        return EnumSet.of(Role.GENERATOR);
    }

    @Override
    public Set<Role> served() {
        return EnumSet.of(Role.GENERATOR);
    }

    @Override
    public void check(RunRules run) {
        var noise = run.contract(Contract.Noise.class, Role.GENERATOR);
        if (noise.isEmpty()) {
            return;
        }
        var batch = Dimension.free("N");
        var input = new TensorSpec(
                "noise",
                ElementType.FLOAT32,
                List.of(batch, Dimension.of(noise.get().length())));
        var inputs = run.manifest().contracts().has(Contract.Classes.class)
                ? List.of(input, new TensorSpec("class", ElementType.INT64, List.of(batch)))
                : List.of(input);
        run.ends(Role.GENERATOR, inputs, List.of(run.image("image")));
    }

    @Override
    public Map<Role, Graph> stitch(Stitcher stitcher, Map<Role, Graph> graphs) {
        return Map.of(
                Role.GENERATOR_FLOAT, stitcher.generatorFloat(graphs), Role.GENERATOR, stitcher.generator(graphs));
    }

    @Override
    public Contracts contracts(Contracts trained, Map<Role, Model> models) {
        return trained;
    }

    @Override
    public Map<Role, Proof> prove(Trained run, Stitcher stitcher, Map<Role, Graph> graphs, Path folder) {
        return GeneratorProver.prove(
                run.pixels(),
                run.contract(Contract.Noise.class).length(),
                run.classes(),
                run.graph(Role.GENERATOR),
                folder,
                run.options().seed(),
                run.options().progress());
    }

    @Override
    public Map<String, NpyArray> paritySamples(Trained run) {
        int length = run.contract(Contract.Noise.class).length();
        var inputs = SeededInputs.noise(
                0, PARITY_SAMPLES, length, run.classes(), run.options().seed());
        var samples = new LinkedHashMap<String, NpyArray>();
        inputs.forEach((input, values) -> samples.put("generator." + input, values));
        samples.put(
                "generator.pixels", PixelConversion.levels(run.output(Role.GENERATOR, inputs, "image"), run.pixels()));
        return samples;
    }

    @Override
    public ServedGraphs variants(Trained run, Map<Role, Model> models) {
        int length = run.contract(Contract.Noise.class).length();
        long seed = run.options().seed();
        var heldOut = noise(NOISES, length, run.classes(), seed);
        var variants = new Variants(models, run.options());
        variants.make(Role.GENERATOR, noise(0, length, run.classes(), seed), heldOut);
        variants.time();
        var shown = heldOut.subList(0, ROWS).stream()
                .map(batch -> Variants.rows(batch, SHOWN))
                .toList();
        var rows = Variants.run(variants.model(Role.GENERATOR), shown).stream()
                .map(batch -> Variants.plain(batch, "pixels"))
                .toList();
        return new ServedGraphs(variants.all(), null, List.of(new ServedGraphs.Sheet("What it generates.", rows)));
    }

    private static List<Map<String, Item>> noise(int start, int length, int classes, long seed) {
        var random = new CounterRandom(seed, CounterRandom.GENERATION);
        var choice = new SplittableRandom(seed);
        var batches = new ArrayList<Map<String, Item>>();
        for (int first = start; first < start + NOISES; first += Variants.BATCH) {
            var noise = random.normals(first, Variants.BATCH, length);
            var labels = new long[Variants.BATCH];
            for (int i = 0; i < Variants.BATCH; i++) {
                labels[i] = classes == 0 ? 0 : choice.nextInt(classes);
            }
            var batch = new LinkedHashMap<String, Item>();
            batch.put("noise", new Item.Array(Tensor.of(noise, Variants.BATCH, length)));
            if (classes > 0) {
                batch.put("class", new Item.Array(Tensor.of(labels, Variants.BATCH)));
            }
            batches.add(batch);
        }
        return batches;
    }

    @Override
    public CardSection card(BundleManifest manifest) {
        return new GeneratorCard(manifest);
    }
}
