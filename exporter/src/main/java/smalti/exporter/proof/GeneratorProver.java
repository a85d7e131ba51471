package smalti.exporter.proof;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import smalti.exporter.samediff.SameDiffRunner;
import smalti.spec.bundle.BundleManifest.Proof;
import smalti.spec.bundle.Contract;
import smalti.spec.bundle.Role;

/** Proves generator and generator-float on the noise that users' seeds make, in batches of several sizes. */
public final class GeneratorProver {
    private static final List<Integer> BATCHES = List.of(1, 2, 29, 32);

    private GeneratorProver() {}

    /**
     * Compares both.
     *
     * @param length of the noise
     * @param classes how many there are; 0 where the generator takes none
     * @param source of the generator with a float image
     * @param folder of the exported graphs
     * @return the figures by role
     * @throws ProofException listing every graph that does not do what its source does
     */
    public static Map<Role, Proof> prove(
            Contract.Pixels contract,
            int length,
            int classes,
            SameDiffRunner source,
            Path folder,
            long seed,
            Consumer<String> progress) {
        var image = new FloatComparison("generator-float.onnx: image");
        var pixels = new PixelComparison("generator.onnx: pixels", contract);
        try (var exported = new Sessions(folder, EnumSet.of(Role.GENERATOR, Role.GENERATOR_FLOAT))) {
            int first = 0;
            for (int size : BATCHES) {
                progress.accept("proving on seeded noise " + first + " to " + (first + size - 1));
                var batch = new Batch("seeded noise", first, size);
                var inputs = SeededInputs.noise(first, size, length, classes, seed);
                var expected = Sessions.output(source.run(inputs), "image");
                image.add(batch, expected, Sessions.output(exported.run(Role.GENERATOR_FLOAT, inputs), "image"));
                pixels.add(batch, expected, Sessions.output(exported.run(Role.GENERATOR, inputs), "pixels"));
                first += size;
            }
        }
        var problems = new ArrayList<>(image.problems());
        problems.addAll(pixels.problems());
        if (!problems.isEmpty()) {
            throw new ProofException(problems);
        }
        var figures = new EnumMap<Role, Proof>(Role.class);
        figures.put(Role.GENERATOR_FLOAT, image.proof());
        figures.put(Role.GENERATOR, pixels.proof());
        return figures;
    }
}
